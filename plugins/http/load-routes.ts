import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import autoload from '@fastify/autoload'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../../src/config/config.ts'
import type { VerificationServices } from '../../src/compose/verification.ts'
import type { Provider } from '../../src/social/ports.ts'
import type { Internals } from '../internals.ts'

type Switches = Pick<Config, 'factors' | 'registration' | 'routes' | 'terms'> & {
  channels: VerificationServices['channels']
  /** The providers that are configured. */
  social: Provider[]
}

/** Route files that a setting can turn off. */
const OPTIONAL: [file: string, isOn: (switches: Switches) => boolean][] = [
  ['v1/register', ({ registration }) => registration !== 'off'],
  ['v1/invitations', ({ registration, routes }) => registration !== 'off' && routes.pages],
  ['pages/register', ({ registration }) => registration !== 'off'],
  ['pages/forgot-password', ({ channels }) => channels.mail],
  ['pages/verify', ({ channels }) => channels.mail],
  ['pages/undo-change', ({ channels }) => channels.mail],
  ['pages/account-terms', ({ terms }) => terms.version !== undefined],
  ['v1/password', ({ channels }) => channels.mail],
  ['v1/verification', ({ channels }) => channels.mail || channels.sms],
  ['v1/factors', ({ factors }) => factors === 'on'],
  ['v1/passkeys', ({ factors }) => factors === 'on'],
  ['v1/profile', ({ routes }) => routes.profile],
  ['v1/oauth/clients', ({ routes }) => routes.clients],
  ['v1/oauth/client-secret', ({ routes }) => routes.clients],
  ['v1/oauth/personal-access-tokens', ({ routes }) => routes.personalTokens],
  ['pages/account-data', ({ routes }) => routes.profile],
  ['pages/account-profile', ({ routes }) => routes.profile],
  ['pages/account-identities', ({ social }) => social.length > 0],
  ['v1/auth/posted', ({ social }) => social.some(({ responseMode }) => responseMode === 'form_post')],
  ['v1/auth/logged-out', ({ social }) => social.some(({ logout }) => logout)],
  ['v1/auth/backchannel-logout', ({ social }) => social.some(({ kind }) => kind === 'openid')],
  ['pages/account-token', ({ routes }) => routes.personalTokens],
  // Users confirm a device code on a page
  ['v1/oauth/device-code', ({ routes }) => routes.pages],
  ['well-known/change-password', ({ routes }) => routes.pages && routes.profile],
  ['operations/metrics', ({ routes }) => routes.metrics]
]

/**
 * Files under `v1/` whose routes users open in a browser, so that they answer with pages. `plugins/pages.ts` registers them, in the scope
 * that has the error pages, the form parser and the security headers of pages.
 */
const ANSWERED_BY_PAGES = ['v1/oauth/authorize', 'v1/oauth/device', 'v1/oauth/logout', 'v1/auth/provider', 'v1/auth/posted', 'v1/auth/logged-out']

type Folder = { folder: string, prefix?: string, switches?: Switches, pages?: boolean }

export function switchesOf (
  { config: { factors, registration, routes, terms }, social, verification: { channels } }: Pick<Internals, 'config' | 'social' | 'verification'>
): Switches {
  return { factors, registration, routes, terms, channels, social: [...social?.providers.values() ?? []] }
}

/**
 * Registers the files of one folder of `routes/`. Files that are turned off are not loaded.
 * @param options with `pages`, only those files of an API folder that answer with pages are registered
 */
export function loadRoutes (scope: FastifyInstance, { folder, prefix = '', switches, pages = folder === 'pages' }: Folder): void {
  const off = new Set(OPTIONAL.filter(([, isOn]) => switches && !isOn(switches)).map(([file]) => file))
  const dir = fileURLToPath(new URL(`../../routes/${folder}`, import.meta.url))
  function ignoreFilter (path: string): boolean {
    const file = folder + path.replace(/\.[jt]s$/, '')
    return off.has(file) || (folder !== 'pages' && ANSWERED_BY_PAGES.includes(file) !== pages)
  }
  scope.register(readFirst(dir, ignoreFilter), { dir, ignoreFilter, maxDepth: 0, options: { prefix } })
}

/** What Fastify calls a plugin. Without it, it searches all modules that were loaded by `require` for the function. */
const DISPLAY_NAME = Symbol.for('fastify.display-name')

type Routes = { default: { [DISPLAY_NAME]?: string } }

/** Reading the files may take long on a slow disk and must not count against the plugin timeout: avvio sets none for a promise. */
async function readFirst (dir: string, isOff: (path: string) => boolean): Promise<{ default: typeof autoload }> {
  const names = await readdir(dir)
  const files = names.filter((name) => /(?<!\.d)\.[jt]s$/.test(name) && !isOff(`/${name}`))
  await Promise.all(files.map(async (name) => {
    const routes = await import(pathToFileURL(join(dir, name)).href) as Routes
    routes.default[DISPLAY_NAME] ??= join(basename(dir), name)
  }))
  return { default: autoload }
}

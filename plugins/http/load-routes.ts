import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import autoload from '@fastify/autoload'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../../src/config/config.ts'

type Switches = Pick<Config, 'registration' | 'routes'>

/** The files of routes that belong to what can be turned off. */
const OPTIONAL: [file: string, isOn: (switches: Switches) => boolean][] = [
  ['v1/register', ({ registration }) => registration !== 'off'],
  ['pages/register', ({ registration }) => registration !== 'off'],
  ['v1/profile', ({ routes }) => routes.profile],
  ['v1/oauth/clients', ({ routes }) => routes.clients],
  ['v1/oauth/client-secret', ({ routes }) => routes.clients],
  ['v1/oauth/personal-access-tokens', ({ routes }) => routes.personalTokens],
  ['pages/account-token', ({ routes }) => routes.personalTokens],
  // Its users decide on a page
  ['v1/oauth/device-code', ({ routes }) => routes.pages],
  ['operations/metrics', ({ routes }) => routes.metrics]
]

/** Answers people instead of programs: registered with the pages, whose errors and headers they have. */
const ON_PAGES = ['v1/oauth/authorize', 'v1/oauth/device', 'v1/oauth/logout']

type Folder = { folder: string, prefix?: string, switches?: Switches, pages?: boolean }

/**
 * Registers the files of one folder of `routes/`; those of what is turned off are not even read.
 * @param options `pages` takes of a folder of the API what stands on pages, and nothing else
 */
export function loadRoutes (scope: FastifyInstance, { folder, prefix = '', switches, pages = folder === 'pages' }: Folder): void {
  const off = new Set(OPTIONAL.filter(([, isOn]) => switches && !isOn(switches)).map(([file]) => file))
  const dir = fileURLToPath(new URL(`../../routes/${folder}`, import.meta.url))
  function ignoreFilter (path: string): boolean {
    const file = folder + path.replace(/\.[jt]s$/, '')
    return off.has(file) || (folder !== 'pages' && ON_PAGES.includes(file) !== pages)
  }
  scope.register(readFirst(dir, ignoreFilter), { dir, ignoreFilter, maxDepth: 0, options: { prefix } })
}

/** The time that a slow disk takes for the files is none of a plugin: avvio waits for this one without a timer. */
async function readFirst (dir: string, isOff: (path: string) => boolean): Promise<{ default: typeof autoload }> {
  const names = await readdir(dir)
  const files = names.filter((name) => /(?<!\.d)\.[jt]s$/.test(name) && !isOff(`/${name}`))
  await Promise.all(files.map((name) => import(pathToFileURL(join(dir, name)).href)))
  return { default: autoload }
}

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import autoload from '@fastify/autoload'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../../src/config/config.ts'

type Switches = Pick<Config, 'registration' | 'routes'>

/** The files of routes that belong to what can be turned off. */
const OPTIONAL: [file: string, isOn: (switches: Switches) => boolean][] = [
  ['v1/account/register', ({ registration }) => registration !== 'off'],
  ['pages/register', ({ registration }) => registration !== 'off'],
  ['v1/account/profile', ({ routes }) => routes.profile],
  ['v1/oauth/clients', ({ routes }) => routes.clients],
  ['v1/oauth/client-secret', ({ routes }) => routes.clients],
  ['v1/oauth/personal-access-tokens', ({ routes }) => routes.personalTokens],
  ['pages/account-token', ({ routes }) => routes.personalTokens],
  // Its users decide on a page
  ['v1/oauth/device-code', ({ routes }) => routes.pages],
  ['operations/metrics', ({ routes }) => routes.metrics]
]

/** Registers a folder of `routes/`; the files of what is turned off are not even read. */
export function loadRoutes (scope: FastifyInstance, folder: string, prefix: string, switches?: Switches): void {
  const off = new Set(OPTIONAL.filter(([, isOn]) => switches && !isOn(switches)).map(([file]) => file))
  const dir = fileURLToPath(new URL(`../../routes/${folder}`, import.meta.url))
  const ignoreFilter = (path: string) => off.has(folder + path.replace(/\.[jt]s$/, ''))
  scope.register(readFirst(dir, ignoreFilter), { dir, ignoreFilter, options: { prefix } })
}

/** The time that a slow disk takes for the files is none of a plugin: avvio waits for this one without a timer. */
async function readFirst (dir: string, isOff: (path: string) => boolean): Promise<{ default: typeof autoload }> {
  const names = await readdir(dir, { recursive: true })
  const files = names.filter((name) => /(?<!\.d)\.[jt]s$/.test(name) && !isOff(`/${name}`))
  await Promise.all(files.map((name) => import(pathToFileURL(join(dir, name)).href)))
  return { default: autoload }
}

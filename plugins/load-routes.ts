import { fileURLToPath } from 'node:url'
import autoload from '@fastify/autoload'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../src/config.ts'

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
export async function loadRoutes (scope: FastifyInstance, folder: string, switches: Switches, prefix = ''): Promise<void> {
  const off = new Set(OPTIONAL.filter(([, isOn]) => !isOn(switches)).map(([file]) => file))
  await scope.register(autoload, {
    dir: fileURLToPath(new URL(`../routes/${folder}`, import.meta.url)),
    ignoreFilter: (path) => off.has(folder + path.replace(/\.[jt]s$/, '')),
    options: { prefix }
  })
}

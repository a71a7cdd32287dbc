import { isDeepStrictEqual } from 'node:util'
import type { Test } from 'tap'
import type { AppOptions } from '../../plugins/latchkey.ts'
import { build, type Built } from './start-server.ts'
import { makeAsNew, stateOf, type ServerState } from './server-state.ts'

type Server = Built & { options: AppOptions, state: ServerState, atStart: string }
type Build = (t: Test, options?: AppOptions & { databaseUrl?: string }) => Promise<Built>

/**
 * A `build` for the cases of a file: one with the same options as an earlier case gets its server, with a database as new. A server that a
 * case has changed, such as its clock, functions, listening or clients of the template, is closed after the case. Servers with rate
 * limits or on a given database are never shared, because the limits count in memory.
 * @param file the test of the file
 */
export function sharedServers (file: Test): Build {
  const idle: Server[] = []

  async function take (options: AppOptions): Promise<Server> {
    const at = idle.findIndex((server) => isDeepStrictEqual(server.options, options))
    if (at >= 0) return idle.splice(at, 1)[0]!
    const built = await build(file, options)
    return { ...built, options, state: await stateOf(built.app), atStart: built.logs() }
  }

  async function giveBack (server: Server): Promise<void> {
    if (await makeAsNew(server.app, server.state).catch(() => false)) idle.push(server)
    else await server.app.close()
  }

  return async (t, options = {}) => {
    if (options.databaseUrl !== undefined || (options.rateLimit ?? 'off') !== 'off') return await build(t, options)
    const server = await take(options)
    const before = server.logs().length
    t.teardown(() => giveBack(server))
    return { app: server.app, databaseUrl: server.databaseUrl, logs: () => server.atStart + server.logs().slice(before) }
  }
}

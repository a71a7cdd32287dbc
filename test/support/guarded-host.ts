import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import authGuard from '../../plugins/auth-guard.ts'

/** A host app with our guards only, on the services of another app. */
export async function guardedHost (t: Test, app: FastifyInstance): Promise<FastifyInstance> {
  const host = Fastify()
  t.teardown(() => host.close())
  host.decorate('latchkey', app.latchkey)
  await host.register(authGuard)
  return host
}

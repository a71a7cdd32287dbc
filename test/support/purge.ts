import type { FastifyInstance } from 'fastify'
import { internals } from '../../plugins/internals.ts'
import { purge } from '../../src/maintenance/purge.ts'

/** Deletes what has expired, as the periodic job does. */
export async function runPurge (app: FastifyInstance): Promise<void> {
  const options = { expired: true, revoked: true, keep: 0, auditRetention: 86_400 }
  await purge(internals(app).store.purge, options, new AbortController().signal)
}

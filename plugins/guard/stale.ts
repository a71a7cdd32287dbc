import type { FastifyReply } from 'fastify'
import { stale } from './errors.ts'
import type { Trust } from './types.ts'

/** Fails closed when the revocation list is stale, before looking at the token. @throws 503 */
export function refuseStale ({ age, maxStaleness, onStale }: Trust, reply: FastifyReply): void {
  // Written so that NaN is not fresh
  const isFresh = age() <= maxStaleness
  if (!isFresh && onStale === 'refuse') throw stale(reply)
}

import type { FastifyReply } from 'fastify'
import { stale } from './errors.ts'
import type { Trust } from './types.ts'

/** On knowledge that is too old a token is neither accepted nor refused. @throws 503 */
export function refuseStale ({ age, maxStaleness, onStale }: Trust, reply: FastifyReply): void {
  // So that NaN is not fresh either
  const isFresh = age() <= maxStaleness
  if (!isFresh && onStale === 'refuse') throw stale(reply)
}

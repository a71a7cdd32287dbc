import type { FastifyReply } from 'fastify'
import { JWKS_MAX_AGE } from '../../src/keys/key-ring.ts'

/**
 * For metadata and keys, which any origin may read and any cache may store. The credentials header that CORS, of ours or of a host, may
 * have set is removed: with the origin `*` browsers refuse the answer (Fetch standard, CORS check).
 */
export function forEverybody<Reply extends FastifyReply> (reply: Reply): Reply {
  reply.removeHeader('access-control-allow-credentials')
  return reply.headers({
    'cache-control': `public, max-age=${JWKS_MAX_AGE}`, 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin'
  }) as Reply
}

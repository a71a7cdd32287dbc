import type { FastifyReply } from 'fastify'
import { JWKS_MAX_AGE } from '../../src/keys/key-ring.ts'

/**
 * Metadata and keys: any origin may read them and any cache keep them. Credentials are for origins by name, which CORS of ours or of a host
 * has set before; with `*` a browser refuses the answer (Fetch standard, CORS check).
 */
export function forEverybody<Reply extends FastifyReply> (reply: Reply): Reply {
  reply.removeHeader('access-control-allow-credentials')
  return reply.headers({
    'cache-control': `public, max-age=${JWKS_MAX_AGE}`, 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin'
  }) as Reply
}

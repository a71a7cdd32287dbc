import type { FastifyRequest } from 'fastify'
import { addressOf } from './caller.ts'

/** A request as a log has it: without the query, which may hold what no log should (id_token_hint, a code, a token where none belongs). */
export function describeRequest ({ method, url, host, ip, socket }: FastifyRequest) {
  return { method, url: url.split('?')[0]!, host, remoteAddress: addressOf({ ip, socket }), remotePort: socket.remotePort ?? 0 }
}

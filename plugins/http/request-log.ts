import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { addressOf } from './caller.ts'

/** A request as a log has it: without the query, which may hold what no log should (id_token_hint, a code, a token where none belongs). */
export function describeRequest ({ method, url, host, ip, socket }: FastifyRequest) {
  return { method, url: url.split('?')[0]!, host, remoteAddress: addressOf({ ip, socket }), remotePort: socket.remotePort ?? 0 }
}

/** An answer as a log has it: without headers, of which Location may hold a code and Set-Cookie a session. */
export function describeReply ({ statusCode }: Pick<FastifyReply, 'statusCode'>) {
  return { statusCode }
}

export const serializers = { req: describeRequest, res: describeReply }

type Factory = FastifyInstance['childLoggerFactory']

/** Fastify's own, which heeds the serializers of a scope. */
const DEFAULT = 'defaultChildLoggerFactory'

/** A factory of the host may give its loggers serializers of its own, after or instead of those of our scopes. */
export function keepSerializers (scope: FastifyInstance): void {
  const hosts = scope.childLoggerFactory
  if (hosts.name === DEFAULT) return
  const factory: Factory = function (this: FastifyInstance, logger, bindings, options, request) {
    const made: FastifyBaseLogger = hosts.call(this, logger, bindings, options, request)
    // Fastify's types know serializers of texts only
    return made.child({}, Object.assign({}, { serializers }))
  }
  scope.setChildLoggerFactory(factory)
}

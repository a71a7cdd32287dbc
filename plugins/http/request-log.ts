import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { addressOf } from '../../src/http/caller.ts'

/** In the path of a link for verification, which a mail gateway may have encoded in another way. */
const ONE_TIME_TOKEN = /lk_ot_/i

/** A request as it is logged: without its query, which may contain secrets (id_token_hint, a code, a misplaced token). */
export function describeRequest ({ method, url, host, ip, socket }: FastifyRequest) {
  return { method, url: pathOf(url), host, remoteAddress: addressOf({ ip, socket }), remotePort: socket.remotePort ?? 0 }
}

function pathOf (url: string): string {
  const [path = ''] = url.split('?')
  return path.split('/').map((segment) => ONE_TIME_TOKEN.test(decoded(segment)) ? 'lk_ot_…' : segment).join('/')
}

function decoded (segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** An answer as it is logged: without headers, since Location may contain a code and Set-Cookie a session. */
export function describeReply ({ statusCode }: Pick<FastifyReply, 'statusCode'>) {
  return { statusCode }
}

export const serializers = { req: describeRequest, res: describeReply }

type Factory = FastifyInstance['childLoggerFactory']

/** The name of Fastify's own factory, which applies the serializers of a scope. */
const DEFAULT = 'defaultChildLoggerFactory'

/** A logger factory of the host may add serializers after or instead of those of our scopes, so ours are applied last. */
export function keepSerializers (scope: FastifyInstance): void {
  const hosts = scope.childLoggerFactory
  if (hosts.name === DEFAULT) return
  const factory: Factory = function (this: FastifyInstance, logger, bindings, options, request) {
    const made: FastifyBaseLogger = hosts.call(this, logger, bindings, options, request)
    // The types of Fastify expect serializers to return strings
    return made.child({}, Object.assign({}, { serializers }))
  }
  scope.setChildLoggerFactory(factory)
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { onRequestHookHandler } from 'fastify'
import helmet, { type HelmetOptions } from 'helmet'

/** Answers of the API are data: they load nothing and must not be framed. */
const API: HelmetOptions = {
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  frameguard: { action: 'deny' },
  // These headers apply to documents only
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false
}

/** Helmet's headers, computed once: they are the same for every answer, and computing them costs as much as routing a request. */
export function securityHeaders (appUrl: string, options: HelmetOptions = API): onRequestHookHandler {
  const headers: Record<string, string> = {}
  const response = { setHeader: (name: string, value: string) => { headers[name.toLowerCase()] = value }, removeHeader: () => {} }
  helmet(options)({} as IncomingMessage, response as unknown as ServerResponse, () => {})
  if (!appUrl.startsWith('https:')) delete headers['strict-transport-security']

  return (_request, reply, done) => {
    reply.headers(headers)
    done()
  }
}

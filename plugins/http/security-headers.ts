import type { IncomingMessage, ServerResponse } from 'node:http'
import type { onRequestHookHandler } from 'fastify'
import helmet, { type HelmetOptions } from 'helmet'

/** Answers of the API are data: nothing may be loaded from them, nothing may frame them. */
const API: HelmetOptions = {
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  frameguard: { action: 'deny' },
  // What these say is for documents
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false
}

/** Helmet's headers, asked for once: they are the same for every answer, and making them costs as much as routing a request. */
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

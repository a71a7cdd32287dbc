import type { FastifyReply } from 'fastify'
import type { HelmetOptions } from 'helmet'

/** What every answer of the page scope says; a page replaces the policy by its own. */
export const PAGE_HEADERS: HelmetOptions = {
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  frameguard: { action: 'deny' },
  // With `no-referrer` our own forms would send `Origin: null`
  referrerPolicy: { policy: 'same-origin' },
  // Would part an application from the window in which it has its user log in
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false
}

export type Policy = {
  /**
   * A redirect after the form may end on a site that is not ours. Chromium holds each redirect of the chain to `form-action`, and where an
   * application sends its user on to is not known here: the button would do nothing.
   */
  leaves?: boolean
  script?: boolean
}

/** RFC 9700 sections 4.2.4 and 4.16: nothing of third parties, nothing inline, no frames. */
export function setPolicy (reply: FastifyReply, { leaves = false, script = false }: Policy): void {
  const directives = [
    "default-src 'none'", "style-src 'self'", "img-src 'self' data:", ...(script ? ["script-src 'self'"] : []),
    ...(leaves ? [] : ["form-action 'self'"]), "frame-ancestors 'none'", "base-uri 'none'"
  ]
  reply.header('content-security-policy', directives.join('; '))
}

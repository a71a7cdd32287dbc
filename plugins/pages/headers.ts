import type { FastifyReply } from 'fastify'
import type { HelmetOptions } from 'helmet'

/** Default headers of the page scope; each page sets a content security policy of its own. */
export const PAGE_HEADERS: HelmetOptions = {
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  frameguard: { action: 'deny' },
  // With `no-referrer` our own forms would send `Origin: null`
  referrerPolicy: { policy: 'same-origin' },
  // Would separate an application from the window that it opened for the login
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false
}

export type Policy = {
  /**
   * Whether a redirect after the form may end on another site. Chromium applies `form-action` to each redirect of the chain, and where an
   * application redirects to is unknown here: with the directive the button would do nothing.
   */
  leaves?: boolean
  script?: boolean
}

/** RFC 9700 sections 4.2.4 and 4.16: no third-party content, nothing inline, no frames. */
export function setPolicy (reply: FastifyReply, { leaves = false, script = false }: Policy): void {
  const directives = [
    "default-src 'none'", "style-src 'self'", "img-src 'self' data:", ...(script ? ["script-src 'self'"] : []),
    ...(leaves ? [] : ["form-action 'self'"]), "frame-ancestors 'none'", "base-uri 'none'"
  ]
  reply.header('content-security-policy', directives.join('; '))
}

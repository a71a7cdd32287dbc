import type { FastifyReply } from 'fastify'
import type { HelmetOptions } from 'helmet'
import { formActionFor } from '../../src/views/redirect-target.ts'

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
  /** Where a redirect after the form may end. */
  formTarget?: string | undefined
  script?: boolean
}

/** RFC 9700 sections 4.2.4 and 4.16: nothing of third parties, nothing inline, no frames. */
export function setPolicy (reply: FastifyReply, { formTarget, script = false }: Policy): void {
  const directives = [
    "default-src 'none'", "style-src 'self'", "img-src 'self' data:", ...(script ? ["script-src 'self'"] : []),
    `form-action ${formActionFor(formTarget)}`, "frame-ancestors 'none'", "base-uri 'none'"
  ]
  reply.header('content-security-policy', directives.join('; '))
}

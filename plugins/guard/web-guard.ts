import type { FastifyReply, FastifyRequest } from 'fastify'
import { fits } from '../../src/http/packed-query.ts'
import { localPath } from '../../src/http/return-to.ts'
import type { BrowserSession } from '../../src/sessions/browser-sessions.ts'
import type { Profile } from '../../src/users/ports.ts'
import { reachesAcr } from '../../src/oidc/acr.ts'
import type { Demand } from './demand.ts'
import { loginNeeded } from './errors.ts'
import { wantsHtml } from '../http/wants-html.ts'

/** What a guard knows of browser sessions; only in the process that has the database. */
export type WebTrust = {
  session: (request: FastifyRequest) => Promise<BrowserSession | null>
  /** @throws 403 for a request that another site sent */
  refuseOthers: (request: FastifyRequest) => void
  /** Null when there is no login page. */
  loginPath: string | null
  /** The path in the visitor's address bar. */
  outerPath: (request: FastifyRequest) => string
  /** Name of the session cookie. */
  cookie: string
  user: (userId: string) => Promise<Profile | null>
}

/** RFC 9110 section 9.2.1 */
export const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Authenticates by browser session. Browsers send the cookie whichever site starts the request, so an unsafe method must come from a page
 * of ours.
 * @param optional whether guests may pass
 * @returns null for a guest, who has been redirected to the login page unless `optional` is set. @throws 401, 403
 */
export async function authenticateBrowser (
  { session: find, refuseOthers, loginPath, outerPath }: WebTrust,
  request: FastifyRequest,
  reply: FastifyReply,
  optional: boolean
): Promise<BrowserSession | null> {
  const isSafe = SAFE.has(request.method)
  const session = await find(request)
  if (session && !isSafe) refuseOthers(request)
  if (session || optional) return session
  if (loginPath === null || !isSafe || !wantsHtml(request)) throw loginNeeded(reply)
  reply.header('cache-control', 'no-store').redirect(withReturn(loginPath, localPath(outerPath(request))), 303)
  return null
}

/**
 * Leads a browser whose login is too weak or too old to a new one, and back.
 * @returns false for a request that cannot be redirected, and where a new login would be no stronger: the user has no second factor
 */
export function logInAgain (
  { loginPath, outerPath }: WebTrust, request: FastifyRequest, reply: FastifyReply,
  { amr, lacksFactor, demand }: Pick<BrowserSession, 'amr' | 'lacksFactor'> & { demand: Demand }
): boolean {
  const isStronger = demand.acr === undefined || lacksFactor || reachesAcr(amr, demand.acr)
  if (!isStronger || loginPath === null || !SAFE.has(request.method) || !wantsHtml(request)) return false
  const again = `${loginPath}${loginPath.includes('?') ? '&' : '?'}prompt=login`
  reply.header('cache-control', 'no-store').redirect(withReturn(again, localPath(outerPath(request))), 303)
  return true
}

/** Drops the query of `return_to` when the address would be too long with it, and `return_to` itself when that is still too long. */
function withReturn (loginPath: string, returnTo: string | null): string {
  if (returnTo === null) return loginPath
  const query = [returnTo, returnTo.split('?')[0]!].map((path) => new URLSearchParams({ return_to: path }).toString()).find(fits)
  return query === undefined ? loginPath : `${loginPath}${loginPath.includes('?') ? '&' : '?'}${query}`
}

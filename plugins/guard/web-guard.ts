import type { FastifyReply, FastifyRequest } from 'fastify'
import { fits } from '../../src/http/packed-query.ts'
import { localPath } from '../../src/http/return-to.ts'
import type { BrowserSession } from '../../src/sessions/browser-sessions.ts'
import type { Profile } from '../../src/users/ports.ts'
import { loginNeeded } from './errors.ts'
import { wantsHtml } from '../http/wants-html.ts'

/** What a guard must know of browsers; there are none in a service without the database. */
export type WebTrust = {
  session: (request: FastifyRequest) => Promise<BrowserSession | null>
  /** Whether a request comes from a page of ours. */
  isOwn: (request: FastifyRequest) => boolean
  /** The error for one that does not. */
  foreign: (request: FastifyRequest) => Error
  /** Null when there is no page to log in on. */
  loginPath: string | null
  /** The path that the visitor sees. */
  outerPath: (request: FastifyRequest) => string
  /** Its name. */
  cookie: string
  user: (userId: string) => Promise<Profile | null>
}

/** RFC 9110 section 9.2.1 */
export const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * The login of a browser. Its cookie comes along whoever made the browser send it: what changes something must come from a page of ours.
 * @param optional whether guests may pass
 * @returns null for a guest, who has been sent to the login page unless they may pass. @throws 401, 403
 */
export async function authenticateBrowser (
  { session: find, isOwn, foreign, loginPath, outerPath }: WebTrust,
  request: FastifyRequest,
  reply: FastifyReply,
  optional: boolean
): Promise<BrowserSession | null> {
  const isSafe = SAFE.has(request.method)
  const session = await find(request)
  if (session && !isSafe && !isOwn(request)) throw foreign(request)
  if (session || optional) return session
  if (loginPath === null || !isSafe || !wantsHtml(request)) throw loginNeeded(reply)
  reply.header('cache-control', 'no-store').redirect(withReturn(loginPath, localPath(outerPath(request))), 303)
  return null
}

/** Without the query of the page when the login page could not be asked for with it. */
function withReturn (loginPath: string, returnTo: string | null): string {
  if (returnTo === null) return loginPath
  const query = [returnTo, returnTo.split('?')[0]!].map((path) => new URLSearchParams({ return_to: path }).toString()).find(fits)
  return query === undefined ? loginPath : `${loginPath}${loginPath.includes('?') ? '&' : '?'}${query}`
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import { asRejection } from '../../src/database/unavailable.ts'
import { originOf } from '../../src/events/events.ts'
import { localPath } from '../../src/http/return-to.ts'
import { HttpError } from '../../src/http/http-error.ts'
import type { FormId } from '../../src/crypto/form-secrets.ts'
import type { Services } from '../../src/compose/services.ts'
import { pendingProof, type Pending } from '../../src/sessions/auth-sessions.ts'
import type { BrowserSession } from '../../src/sessions/browser-sessions.ts'
import { createDeviceCookie } from '../../src/throttle/known-devices.ts'
import { MISSING_ERRORS, type Missing } from '../../src/users/missing.ts'
import { candidatesFrom } from '../../src/users/login-candidates.ts'
import type { AnyReply, AnyRequest } from '../guard/types.ts'
import { browserCookie, cookiePath, loginCookiePath } from './cookie.ts'
import { callerOf } from '../../src/http/caller.ts'
import { cookiesNamed, setCookie } from '../../src/http/cookies.ts'

/** RFC 8176 */
const PASSWORD = ['pwd']
// 256 bits in base64url; a cookie of another app on the host that has the same name is skipped by its form
const SESSION = /^[A-Za-z0-9_-]{43}$/

export type Credentials = { username: string | undefined, password: string | undefined, remember?: boolean, form?: FormId | undefined }

/** A user who has proven who they are: by default with the password, and now. */
export type Entrant = Parameters<Services['sessions']['browser']['start']>[0] & { missing?: readonly Missing[] }

/** Browser sessions and their cookie. Needs no cookie plugin, so it works on routes of the host as well. */
export type Browser = {
  /** Null for a guest. */
  session (request: AnyRequest): Promise<BrowserSession | null>
  /** How the session of the cookie ended; null when there is none, or it is unknown. */
  ended: (request: FastifyRequest) => Promise<'idle' | 'ended' | null>
  /**
   * Checks the password, subject to the limits on guessing. @returns null when it is wrong. @throws TooManyAttempts, Overloaded,
   * DatabaseUnavailable, and after the right password HttpError LK_EMAIL_NOT_VERIFIED, LK_DELETION_SCHEDULED, or
   * LK_INSUFFICIENT_AUTHORIZATION, after which `/login/factor` goes on with the login: each has `statusCode` and `headers`
   */
  logInWithPassword (request: AnyRequest, reply: AnyReply, credentials: Credentials): Promise<BrowserSession | null>
  /** The id of the session of the cookie, if it has ended within the last minute: the form that ended it may have been sent twice. */
  justEnded: (request: FastifyRequest) => Promise<string | null>
  /** Every login gets a new id (session fixation); the same form sent twice is one login. @returns null when the user has changed since */
  logIn: (request: FastifyRequest, reply: FastifyReply, user: Entrant, remember?: boolean, form?: FormId) => Promise<BrowserSession | null>
  /** Forgets a session that has ended. */
  forget: (reply: FastifyReply) => void
  logOut (request: AnyRequest, reply: AnyReply): Promise<void>
  /** Where a login leads: `return_to` if it is a path on this server, otherwise the home path. */
  returnPath: (returnTo: unknown) => string
}

export function createBrowser ({ config, clock, events, sessions, users }: Services): Browser {
  const secure = config.appUrl.startsWith('https:')
  const name = browserCookie(config.appUrl)
  const options = { path: cookiePath(config.appUrl), httpOnly: true, sameSite: 'lax' as const, secure }
  const device = createDeviceCookie(new URL(config.appUrl).origin, loginCookiePath(config))
  const tokenOf = ({ headers }: FastifyRequest) => cookiesNamed(headers.cookie, name).find((value) => SESSION.test(value))
  const keep = (reply: FastifyReply, value: string, more: object = {}) => setCookie(reply, name, value, { ...options, ...more })

  const forget = (reply: FastifyReply) => keep(reply, '', { maxAge: 0, expires: new Date(0) })

  async function logIn (
    request: FastifyRequest,
    reply: FastifyReply,
    { missing, ...user }: Entrant,
    remember = false,
    form?: FormId
  ): Promise<BrowserSession | null> {
    const [first] = missing ?? await users.records.missing({ userId: user.userId, amr: user.amr ?? PASSWORD })
    if (first) throw await incomplete(request, reply, user, first, { remember, ...pendingProof(user) })
    return await start(request, reply, user, remember, form)
  }

  async function incomplete (
    request: FastifyRequest, reply: FastifyReply, { amr: proven = PASSWORD, ...user }: Entrant, missing: Missing, pending: Pending
  ): Promise<HttpError> {
    const caller = callerOf(request)
    const authSession = await sessions.auth.create({ user, clientId: null, proven, pending, caller })
    // For a login page of the host: ours goes on in the same browser
    if (missing === 'second_factor') (await import('./auth-cookie.ts')).createAuthCookie(config).set(reply, authSession)
    return new HttpError(MISSING_ERRORS[missing].code, { authSession })
  }

  async function start (
    request: FastifyRequest,
    reply: FastifyReply,
    user: Parameters<typeof sessions.browser.start>[0],
    remember = false,
    form?: FormId
  ): Promise<BrowserSession | null> {
    const old = await sessions.browser.find(tokenOf(request))
    const started = await sessions.browser.start(user, remember, callerOf(request), form)
    if (!started) return null
    events.emit('login.succeeded', { userId: user.userId, clientId: null, ...originOf(callerOf(request)) })
    if (old && old.id !== started.session.id) await sessions.sessionEnds.browser(old.id, { reason: 'replaced', caller: callerOf(request) })
    const maxAge = Math.floor((started.session.expiresAt.getTime() - clock.now()) / 1000)
    keep(reply, started.token, remember ? { maxAge } : {})
    return started.session
  }

  async function logInWithPassword (
    request: FastifyRequest,
    reply: FastifyReply,
    { username, password, remember, form }: Credentials
  ): Promise<BrowserSession | null> {
    const { candidates } = candidatesFrom(users.attributes, { username })
    // A host may pass on input that it has not validated
    const known = typeof password === 'string' && password !== '' ? await users.authenticate(candidates, password, callerOf(request)) : null
    if (!known) return null
    const { device: proof, missing: [missing], notices, entered, ...user } = known
    if (missing) {
      throw await incomplete(request, reply, user, missing, { remember: remember === true, ...(entered && { address: entered }) })
    }
    const session = await start(request, reply, { ...user, notices }, remember, form instanceof Uint8Array ? form : undefined)
    if (session && proof !== undefined) device.set(reply, proof)
    return session
  }

  async function logOut (request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const session = await sessions.browser.find(tokenOf(request))
    if (session) await sessions.sessionEnds.browser(session.id, { reason: 'logout', caller: callerOf(request) })
    forget(reply)
  }

  return {
    session: (request: FastifyRequest) => sessions.browser.find(tokenOf(request)).catch(asRejection),
    ended: (request) => sessions.browser.ended(tokenOf(request)).catch(asRejection),
    justEnded: (request) => sessions.browser.justEnded(tokenOf(request)).catch(asRejection),
    forget,
    logIn: (...requested) => logIn(...requested).catch(asRejection),
    logInWithPassword: (...requested: Parameters<typeof logInWithPassword>) => logInWithPassword(...requested).catch(asRejection),
    logOut: (...requested: Parameters<typeof logOut>) => logOut(...requested).catch(asRejection),
    returnPath: (returnTo) => localPath(returnTo) ?? config.homePath
  }
}

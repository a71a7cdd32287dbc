import { HttpError } from '../http/http-error.ts'
import type { Client, Clients, Sessions } from '../oauth/ports.ts'
import { covers, type Scopes } from '../oauth/scopes.ts'
import type { BrowserSessionStore } from '../sessions/browser-sessions.ts'

/** A user who manages what has access to their account. */
export type Owner = {
  userId: string
  sessionId: string
  /** The user's epoch, as carried by the session; what is created for the owner re-checks it. */
  tokenEpoch: number
  /** How they have logged in (RFC 8176). */
  amr: string[]
  /** The client through which they are logged in; null for a browser session on our own pages. */
  client: Client | null
}

/** The principal of a bearer token or a browser, as a guard has determined it. */
export type Bearer = {
  kind: 'session' | 'client' | 'personal' | 'browser', userId: string | null, clientId: string | null,
  sessionId: string | null, scopes: readonly string[]
}

export type FindOwner = (bearer: Bearer) => Promise<Owner>

/** Answers 403: the token is valid, but not sufficient here. */
class NotTheOwner extends HttpError {
  constructor () {
    super('LK_FIRST_PARTY_ONLY', { message: 'This needs the access token of a first-party login, with all the scopes of that login' })
  }
}

const withoutFactor = () => new HttpError('LK_INSUFFICIENT_AUTHORIZATION', { message: 'This needs a login with the second factor: log in again' })

type Dependencies = {
  clients: Pick<Clients, 'find'>
  sessions: Pick<Sessions, 'standing'>
  scopes: Pick<Scopes, 'remaining'>
  browserSessions: Pick<BrowserSessionStore, 'standing'>
}

/**
 * Whether a token represents its user without restriction: a token of a first-party session that was not narrowed, or a browser session. A
 * third-party token, a personal access token or a narrowed token could otherwise create a more powerful one.
 * @throws NotTheOwner; HttpError LK_INSUFFICIENT_AUTHORIZATION for a login that is older than the second factor is asked for
 */
export function createFindOwner ({ clients, sessions, scopes: registry, browserSessions }: Dependencies): FindOwner {
  async function ofToken ({ clientId, scopes }: Bearer, userId: string, sessionId: string): Promise<Owner> {
    const client = clientId === null ? null : await clients.find(clientId)
    if (!client?.firstParty) throw new NotTheOwner()
    const session = await sessions.standing(sessionId)
    if (!session || !registry.remaining(client, session.scopes).every((scope) => covers(scopes, scope))) throw new NotTheOwner()
    if (session.lacksFactor) throw withoutFactor()
    return { userId, sessionId, tokenEpoch: session.tokenEpoch, amr: session.amr, client }
  }

  async function ofBrowser (userId: string, sessionId: string): Promise<Owner> {
    const session = await browserSessions.standing(sessionId)
    if (!session) throw new NotTheOwner()
    if (session.lacksFactor) throw withoutFactor()
    return { userId, sessionId, tokenEpoch: session.tokenEpoch, amr: session.amr, client: null }
  }

  return async (bearer) => {
    const { kind, userId, sessionId } = bearer
    if (userId === null || sessionId === null) throw new NotTheOwner()
    if (kind === 'browser') return await ofBrowser(userId, sessionId)
    if (kind === 'session') return await ofToken(bearer, userId, sessionId)
    throw new NotTheOwner()
  }
}

/** Seconds for which a login is recent enough for what is sensitive. */
export const RECENT = 600

export function isRecent (authTime: Date | null, now: number): boolean {
  return authTime !== null && now - authTime.getTime() <= RECENT * 1000
}

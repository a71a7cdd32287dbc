import { originOf, type EndReason, type EventDetails } from '../events/events.ts'
import type { Caller } from '../oauth/ports.ts'
import type { LogoutTokenUse, MeantUpstream, UpstreamSessionStore } from './upstream-origin.ts'

/** Whose session it was; a browser session has no client. */
export type Ended = { userId: string, clientId: string | null }

/** Each statement ends sessions and lists them as revoked. It returns null for a session that had already ended or never existed. */
export type SessionEndStore = {
  sessions: {
    /** Lists the session as revoked even where there is no row: a token may outlive a session that is missing from a restored backup. */
    revoke: (id: string) => Promise<Ended | null>
    /** By the contents of a refresh token of any generation. */
    revokeBySecret: (id: string, secretHash: Uint8Array, clientId: string) => Promise<Ended | null>
    /** Writes `session.reused` to the audit log in the same statement, so that a theft is always recorded. */
    revokeReused: (id: string, caller: Caller) => Promise<Ended | null>
  }
  browserSessions: { revoke: (id: string) => Promise<Ended | null> }
  access: {
    /**
     * Ends a session or a browser session of this user, or of any user when null (the operator). A third-party client must ask for consent
     * again.
     */
    end: (id: string, userId: string | null) => Promise<Ended | null>
    /**
     * Ends the user's logins except `keepSession`: browser sessions and sessions of first-party clients, with their pending codes and
     * devices.
     */
    endLogins: (userId: string, keepSession: string | null) => Promise<{ sessionId: string, clientId: string | null }[]>
  }
  upstreamSessions: Pick<UpstreamSessionStore, 'end'>
  apps: {
    /**
     * Ends all sessions of a client, its pending codes and devices, and the consent.
     * @returns the ids of the sessions
     */
    end: (userId: string, clientId: string) => Promise<string[]>
  }
}

type Why = { reason: EndReason, caller?: Caller | undefined }

/**
 * Ends sessions: their tokens are refused at once in every process, and an event is emitted. Each function returns whether a session ended.
 */
export type SessionEnds = {
  /** Ends a client's session by its id. */
  session: (id: string, why: Why) => Promise<boolean>
  /** Ends a client's session by the contents of its refresh token. */
  bySecret: (token: { sessionId: string, secretHash: Uint8Array, clientId: string }, why: Why) => Promise<boolean>
  /** A refresh token was presented again after its grace (RFC 9700 section 4.14.2). */
  reused: (session: { sessionId: string, clientId: string }, caller: Caller) => Promise<boolean>
  /** Ends a browser session. */
  browser: (id: string, why: Why) => Promise<boolean>
  /** Ends a session or browser session shown in a list; `userId` is null for the operator. */
  owned: (id: string, userId: string | null, why: Why) => Promise<boolean>
  /** Ends every login of a user except the session `keep`; applications that the user authorized keep their access. */
  logins: (userId: string, keep: string | null, why: Why) => Promise<boolean>
  /**
   * A provider says that a login there is over: what comes from it ends here. Each logout token counts once.
   * @returns false for a token that was used before
   */
  upstream: (meant: MeantUpstream, token: LogoutTokenUse, why: Why) => Promise<boolean>
  /** Ends all access of a client that the user authorized. */
  ofApp: (clientId: string, userId: string, why: Why) => Promise<boolean>
}

/** Emits an event in the server; writes to the audit log on the command line. */
export type TellEnd = <Name extends 'session.ended' | 'session.reused'>(name: Name, details: EventDetails[Name]) => void | Promise<void>

type Dependencies = { store: SessionEndStore, tell: TellEnd }

/**
 * The only place that ends individual sessions and reports it. Ending everything of a user or client raises an epoch instead, with an event
 * of its own.
 */
export function createSessionEnds ({ store, tell }: Dependencies): SessionEnds {
  const { sessions, browserSessions, access, apps, upstreamSessions } = store

  async function told (sessionId: string, ended: Ended | null, { reason, caller }: Why): Promise<boolean> {
    if (ended) await tell('session.ended', { sessionId, ...ended, reason, ...originOf(caller) })
    return ended !== null
  }

  async function reused (session: { sessionId: string, clientId: string }, caller: Caller): Promise<boolean> {
    const ended = await sessions.revokeReused(session.sessionId, caller)
    await tell('session.reused', session)
    return await told(session.sessionId, ended, { reason: 'reused', caller })
  }

  async function ofApp (clientId: string, userId: string, why: Why): Promise<boolean> {
    const ids = await apps.end(userId, clientId)
    for (const id of ids) await told(id, { userId, clientId }, why)
    return ids.length > 0
  }

  async function logins (userId: string, keep: string | null, why: Why): Promise<boolean> {
    const ended = await access.endLogins(userId, keep)
    for (const { sessionId, clientId } of ended) await told(sessionId, { userId, clientId }, why)
    return ended.length > 0
  }

  async function upstream (meant: MeantUpstream, token: LogoutTokenUse, why: Why): Promise<boolean> {
    const ended = await upstreamSessions.end(meant, token)
    for (const { sessionId, ...one } of ended ?? []) await told(sessionId, one, why)
    return ended !== null
  }

  return {
    reused,
    upstream,
    ofApp,
    logins,
    session: async (id, why) => await told(id, await sessions.revoke(id), why),
    bySecret: async ({ sessionId, secretHash, clientId }, why) =>
      await told(sessionId, await sessions.revokeBySecret(sessionId, secretHash, clientId), why),
    browser: async (id, why) => await told(id, await browserSessions.revoke(id), why),
    owned: async (id, userId, why) => await told(id, await access.end(id, userId), why)
  }
}

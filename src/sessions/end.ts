import { originOf, type EndReason, type EventDetails } from '../events/events.ts'
import type { Caller } from '../oauth/ports.ts'

/** Whose it was; a login of a browser on our own pages has no client. */
export type Ended = { userId: string, clientId: string | null }

/** Statements that end sessions and list them as revoked, each in one go. Null for what had ended, or was never there. */
export type SessionEndStore = {
  sessions: {
    /** Listed as revoked even where there is no row: a token may outlive a session that a restored backup does not know. */
    revoke: (id: string) => Promise<Ended | null>
    /** By what a refresh token carries, whatever its generation. */
    revokeBySecret: (id: string, secretHash: Uint8Array, clientId: string) => Promise<Ended | null>
    /** Writes `session.reused` into the audit log by the same statement: a theft is never forgotten. */
    revokeReused: (id: string, caller: Caller) => Promise<Ended | null>
  }
  browserSessions: { revoke: (id: string) => Promise<Ended | null> }
  access: {
    /** One of either kind, of this user unless the operator asks; a third party must ask for consent again. */
    end: (id: string, userId: string | null) => Promise<Ended | null>
  }
  apps: {
    /** All sessions of an application, what waits to become one, and the consent. @returns the ids of the sessions */
    end: (userId: string, clientId: string) => Promise<string[]>
  }
}

type Why = { reason: EndReason, caller?: Caller | undefined }

/** What ends is refused at once, in every process, and told of. Each answers whether something ended. */
export type SessionEnds = {
  /** Of an application, by its id. */
  session: (id: string, why: Why) => Promise<boolean>
  /** Of an application, by what its refresh token carries. */
  bySecret: (token: { sessionId: string, secretHash: Uint8Array, clientId: string }, why: Why) => Promise<boolean>
  /** A refresh token came again after its grace (RFC 9700 section 4.14.2). */
  reused: (session: { sessionId: string, clientId: string }, caller: Caller) => Promise<boolean>
  /** The login of a browser on our pages. */
  browser: (id: string, why: Why) => Promise<boolean>
  /** Of either kind, in a list; null is the operator's. */
  owned: (id: string, userId: string | null, why: Why) => Promise<boolean>
  /** All of an application that a user let in. */
  ofApp: (clientId: string, userId: string, why: Why) => Promise<boolean>
}

/** Events of the server; on the command line, lines of the audit log. */
export type TellEnd = <Name extends 'session.ended' | 'session.reused'>(name: Name, details: EventDetails[Name]) => void | Promise<void>

type Dependencies = { store: SessionEndStore, tell: TellEnd }

/**
 * The only place that ends sessions one by one, and tells of it. What ends all of a user or a client raises an epoch, and is an event of
 * its own.
 */
export function createSessionEnds ({ store: { sessions, browserSessions, access, apps }, tell }: Dependencies): SessionEnds {
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

  return {
    reused,
    ofApp,
    session: async (id, why) => await told(id, await sessions.revoke(id), why),
    bySecret: async ({ sessionId, secretHash, clientId }, why) =>
      await told(sessionId, await sessions.revokeBySecret(sessionId, secretHash, clientId), why),
    browser: async (id, why) => await told(id, await browserSessions.revoke(id), why),
    owned: async (id, userId, why) => await told(id, await access.end(id, userId), why)
  }
}

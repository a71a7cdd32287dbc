import type { OutboxEntry } from '../outbox/ports.ts'

/** The login at a provider that a session comes from. It is kept, so that the session ends when the provider says that it is over. */
export type UpstreamOrigin = {
  /** Its name here. */
  provider: string
  /** Who it is there. */
  subject: string
  /** The session there (OpenID Connect Back-Channel Logout 1.0 section 2.1); null if the provider does not name it. */
  sid: string | null
  /** When it was; a login that the provider ends afterwards creates no session. Missing: long ago. */
  since?: Moment | undefined
  /** The id token, sealed, in base64url, where the browser is logged out at the provider as well. Only browser sessions keep it. */
  sealed?: string | undefined
}

/**
 * By the clock of the provider, which signs both, logins and logouts are in order to the second.
 * `issued`: in seconds; `at`: of two in the same second, when we have heard of it, in milliseconds.
 */
export type Moment = { issued: number, at: number }

/** Of the keys that seal id tokens, derived from APP_KEY. */
export const ID_TOKEN_KEYS = 'upstream-id-tokens'

/** An id token opens in the row of its user only. */
export function idTokenContext ({ provider, subject }: Pick<UpstreamOrigin, 'provider' | 'subject'>): string {
  return `id-token:${provider}:${subject}`
}

/** Which sessions a provider means: those of a user there, or that of `sid`. One of them is not null. */
export type MeantUpstream = { provider: string, subject: string | null, sid: string | null }

export type EndedUpstream = { sessionId: string, userId: string, clientId: string | null }

/** `signed`: when the provider has ended the login. */
export type LogoutTokenUse = { hash: Uint8Array, expiresAt: Date, signed: Moment }

export type UpstreamSessionStore = {
  /**
   * Runs the statement of a new session; where it returns a row, writes with it where the login comes from, and the notices.
   * @returns no row for a login that the provider has ended meanwhile
   */
  create: <Row extends object>(
    creation: { name: string, text: string, values: unknown[] },
    kept: { id: string, userId: string, origin: UpstreamOrigin, ttl: number, notices?: OutboxEntry[] | undefined }
  ) => Promise<Row[]>
  /** That of a session, by its id. */
  find: (id: string) => Promise<Omit<UpstreamOrigin, 'sealed'> & { sealed: Uint8Array | null } | null>
  /** The session has been logged out: this is left to the purge in an hour, when no device that it has approved waits any more. */
  retire: (id: string) => Promise<void>
  /**
   * Ends the browser sessions and sessions that come from a login, with their pending codes and devices. Remembers it for a day, for those
   * that are not created yet.
   * @param token that asks for it, by its hash: each counts once
   * @returns null when it was used before
   */
  end: (meant: MeantUpstream, token: LogoutTokenUse) => Promise<EndedUpstream[] | null>
}

import { randomBytes } from 'node:crypto'
import { hashSecret } from '../crypto/secrets.ts'
import type { Caller, SignedIn } from '../oauth/ports.ts'

/** What the login was for, to go on with it. */
export type Pending = {
  scopes?: string[]
  resources?: string[]
  remember?: boolean
  returnTo?: string
  /** What a registration has entered, to be shown again. */
  address?: string
}

/** A login at which something is still missing. */
export type AuthSession = {
  /** SHA-256 of its text. */
  hash: Uint8Array
  /** Null for an unknown user: nothing is ever right, and nobody can tell. */
  userId: string | null
  passwordStamp: number
  /** The client that the login is for; null on our own pages. */
  clientId: string | null
  /** Methods by RFC 8176, such as `pwd`. */
  proven: string[]
  pending: Pending
}

export type NewAuthSession = {
  /** Null where the user is not known, which costs the same. */
  user: SignedIn | null
  clientId: string | null
  proven: string[]
  pending: Pending
  caller: Caller
}

export type AuthSessionStore = {
  /** For a user who has changed since, as for nobody. */
  create: (session: NewAuthSession & { hash: Uint8Array, ttl: number }) => Promise<void>
  /** @param clientId undefined for any */
  find: (hash: Uint8Array, clientId: string | null | undefined) => Promise<AuthSession | null>
  consume: (hash: Uint8Array, clientId: string | null) => Promise<AuthSession & { userId: string } | null>
}

export type AuthSessions = {
  /** @returns the text, which is not stored */
  create: (session: NewAuthSession) => Promise<string>
  /** One of this client, not expired, whose user has neither got another password nor been logged out everywhere since. */
  find: (text: string, clientId: string | null) => Promise<AuthSession | null>
  /** The same of any client, for what only proves who asks. */
  findOfAny: (text: string) => Promise<AuthSession | null>
  /** The same, which then is no more: the login has succeeded. Of two at once, one gets it. */
  consume: (text: string, clientId: string | null) => Promise<AuthSession & { userId: string } | null>
}

const PREFIX = 'lk_as_'
const FORM = /^lk_as_[A-Za-z0-9_-]{43}$/
/** Characters. */
export const MAX_AUTH_SESSION = PREFIX.length + 43
/** Seconds. */
const TTL = 600

export function createAuthSessions ({ store }: { store: AuthSessionStore }): AuthSessions {
  return {
    async create (session) {
      const text = PREFIX + randomBytes(32).toString('base64url')
      await store.create({ ...session, hash: hashSecret(text), ttl: TTL })
      return text
    },
    find: async (text, clientId) => FORM.test(text) ? await store.find(hashSecret(text), clientId) : null,
    findOfAny: async (text) => FORM.test(text) ? await store.find(hashSecret(text), undefined) : null,
    consume: async (text, clientId) => FORM.test(text) ? await store.consume(hashSecret(text), clientId) : null
  }
}

/** What a one-time code that belongs to the login is bound to. */
export function boundToAuthSession ({ hash }: Pick<AuthSession, 'hash'>): string {
  return `auth_session:${Buffer.from(hash).toString('hex')}`
}

/** The user, and for an auth session without one an id that no user has: everything then goes on in the same way. */
export function userIdOf ({ userId, hash }: Pick<AuthSession, 'hash' | 'userId'>): string {
  if (userId !== null) return userId
  return Buffer.from(hash).toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
}

/** What a one-time code is bound to that a user asked for who is logged in. */
export function boundToSession (sessionId: string): string {
  return `session:${sessionId}`
}

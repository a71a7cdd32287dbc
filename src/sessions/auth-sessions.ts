import { randomBytes } from 'node:crypto'
import { hashSecret } from '../crypto/secrets.ts'
import type { Caller, SignedIn } from '../oauth/ports.ts'
import type { FormId, FormSecrets } from '../crypto/form-secrets.ts'
import type { Identifier } from '../users/attributes.ts'
import type { UpstreamOrigin } from './upstream-origin.ts'

/** What the login was for, to go on with it. */
export type Pending = {
  scopes?: string[]
  resources?: string[]
  remember?: boolean
  returnTo?: string
  /** Of a login at a provider. */
  origin?: UpstreamOrigin
  /** When the user has proven the first thing, if that was before the login here: ISO 8601. */
  authTime?: string
  /** What a registration has entered, to be shown again. */
  address?: Identifier
  /** The rest of it, to register again with another address. */
  registration?: PendingRegistration
}

export type PendingRegistration = {
  id: string
  /** The id of the first one, when the address was changed. */
  first: string
  name: string | null
  others: Identifier[]
  /** Of the option `profile`. */
  profile?: Record<string, unknown> | undefined
  locale?: string | undefined
  /** Of the terms that were accepted. */
  termsVersion?: string | undefined
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

/** A form, and everything that was entered in it. */
export type SubmittedForm = { form: FormId, entered: string[] }

export type AuthSessionStore = {
  /** For a user who has changed since, as for nobody. One that exists for nobody becomes that of the user. */
  create: (session: NewAuthSession & { hash: Uint8Array, ttl: number }) => Promise<void>
  /** @param clientId undefined for any */
  find: (hash: Uint8Array, clientId: string | null | undefined) => Promise<AuthSession | null>
  consume: (hash: Uint8Array, clientId: string | null) => Promise<AuthSession & { userId: string } | null>
  /** @returns false when `max` codes were entered before */
  countTry: (hash: Uint8Array, clientId: string | null, max: number) => Promise<boolean>
}

export type AuthSessions = {
  /** @returns the text, which is not stored; the same for a form that is submitted twice */
  create: (session: NewAuthSession, submitted?: SubmittedForm) => Promise<string>
  /** The one that the same form has created. */
  createdBy: (submitted: SubmittedForm, clientId: string | null) => Promise<string | null>
  /** One of this client, not expired, whose user has neither got another password nor been logged out everywhere since. */
  find: (text: string, clientId: string | null) => Promise<AuthSession | null>
  /** The same of any client, for what only proves who asks. */
  findOfAny: (text: string) => Promise<AuthSession | null>
  /** The same, which then is no more: the login has succeeded. Of two at once, one gets it. */
  consume: (text: string, clientId: string | null) => Promise<AuthSession & { userId: string } | null>
  /** Counts a code that is entered, before it is compared. @returns false when there were five: the login must begin again */
  countTry: (login: Pick<AuthSession, 'hash' | 'clientId'>) => Promise<boolean>
}

const PREFIX = 'lk_as_'
const FORM = /^lk_as_[A-Za-z0-9_-]{43}$/
/** Characters. */
export const MAX_AUTH_SESSION = PREFIX.length + 43
/** Seconds. */
const TTL = 600
const MAX_TRIES = 5

export function createAuthSessions ({ store, formSecrets }: { store: AuthSessionStore, formSecrets: FormSecrets }): AuthSessions {
  const textOf = (secret: Buffer) => PREFIX + secret.toString('base64url')
  const secretsOf = ({ form, entered }: SubmittedForm) => formSecrets(form, ...entered)

  const find: AuthSessions['find'] = async (text, clientId) => FORM.test(text) ? await store.find(hashSecret(text), clientId) : null

  return {
    async create (session, submitted) {
      const text = textOf(submitted ? secretsOf(submitted)[0] : randomBytes(32))
      await store.create({ ...session, hash: hashSecret(text), ttl: TTL })
      return text
    },
    async createdBy (submitted, clientId) {
      for (const text of secretsOf(submitted).map(textOf)) if (await find(text, clientId)) return text
      return null
    },
    find,
    findOfAny: async (text) => FORM.test(text) ? await store.find(hashSecret(text), undefined) : null,
    consume: async (text, clientId) => FORM.test(text) ? await store.consume(hashSecret(text), clientId) : null,
    countTry: ({ hash, clientId }) => store.countTry(hash, clientId, MAX_TRIES)
  }
}

/** Where a login comes from, and when the user has proven who they are; by default here, and now. */
type Proof = { origin?: UpstreamOrigin | undefined, authTime?: Date }

/** What is kept of it while something is still missing. */
export function pendingProof ({ origin, authTime }: Proof): Pick<Pending, 'origin' | 'authTime'> {
  return { ...(origin && { origin }), ...(authTime && { authTime: authTime.toISOString() }) }
}

/** What was kept: what is proven later makes a login stronger, but not newer. */
export function proofOf ({ origin, authTime }: Pending): Proof {
  return { origin, ...(authTime !== undefined && { authTime: new Date(authTime) }) }
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

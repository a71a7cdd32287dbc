import { randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { createCache } from '../runtime/cache.ts'
import { SAME_FORM, type FormId, type FormSecrets } from '../crypto/form-secrets.ts'
import type { Caller, SignedIn } from '../oauth/ports.ts'
import { hashSecret } from '../crypto/secrets.ts'

/** A browser that is logged in. */
export type BrowserSession = {
  id: string
  userId: string
  tokenEpoch: number
  /** When the user last proved who they are. */
  authTime: Date
  remember: boolean
  lastSeenAt: Date
  expiresAt: Date
}

export type NewBrowserSession = {
  id: string
  tokenHash: Uint8Array
  /** By the clock that compares it later. */
  authTime: Date
  remember: boolean
  /** Seconds. */
  ttl: number
  caller: Caller
} & SignedIn

export type BrowserSessionStore = {
  /** @returns null when the user is not what it was, or there is one with this token already */
  create: (session: NewBrowserSession) => Promise<BrowserSession | null>
  /** Alive, and not idle for longer than `idleTtl` seconds unless it is remembered. */
  find: (tokenHash: Uint8Array, idleTtl: number) => Promise<BrowserSession | null>
  /** As `find`, and the user still has the password that was checked a moment ago. */
  findFor: (tokenHash: Uint8Array, idleTtl: number, passwordStamp: number) => Promise<BrowserSession | null>
  /** How one that is not found came to its end. */
  ended: (tokenHash: Uint8Array, idleTtl: number) => Promise<'idle' | 'ended' | null>
  /** The epoch of one that is alive, asked at the database. */
  standing: (id: string) => Promise<{ tokenEpoch: number } | null>
  touch: (id: string) => Promise<void>
}

export type BrowserSessions = {
  /** The same `form` sent twice starts one session. @returns the session and the value of its cookie, which is nowhere else */
  start: (user: SignedIn, remember: boolean, caller: Caller, form?: FormId) => Promise<{ session: BrowserSession, token: string } | null>
  /** The session of a cookie, or null. */
  find: (token: string | undefined) => Promise<BrowserSession | null>
  ended: (token: string | undefined) => Promise<'idle' | 'ended' | null>
}

type Options = {
  store: BrowserSessionStore
  /** Whether it was revoked since the database was asked. */
  isRevoked: (session: BrowserSession) => boolean
  formSecrets: FormSecrets
  /** Seconds. */
  idleTtl: number
  ttl: number
  rememberTtl: number
}

/** A session is asked for at the database once in this time; the feed ends it sooner. */
const TTL_MS = 5000
const MAX_ENTRIES = 10_000
const TOUCH_MS = 60_000

export function createBrowserSessions ({ store, isRevoked, formSecrets, idleTtl, ttl, rememberTtl }: Options): BrowserSessions {
  const cache = createCache<BrowserSession>({ ttl: TTL_MS, max: MAX_ENTRIES })

  async function startWith (secret: Buffer, user: SignedIn, remember: boolean, caller: Caller) {
    const token = secret.toString('base64url')
    const session = await store.create({
      id: uuidv7(), tokenHash: hashSecret(token), authTime: new Date(), remember,
      ttl: remember ? rememberTtl : ttl, caller, ...user
    })
    return session && { session, token }
  }

  async function start (user: SignedIn, remember: boolean, caller: Caller, form?: FormId) {
    const fresh = () => startWith(randomBytes(32), user, remember, caller)
    if (!form) return await fresh()
    const [secret, ...earlier] = formSecrets(form, user.userId, remember)
    for (const each of earlier) {
      const started = await startedBefore(each, user)
      if (started) return started
    }
    return await startWith(secret, user, remember, caller) ?? await startedBefore(secret, user) ?? await fresh()
  }

  /** One that has ended, or is older, is not taken up again. */
  async function startedBefore (secret: Buffer, { passwordStamp }: SignedIn) {
    const token = secret.toString('base64url')
    const session = await store.findFor(hashSecret(token), idleTtl, passwordStamp)
    return session && Date.now() - session.authTime.getTime() < SAME_FORM * 1000 && !isRevoked(session) ? { session, token } : null
  }

  async function read (token: string): Promise<BrowserSession | null> {
    const known = cache.get(token)
    if (known) return known
    const session = await store.find(hashSecret(token), idleTtl)
    if (!session) return null
    cache.set(token, session)
    if (Date.now() - session.lastSeenAt.getTime() > TOUCH_MS) await store.touch(session.id)
    return session
  }

  async function find (token: string | undefined): Promise<BrowserSession | null> {
    const session = token ? await read(token) : null
    return session && session.expiresAt.getTime() > Date.now() && !isRevoked(session) ? session : null
  }

  const ended = async (token: string | undefined) => token ? await store.ended(hashSecret(token), idleTtl) : null

  return { start, find, ended }
}

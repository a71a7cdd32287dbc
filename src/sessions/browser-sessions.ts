import { randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { createCache } from '../runtime/cache.ts'
import type { Clock } from '../runtime/clock.ts'
import { SAME_FORM, type FormId, type FormSecrets } from '../crypto/form-secrets.ts'
import type { OutboxEntry } from '../outbox/ports.ts'
import type { Caller, SignedIn } from '../oauth/ports.ts'
import { hashSecret } from '../crypto/secrets.ts'
import type { UpstreamOrigin } from './upstream-origin.ts'

/** A browser in which a user is logged in. */
export type BrowserSession = {
  id: string
  userId: string
  tokenEpoch: number
  /** When the user last authenticated. */
  authTime: Date
  /** How (RFC 8176). */
  amr: string[]
  /** The user has a second factor that this login has not proven: it is older than that is asked for. */
  lacksFactor: boolean
  remember: boolean
  lastSeenAt: Date
  expiresAt: Date
}

export type NewBrowserSession = {
  id: string
  tokenHash: Uint8Array
  /** Taken from the clock that it is later compared with. */
  authTime: Date
  /** How (RFC 8176). */
  amr: string[]
  remember: boolean
  /** Seconds. */
  ttl: number
  caller: Caller
  /** Written if the session is. */
  notices?: OutboxEntry[]
  /** Of a login at a provider. */
  origin?: UpstreamOrigin | undefined
} & SignedIn

/** `amr` of a login at another provider, as other providers of identity call it; RFC 8176 has no word for it. */
export const FEDERATED = 'fed'

/** `lacksFactor`: the user has a second factor that this login has not proven. */
export type BrowserStanding = { tokenEpoch: number, amr: string[], lacksFactor: boolean }

export type BrowserSessionStore = {
  /** @returns null when the user has changed, or a session with this token exists */
  create: (session: NewBrowserSession) => Promise<BrowserSession | null>
  /** Active, and not idle for longer than `idleTtl` seconds unless `remember` is set. */
  find: (tokenHash: Uint8Array, idleTtl: number) => Promise<BrowserSession | null>
  /** As `find`, if the user still has the password that was just verified. */
  findFor: (tokenHash: Uint8Array, idleTtl: number, passwordStamp: number) => Promise<BrowserSession | null>
  /** How a session that `find` does not return has ended. */
  ended: (tokenHash: Uint8Array, idleTtl: number) => Promise<'idle' | 'ended' | null>
  /** The id of one that was revoked within the last minute. */
  justEnded: (tokenHash: Uint8Array) => Promise<string | null>
  /** The epoch of an active session and how its user has logged in, read from the database. */
  standing: (id: string) => Promise<BrowserStanding | null>
  touch: (id: string) => Promise<void>
}

/** By default with the password, and now. */
type Login = SignedIn & Pick<NewBrowserSession, 'notices' | 'origin'> & Partial<Pick<NewBrowserSession, 'amr' | 'authTime'>>

export type BrowserSessions = {
  /**
   * Submitting the same `form` twice starts one session.
   * @returns the session and the value of its cookie, which is not stored
   */
  start: (user: Login, remember: boolean, caller: Caller, form?: FormId) => Promise<{ session: BrowserSession, token: string } | null>
  /** The session of a cookie value, or null. */
  find: (token: string | undefined) => Promise<BrowserSession | null>
  ended: (token: string | undefined) => Promise<'idle' | 'ended' | null>
  justEnded: (token: string | undefined) => Promise<string | null>
}

type Options = {
  store: BrowserSessionStore
  clock: Clock
  /** Whether the session was revoked after it was read from the database. */
  isRevoked: (session: BrowserSession) => boolean
  formSecrets: FormSecrets
  /** Seconds. */
  idleTtl: number
  ttl: number
  rememberTtl: number
}

/** Milliseconds for which a session is cached; a revocation from the feed ends it sooner. */
const TTL_MS = 5000
const MAX_ENTRIES = 10_000
/** RFC 8176 */
const PASSWORD = ['pwd']
const TOUCH_MS = 60_000

export function createBrowserSessions ({ store, clock, isRevoked, formSecrets, idleTtl, ttl, rememberTtl }: Options): BrowserSessions {
  const cache = createCache<BrowserSession>({ ttl: TTL_MS, max: MAX_ENTRIES, now: clock.monotonic })

  async function startWith (secret: Buffer, user: Login, remember: boolean, caller: Caller) {
    const token = secret.toString('base64url')
    const session = await store.create({
      id: uuidv7(), tokenHash: hashSecret(token), authTime: new Date(clock.now()), amr: PASSWORD, remember,
      ttl: remember ? rememberTtl : ttl, caller, ...user
    })
    return session && { session, token }
  }

  async function start (user: Login, remember: boolean, caller: Caller, form?: FormId) {
    const fresh = () => startWith(randomBytes(32), user, remember, caller)
    if (!form) return await fresh()
    const [secret, ...earlier] = formSecrets(form, user.userId, remember)
    for (const each of earlier) {
      const started = await startedBefore(each, user)
      if (started) return started
    }
    return await startWith(secret, user, remember, caller) ?? await startedBefore(secret, user) ?? await fresh()
  }

  /** The session that the same form started before, unless it has ended or is too old. */
  async function startedBefore (secret: Buffer, { passwordStamp }: SignedIn) {
    const token = secret.toString('base64url')
    const session = await store.findFor(hashSecret(token), idleTtl, passwordStamp)
    return session && clock.now() - session.authTime.getTime() < SAME_FORM * 1000 && !isRevoked(session) ? { session, token } : null
  }

  async function read (token: string): Promise<BrowserSession | null> {
    const known = cache.get(token)
    if (known) return known
    const session = await store.find(hashSecret(token), idleTtl)
    if (!session) return null
    cache.set(token, session)
    if (clock.now() - session.lastSeenAt.getTime() > TOUCH_MS) await store.touch(session.id)
    return session
  }

  async function find (token: string | undefined): Promise<BrowserSession | null> {
    const session = token ? await read(token) : null
    return session && session.expiresAt.getTime() > clock.now() && !isRevoked(session) ? session : null
  }

  const ended = async (token: string | undefined) => token ? await store.ended(hashSecret(token), idleTtl) : null

  const justEnded = async (token: string | undefined) => token ? await store.justEnded(hashSecret(token)) : null

  return { start, find, ended, justEnded }
}

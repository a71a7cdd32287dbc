import { v7 as uuidv7 } from 'uuid'
import { createCache } from '../runtime/cache.ts'
import type { Clock } from '../runtime/clock.ts'
import type { EventName, Events } from './events.ts'

/** An entry of the audit log. */
export type AuditEntry = {
  /** A UUID of version 7, so that entries of one millisecond keep their order. */
  id?: string
  type: string
  userId?: string | null
  clientId?: string | null
  sessionId?: string | null
  ip?: string | null
  userAgent?: string | null
  /** Further details; never a secret. */
  detail?: object
  /** Milliseconds since it happened. */
  ago?: number
}

export type AuditTrail = {
  /** Writes what is queued at once, for somebody who is about to read it. */
  written: () => Promise<void>
  /** Writes what is queued, and accepts no more. */
  stop: () => Promise<void>
}

type Options = {
  events: Events
  clock: Clock
  write: (entries: AuditEntry[]) => Promise<void>
  onError: (error: unknown, lost: number) => void
}

/** The statements that do or detect it write `session.reused`, `session.recovered`, `session.replayed_elsewhere` and `user.deleted`. */
export const AUDITED = [
  'login.succeeded',
  'login.incomplete',
  'login.failed',
  'session.ended',
  'user.registered',
  'user.invited',
  'user.deletion_requested',
  'user.restored',
  'password.changed',
  'password.reset_requested',
  'password.reset',
  'identifier.verified',
  'identifier.changed',
  'identifier.change_undone',
  'identity.linked',
  'identity.unlinked',
  'factor.added',
  'factor.removed',
  'recovery_codes.created',
  'recovery_code.used',
  'profile.changed',
  'client.created',
  'client.changed',
  'client.secret_rotated',
  'client.revoked',
  'personal_token.created',
  'personal_token.revoked',
  'device.approved',
  'device.denied'
] as const satisfies EventName[]

/** Events are written in batches, without delaying a request. */
const EVERY_MS = 100
const BATCH = 500
// A flood of wrong passwords must not fill the memory
const MAX_WAITING = 10_000
// Nor the disk: blocked attempts that continue are recorded once per this interval
const REPEATED_MS = 60_000

/** Writes security events to the audit log. A process that is killed loses those of the last moment. */
export function startAuditTrail ({ events, clock: { monotonic: now }, write, onError }: Options): AuditTrail {
  const waiting: { entry: AuditEntry, at: number }[] = []
  const told = createCache<true>({ ttl: REPEATED_MS, max: MAX_WAITING, now })
  let timer: NodeJS.Timeout | null = null
  let writing: Promise<void> = Promise.resolve()

  function isRepeated ({ ip, userId, detail }: AuditEntry): boolean {
    if ((detail as { reason?: string }).reason !== 'too_many_attempts') return false
    const key = JSON.stringify([ip, userId])
    if (told.get(key)) return true
    told.set(key, true)
    return false
  }

  function add (entry: AuditEntry): void {
    if (isRepeated(entry)) return
    if (waiting.length >= MAX_WAITING) return onError(new Error('Too many audit events at once'), 1)
    waiting.push({ entry: { id: uuidv7(), ...entry }, at: now() })
    timer ??= setTimeout(flush, EVERY_MS).unref()
  }

  function flush (): void {
    timer = null
    writing = writing.then(writeAll)
  }

  async function writeAll (): Promise<void> {
    while (waiting.length > 0) {
      const time = now()
      const batch = waiting.splice(0, BATCH).map(({ entry, at }) => ({ ...entry, ago: time - at }))
      await write(batch).catch((error: unknown) => onError(error, batch.length))
    }
  }

  const unsubscribes = AUDITED.map((name) => events.on(name, (details) => add(entryOf(name, details))))

  async function written (): Promise<void> {
    if (timer) clearTimeout(timer)
    flush()
    await writing
  }

  async function stop (): Promise<void> {
    for (const unsubscribe of unsubscribes) unsubscribe()
    await written()
  }

  return { written, stop }
}

export function entryOf (type: string, details: Partial<AuditEntry>): AuditEntry {
  const { userId = null, clientId = null, sessionId = null, ip = null, userAgent = null, ...detail } = details
  return { type, userId, clientId, sessionId, ip, userAgent, detail }
}

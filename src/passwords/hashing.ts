import { availableParallelism } from 'node:os'
import { HttpError } from '../http/http-error.ts'
import { bcryptDigest, named2b, SETTINGS_LENGTH, verifyBcrypt } from './bcrypt.ts'
import { loadArgon2, loadBcrypt } from './native-modules.ts'

/** Of a password in NFC; longer ones cannot be set. */
export const MAX_PASSWORD_BYTES = 1000
// No password of at most that many bytes has more UTF-16 units in any normalization form
const MAX_UNITS = 2 * MAX_PASSWORD_BYTES

/** argon2id parameters (RFC 9106): memory in KiB, number of passes. */
export type HashCost = { memoryCost: number, timeCost: number }

export type Verdict = {
  matches: boolean
  /** The stored hash is weaker than the settings require, or of another kind: store a new one. */
  outdated: boolean
  /** The scheme that was computed, and the milliseconds it took, without the wait in the queue. */
  scheme: string
  took: number
}

export type Passwords = {
  hash: (password: string) => Promise<string>
  /**
   * Takes the same time with and without a hash, and as long as the scheme of the hash takes.
   * @throws Overloaded
   */
  verify: (hash: string | null, password: string) => Promise<Verdict>
  /**
   * Wraps a hash of another system in argon2id, so that a stolen table is as hard to attack as with our own hashes. A hash that cannot be
   * wrapped is returned unchanged.
   * @throws Overloaded
   */
  wrap: (hash: string) => Promise<string>
  /**
   * Milliseconds to verify one password of a scheme; null for an unknown scheme.
   * @throws Overloaded
   */
  measure: (scheme: string) => Promise<number | null>
  /** The scheme of new hashes. */
  scheme: () => Promise<string>
  /** Number of hashes in the queue. */
  waiting: () => number
}

/** The queue of passwords to be hashed is full (`passwords.maxQueue`): 503 with `Retry-After`. Nothing was checked or written. */
export class Overloaded extends HttpError {
  constructor () {
    super('LK_OVERLOADED', { message: 'Too many logins at once, try again in a moment', retryAfter: 1 })
  }
}

const ARGON2ID = 2
const PROBE = 'a password that nobody has'

/** Hashes off the event loop, with limited concurrency, since each hash takes memory and a core. */
export async function createPasswords (cost: HashCost & { maxQueue: number }): Promise<Passwords> {
  const argon2 = await loadArgon2()
  const options = { algorithm: ARGON2ID, memoryCost: cost.memoryCost, timeCost: cost.timeCost, parallelism: 1 }
  const queue = createQueue(availableParallelism(), cost.maxQueue)

  async function hash (password: string): Promise<string> {
    const text = passwordText(password)
    if (text === null) throw new RangeError(`A password has at most ${MAX_PASSWORD_BYTES} bytes`)
    return await queue.run(() => argon2.hash(text, options))
  }

  // Unknown users, users without a password and unreadable hashes take as long as the others
  const nobody = argon2.hash(PROBE, options)

  /** @param raw as typed, which is what other systems hash */
  async function compare (known: string, text: string, raw: string): Promise<boolean> {
    if (isBcrypt(known)) return await verifyBcrypt(known, raw)
    const wrapped = wrappedParts(known)
    return wrapped ? await argon2.verify(wrapped.argon2, await bcryptDigest(wrapped.settings, raw)) : await argon2.verify(known, text)
  }

  async function verify (stored: string | null, password: string): Promise<Verdict> {
    const readable = stored !== null && (isArgon2(stored) || isBcrypt(stored) || wrappedParts(stored) !== null)
    const known = readable ? stored : await nobody
    // A password that is too long cannot have been set; verifying it takes the same time nevertheless
    const text = passwordText(password)
    const { value, took } = await queue.run(() => timed(() => compare(known, text ?? '', text === null ? '' : password)))
    return { matches: value && readable && text !== null, outdated: isOutdated(known, cost), scheme: schemeOf(known), took }
  }

  async function wrap (hash: string): Promise<string> {
    if (!isBcrypt(hash)) return hash
    const known = named2b(hash)
    return known.slice(0, SETTINGS_LENGTH) + await queue.run(() => argon2.hash(known.slice(SETTINGS_LENGTH), options))
  }

  async function measure (scheme: string): Promise<number | null> {
    const cost = costOf(scheme)
    if (!cost) return null
    const { took } = await queue.run(() => timed(async () => {
      if (cost.bcrypt !== undefined) await (await loadBcrypt()).hash(PROBE, cost.bcrypt)
      if (cost.argon2) await argon2.hash(PROBE, cost.argon2)
    }))
    return took
  }

  return { hash, verify, wrap, measure, scheme: async () => schemeOf(await nobody), waiting: queue.waiting }
}

/**
 * The normalized password that is hashed and measured, so that an accent typed on macOS and on Windows is the same character (RFC 8265
 * section 4.2). The length is limited before normalizing, because ordering combining marks takes time quadratic in their number.
 * @returns null when it is too long
 */
export function passwordText (typed: string): string | null {
  if (typed.length > MAX_UNITS) return null
  const text = typed.normalize('NFC')
  return Buffer.byteLength(text) > MAX_PASSWORD_BYTES ? null : text
}

async function timed<T> (work: () => Promise<T>): Promise<{ value: T, took: number }> {
  const begun = performance.now()
  const value = await work()
  return { value, took: performance.now() - begun }
}

function isOutdated (hash: string, cost: HashCost): boolean {
  const [, memory, time] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$/.exec(hash) ?? []
  return Number(memory ?? 0) < cost.memoryCost || Number(time ?? 0) < cost.timeCost
}

function createQueue (width: number, maxQueue: number) {
  const waiters: (() => void)[] = []
  let running = 0

  async function run<T> (work: () => Promise<T>): Promise<T> {
    if (running >= width && waiters.length >= maxQueue) throw new Overloaded()
    if (running >= width) await new Promise<void>((resolve) => waiters.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      // The slot passes to the next in line
      const next = waiters.shift()
      if (next) next()
      else running--
    }
  }

  return { run, waiting: () => waiters.length }
}

/**
 * What determines how long verifying a stored hash takes: the hash without salt and digest, such as `$2y$12$*`. The database has an index
 * on the same expression.
 */
function schemeOf (hash: string): string {
  return hash.slice(0, 300).replace(/[./A-Za-z0-9+]{10,}/g, '*').slice(0, 100)
}

const ARGON2 = /^\$argon2(id|i|d)\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{16,}$/
// Written by Laravel, Devise and others ($2a$, $2b$, $2y$)
const BCRYPT = /^\$2[abxy]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/
// Version, cost and salt of bcrypt, followed by argon2id over its digest
const WRAPPED = /^(\$2b\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{22})(\$argon2id\$.+)$/

const isArgon2 = (hash: string): boolean => ARGON2.test(hash)
const isBcrypt = (hash: string): boolean => BCRYPT.test(hash)

/** The bcrypt settings, and the argon2id hash of the bcrypt digest; null for other hashes. */
function wrappedParts (hash: string): { settings: string, argon2: string } | null {
  const [, settings, argon2] = WRAPPED.exec(hash) ?? []
  return settings !== undefined && argon2 !== undefined && isArgon2(argon2) ? { settings, argon2 } : null
}

/** What verifying a scheme computes, in this order; null for an unknown scheme. */
export function costOf (
  scheme: string
): { bcrypt?: number, argon2?: { algorithm: number, memoryCost: number, timeCost: number, parallelism: number } } | null {
  const [, rounds] = /^\$2[abxy]\$(\d\d)\$\*(?:$|\$argon2id\$)/.exec(scheme) ?? []
  const [, kind, memory, time, lanes] = /\$argon2(id|i|d)\$v=\d+\$m=(\d+),t=(\d+),p=(\d+)\$\*\$\*$/.exec(scheme) ?? []
  if (rounds === undefined && kind === undefined) return null
  return {
    ...(rounds !== undefined && { bcrypt: Number(rounds) }),
    ...(kind !== undefined &&
      {
        argon2: {
          algorithm: ['d', 'i', 'id'].indexOf(kind), memoryCost: Number(memory), timeCost: Number(time),
          parallelism: Number(lanes)
        }
      })
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../runtime/clock.ts'
import type { Log } from '../runtime/log.ts'
import { costOf, type Passwords, type Verdict } from './hashing.ts'

/** Stored hashes of all users. */
export type PasswordHashes = {
  /** Every stored scheme (`schemeOf` in hashing.ts). */
  schemes: () => Promise<string[]>
  /**
   * Replaces up to `limit` hashes of a bcrypt scheme by the results of `change`.
   * @returns how many were replaced
   */
  replaceBcrypt: (scheme: string, limit: number, change: (hash: string) => Promise<string>) => Promise<number>
}

export type LoginPace = {
  /** Waits until verifying the password has taken as long as the slowest stored scheme would. */
  rest: (check: Pick<Verdict, 'scheme' | 'took'>) => Promise<void>
  stop: () => Promise<void>
}

type Dependencies = {
  passwords: Pick<Passwords, 'measure' | 'scheme' | 'wrap'>
  passwordHashes: PasswordHashes
  clock: Clock
  log: Pick<Log, 'info' | 'warn'>
}

/**
 * Migrations from other systems insert rows by SQL, so a statement looks for new schemes in this interval. Requests do not wait for it, and
 * it runs less often where it is slow, without its index. Milliseconds.
 */
const LOOK_EVERY_MS = 5000
const REST_BETWEEN_LOOKS = 100
const SAMPLES = 15
/** Measurements taken of a new scheme. */
const FIRST_SAMPLES = 5
/** Factor on the median, since half of the measurements exceed the median itself. */
const MARGIN = 1.25
/** Small, because rows are locked while they are hashed. */
const BATCH = 10

/**
 * While hashes of other schemes exist, each login answers after the same time, whether or not the user exists; it waits on a timer, which
 * uses no CPU. Otherwise the duration of bcrypt, or of argon2id with other settings, would disclose that a user exists. Meanwhile bcrypt
 * hashes are wrapped in argon2id.
 */
export function createLoginPace ({ passwords, passwordHashes, clock: { monotonic: now }, log }: Dependencies): LoginPace {
  const samples = new Map<string, number[]>()
  const stopped = new AbortController()
  let target = 0
  let lookAgainAt = 0
  let looking: Promise<void> | undefined
  let wrapping: Promise<void> | undefined
  let known = new Set<string>()

  async function sample (scheme: string, count: number): Promise<void> {
    const taken = samples.get(scheme) ?? []
    for (let index = 0; index < count && !stopped.signal.aborted; index++) taken.push(await passwords.measure(scheme) ?? 0)
    samples.set(scheme, taken.slice(-SAMPLES))
  }

  async function measureAll (): Promise<void> {
    const own = await passwords.scheme()
    const begun = now()
    const found = await passwordHashes.schemes()
    const took = now() - begun
    lookAgainAt = begun + Math.max(LOOK_EVERY_MS, took * REST_BETWEEN_LOOKS)
    const readable = new Set([own, ...found.filter((scheme) => costOf(scheme) !== null)])
    if (readable.size === 1) target = 0
    else {
      for (const scheme of readable) await sample(scheme, samples.has(scheme) ? 1 : FIRST_SAMPLES)
      target = MARGIN * Math.max(...[...readable].map((scheme) => median(samples.get(scheme)!)))
    }
    known = readable
    const bare = [...readable].filter(isBare)
    if (bare.length > 0) wrapping ??= wrapAll(bare).finally(() => { wrapping = undefined })
  }

  async function wrapAll (schemes: string[]): Promise<void> {
    let count = 0
    try {
      for (const scheme of schemes) {
        for (let done = 1; done > 0 && !stopped.signal.aborted; count += done) {
          done = await passwordHashes.replaceBcrypt(scheme, BATCH, passwords.wrap)
        }
      }
    } catch (err) {
      if (!stopped.signal.aborted) {
        log.warn({ err }, 'Hashes of another system could not be wrapped in argon2id; the next check tries again')
      }
    }
    if (count > 0) log.info({ count }, 'Hashes of another system are wrapped in argon2id')
  }

  function look (): Promise<void> {
    lookAgainAt = now() + LOOK_EVERY_MS
    looking ??= measureAll().catch((err: unknown) => {
      if (!stopped.signal.aborted) log.warn({ err }, 'The kinds of stored passwords could not be read')
    }).finally(() => { looking = undefined })
    return looking
  }

  async function rest ({ scheme, took }: Pick<Verdict, 'scheme' | 'took'>): Promise<void> {
    // A new scheme is measured first
    if (!known.has(scheme)) await look()
    else if (now() > lookAgainAt) look().catch(() => {})
    if (target > took) await sleep(target - took)
  }

  async function stop (): Promise<void> {
    stopped.abort()
    await looking
    await wrapping
  }

  // Only the first login waits for it
  look().catch(() => {})
  return { rest, stop }
}

/** bcrypt that is not wrapped in argon2id. */
function isBare (scheme: string): boolean {
  const cost = costOf(scheme)
  return cost?.bcrypt !== undefined && cost.argon2 === undefined
}

function median (numbers: number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0
}

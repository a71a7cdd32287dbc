import { HttpError } from '../http/http-error.ts'

/** The failures that are allowed, and the seconds in which they are counted. */
export type Tier = readonly [failures: number, seconds: number]

export type CounterOptions = {
  name: string
  tiers: readonly Tier[]
  /**
   * When a blocked key starts being refused from memory: concurrent correct logins must not block their user, so a few excess attempts are
   * still checked against the database.
   */
  remember: 'at once' | 'when flooded'
}

export type Added = {
  /** Milliseconds to wait; 0 when the attempt may proceed. */
  wait: number
  /** Subtracts the attempt from the tiers that were not full. */
  takeBack: () => Promise<void>
}

/** Failures of one kind, in the database shared by all processes. Counts added in the same tick are one statement. */
export type Counter = {
  name: string
  /** Milliseconds for which a key is blocked, as far as this process has cached. Makes no query. */
  blockedFor: (key: string) => number
  add: (key: string) => Promise<Added>
}

export type CreateCounter = (options: CounterOptions) => Counter

export type Count = { counter: Counter, key: string }

export type Attempts = {
  /**
   * Makes no query.
   * @throws TooManyAttempts
   */
  refuseBlocked: (counts: Count[]) => void
  /**
   * @returns a function that subtracts the attempt again
   * @throws TooManyAttempts
   */
  add: (counts: Count[]) => Promise<() => Promise<void>>
  /**
   * Counts an attempt before the check, so that concurrent guesses are limited, and subtracts it unless the check returns null.
   * @throws TooManyAttempts
   */
  guard: <T>(counts: Count[], check: () => Promise<T | null>) => Promise<T | null>
}

/** Too many wrong passwords, codes or secrets, for one user or from one address: 429 with `Retry-After`. Nothing was checked. */
export class TooManyAttempts extends HttpError {
  declare readonly retryAfter: number
  constructor (milliseconds: number) {
    const seconds = Math.max(1, Math.ceil(milliseconds / 1000))
    super('LK_TOO_MANY_ATTEMPTS', {
      message: `Too many attempts, try again in ${seconds} second${seconds === 1 ? '' : 's'}`,
      retryAfter: seconds
    })
  }
}

export function createAttempts (onRefused: (counter: string) => void): Attempts {
  function refuseIf (counts: Count[], waits: number[]): void {
    const longest = Math.max(...waits)
    if (longest <= 0) return
    onRefused(counts[waits.indexOf(longest)]!.counter.name)
    throw new TooManyAttempts(longest)
  }

  const refuseBlocked = (counts: Count[]) => refuseIf(counts, counts.map(({ counter, key }) => counter.blockedFor(key)))

  async function add (counts: Count[]): Promise<() => Promise<void>> {
    const added = await Promise.all(counts.map(({ counter, key }) => counter.add(key)))
    const takeBack = async () => { await Promise.all(added.map(({ takeBack }) => takeBack())) }
    const waits = added.map(({ wait }) => wait)
    // An attempt that is not checked discloses nothing, so it must not fill the other counters
    if (waits.some((wait) => wait > 0)) await takeBack()
    refuseIf(counts, waits)
    return takeBack
  }

  async function guard<T> (counts: Count[], check: () => Promise<T | null>): Promise<T | null> {
    refuseBlocked(counts)
    const takeBack = await add(counts)
    let failed = false
    try {
      const result = await check()
      failed = result === null
      return result
    } finally {
      if (!failed) await takeBack()
    }
  }

  return { refuseBlocked, add, guard }
}

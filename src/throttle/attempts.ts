import { HttpError } from '../http/http-error.ts'

/** Failures that are allowed, and in how many seconds. */
export type Tier = readonly [failures: number, seconds: number]

export type CounterOptions = {
  name: string
  tiers: readonly Tier[]
  /**
   * From when on a blocked key is refused from memory: logins at once that are all right must not block their user, so those are forgiven
   * some.
   */
  remember: 'at once' | 'when flooded'
}

export type Added = {
  /** Milliseconds to wait; 0 when it may go on. */
  wait: number
  /** Of the tiers that were not full. */
  takeBack: () => Promise<void>
}

/** Failures of one kind, in the database that all processes share. What is added in one go is one statement. */
export type Counter = {
  name: string
  /** Milliseconds that a key is blocked, as far as this process remembers. Asks nobody. */
  blockedFor: (key: string) => number
  add: (key: string) => Promise<Added>
}

export type CreateCounter = (options: CounterOptions) => Counter

export type Count = { counter: Counter, key: string }

export type Attempts = {
  /** Asks nobody. @throws TooManyAttempts */
  refuseBlocked: (counts: Count[]) => void
  /** @returns how to take it back. @throws TooManyAttempts */
  add: (counts: Count[]) => Promise<() => Promise<void>>
  /** Counted before the check, so that guesses made at the same time count; only null costs it. @throws TooManyAttempts */
  guard: <T>(counts: Count[], check: () => Promise<T | null>) => Promise<T | null>
}

/** Passwords, codes or secrets were wrong too often, of one user or from one address: 429 with `Retry-After`. Nothing was checked. */
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
    // What is not checked tells nothing: it must not fill the counters of others
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

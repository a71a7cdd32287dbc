import { availableParallelism } from 'node:os'
import { HttpError } from '../http/http-error.ts'
import { bcryptDigest, named2b, SETTINGS_LENGTH, verifyBcrypt } from './bcrypt.ts'
import { loadArgon2, loadBcrypt } from './native-modules.ts'
import { costOf, isArgon2, isBcrypt, schemeOf, wrappedParts } from './hash-scheme.ts'
import { MAX_PASSWORD_BYTES, passwordText } from './text.ts'

/** argon2id parameters (RFC 9106): memory in KiB, passes. */
export type HashCost = { memoryCost: number, timeCost: number }

export type Verdict = {
  matches: boolean
  /** The stored hash is weaker than the settings ask for, or of another kind: write a new one. */
  outdated: boolean
  /** What was computed, and for how many milliseconds; waiting for a turn does not count. */
  scheme: string
  took: number
}

export type Passwords = {
  hash: (password: string) => Promise<string>
  /** Costs the same whether there is a hash or not, but as much as its scheme costs. @throws Overloaded */
  verify: (hash: string | null, password: string) => Promise<Verdict>
  /**
   * A hash of another system as it is kept: within argon2id, so that a stolen table is worth no more than ours. One that cannot be wrapped
   * stays. @throws Overloaded
   */
  wrap: (hash: string) => Promise<string>
  /** Milliseconds of one check of a scheme; null for one that nobody can read. @throws Overloaded */
  measure: (scheme: string) => Promise<number | null>
  /** Of new hashes. */
  scheme: () => Promise<string>
  /** Hashes that wait for their turn. */
  waiting: () => number
}

/** More passwords wait to be hashed than may wait (`passwords.maxQueue`): 503 with `Retry-After`. Nothing was checked or written. */
export class Overloaded extends HttpError {
  constructor () {
    super('LK_OVERLOADED', { message: 'Too many logins at once, try again in a moment', retryAfter: 1 })
  }
}

const ARGON2ID = 2
const PROBE = 'a password that nobody has'

/** Hashing off the event loop, a bounded number at once: each takes its memory and a core. */
export async function createPasswords (cost: HashCost & { maxQueue: number }): Promise<Passwords> {
  const argon2 = await loadArgon2()
  const options = { algorithm: ARGON2ID, memoryCost: cost.memoryCost, timeCost: cost.timeCost, parallelism: 1 }
  const queue = createQueue(availableParallelism(), cost.maxQueue)

  async function hash (password: string): Promise<string> {
    const text = passwordText(password)
    if (text === null) throw new RangeError(`A password has at most ${MAX_PASSWORD_BYTES} bytes`)
    return await queue.run(() => argon2.hash(text, options))
  }

  // Unknown users, users without a password and hashes that nobody can read cost what the others cost
  const nobody = argon2.hash(PROBE, options)

  /** @param raw as it was typed: other systems hash that */
  async function compare (known: string, text: string, raw: string): Promise<boolean> {
    if (isBcrypt(known)) return await verifyBcrypt(known, raw)
    const wrapped = wrappedParts(known)
    return wrapped ? await argon2.verify(wrapped.argon2, await bcryptDigest(wrapped.settings, raw)) : await argon2.verify(known, text)
  }

  async function verify (stored: string | null, password: string): Promise<Verdict> {
    const readable = stored !== null && (isArgon2(stored) || isBcrypt(stored) || wrappedParts(stored) !== null)
    const known = readable ? stored : await nobody
    // One that is too long cannot have been set; it costs the same all the same
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
      // The place passes on to the next in line
      const next = waiters.shift()
      if (next) next()
      else running--
    }
  }

  return { run, waiting: () => waiters.length }
}

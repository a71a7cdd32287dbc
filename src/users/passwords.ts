import { availableParallelism } from 'node:os'
import { MAX_PASSWORD_BYTES, passwordText } from './password-text.ts'

/** argon2id parameters (RFC 9106): memory in KiB, passes. */
export type HashCost = { memoryCost: number, timeCost: number }

export type Verdict = {
  matches: boolean
  /** The stored hash is weaker than the settings ask for, or of another kind: write a new one. */
  outdated: boolean
}

export type Passwords = {
  hash: (password: string) => Promise<string>
  /** Costs the same whether there is a hash or not. @throws Overloaded */
  verify: (hash: string | null, password: string) => Promise<Verdict>
  /** Hashes that wait for their turn. */
  waiting: () => number
}

/** The queue of password hashes is full: answer 503 with `Retry-After`. */
export class Overloaded extends Error {
  readonly retryAfter = 1
  constructor () {
    super('Too many logins at once, try again in a moment')
    this.name = 'Overloaded'
  }
}

const ARGON2ID = 2
const ARGON2 = /^\$argon2(id|i|d)\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{16,}$/

/** Hashing off the event loop, a bounded number at once: each takes its memory and a core. */
export async function createPasswords (cost: HashCost & { maxQueue: number }): Promise<Passwords> {
  const argon2 = await import('@node-rs/argon2')
  const options = { algorithm: ARGON2ID, memoryCost: cost.memoryCost, timeCost: cost.timeCost, parallelism: 1 }
  const queue = createQueue(availableParallelism(), cost.maxQueue)

  async function hash (password: string): Promise<string> {
    const text = passwordText(password)
    if (text === null) throw new RangeError(`A password has at most ${MAX_PASSWORD_BYTES} bytes`)
    return await queue.run(() => argon2.hash(text, options))
  }

  // Unknown users, users without a password and hashes that nobody can read cost what the others cost
  const nobody = argon2.hash('a password that nobody has', options)

  async function verify (stored: string | null, password: string): Promise<Verdict> {
    const readable = stored !== null && (isBcrypt(stored) || ARGON2.test(stored))
    const known = readable ? stored : await nobody
    // One that is too long cannot have been set; it costs the same all the same
    const text = passwordText(password)
    const matches = await queue.run(() => isBcrypt(known) ? verifyBcrypt(known, text === null ? '' : password) : argon2.verify(known, text ?? ''))
    return { matches: matches && readable && text !== null, outdated: isOutdated(known, cost) }
  }

  return { hash, verify, waiting: queue.waiting }
}

/** True for the hashes that Laravel, Devise and others write ($2a$, $2b$, $2y$). */
function isBcrypt (hash: string): boolean {
  return /^\$2[abxy]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/.test(hash)
}

async function verifyBcrypt (hash: string, password: string): Promise<boolean> {
  const bcrypt = await import('@node-rs/bcrypt')
  return bcrypt.verify(password, hash.replace(/^\$2[axy]\$/, '$2b$'))
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

import { createHmac } from 'node:crypto'
import { networkOf } from '../http/caller.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Caller } from '../oauth/ports.ts'
import {
  createAttempts, TooManyAttempts, type Attempts, type Count, type CounterOptions, type CreateCounter,
  type Tier
} from './attempts.ts'
import type { Identifier } from '../users/attributes.ts'
import type { KnownDevices } from './known-devices.ts'

/**
 * Only a check that returns null counts as an attempt.
 * @throws TooManyAttempts without running the check
 */
type Guard = <T>(check: () => Promise<T | null>) => Promise<T | null>

export type LoginAttempt = {
  /** @param userId the user of the identifiers, or null */
  guard: (userId: string | null) => Guard
  /** Whether the user has logged in from this device before. */
  knows: (userId: string) => boolean
  /** The proof that the user's device presents at the next login. @param passedFactor whether this one had a second factor */
  device: (userId: string, passedFactor?: boolean) => string | undefined
}

export type Throttle = {
  /** @throws TooManyAttempts before the user is looked up, when the address is known to be blocked */
  login: (candidates: Identifier[], caller: Caller) => LoginAttempt
  /** Counted per session first: the holder of a stolen session cannot use up the attempts of the user. */
  currentPassword: (userId: string, sessionId: string) => Guard
  /**
   * Codes of second factors. A device on which the user has passed one has a counter of its own: whoever has the password cannot lock the
   * user out. Devices that are known by the password alone share one, since anybody who has it can get any number of them.
   */
  secondFactor: (userId: string, caller: Caller) => Guard
  /** Codes shown by devices and typed in by a user. */
  userCode: (userId: string, ip: string) => Guard
  /** Codes sent to an identifier, over all logins and sessions. @param keys each is counted */
  oneTimeCode: (keys: readonly (readonly string[])[]) => Guard
  /**
   * Counts changes by a user of what they log in with: each sends a message to somebody, or tells whether a value is taken.
   * @throws TooManyAttempts
   */
  identifierChange: (userId: string) => Promise<void>
  /**
   * Counts a mail or text message to somebody.
   * @param recipient what it goes to, after a word for messages that are counted apart. Nobody has a counter, too: that costs the same
   * @returns false when there were enough
   */
  message: (...recipient: string[]) => Promise<boolean>
  /** Counts a text message to a number, and to all numbers. @returns false when there were enough */
  textMessage: (number: string) => Promise<boolean>
  clientSecret: {
    /**
     * Makes no query while no client is blocked.
     * @throws TooManyAttempts
     */
    check: (clientId: string, ip: string) => void
    /**
     * @param clientId null for one that does not exist
     * @throws TooManyAttempts when the failure exceeds the limit
     */
    failed: (clientId: string | null, ip: string) => Promise<void>
  }
}

type Dependencies = {
  counter: CreateCounter
  devices: KnownDevices
  /** Counter keys are HMACs under it, so that the table discloses no identifier or address. */
  secret: Buffer
  clock: Clock
  /** Text messages in 24 hours, to all numbers. */
  smsPerDay: number
  onRefused: (counter: string) => void
}

type Parts = Attempts & { devices: KnownDevices, clock: Clock, keyOf: (...parts: string[]) => string, counterOf: CounterOf }
type CounterOf = (name: keyof typeof TIERS, remember?: CounterOptions['remember']) => Count['counter']

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Attempts beyond the first limit reach the next one, with a longer wait. */
const TIERS = {
  /** One identifier from one address. */
  identifier: [[5, MINUTE], [20, HOUR], [60, DAY]],
  address: [[60, MINUTE], [600, HOUR]],
  /** One user from unknown devices, at any address. */
  user: [[20, 15 * MINUTE], [100, DAY]],
  /** A known device of the user, which is not counted in any of the above: strangers cannot lock the user out. */
  device: [[10, MINUTE], [50, HOUR], [200, DAY]],
  /** Within one session. */
  current_password: [[5, MINUTE], [20, HOUR], [60, DAY]],
  /** All sessions of a user: several times the limit of one session. */
  all_current_passwords: [[60, HOUR], [240, DAY]],
  /** Enough for typing errors; guessing 34 bits at this rate is not feasible (RFC 8628 section 5.1). */
  user_code: [[10, MINUTE], [40, HOUR]],
  /** A code has a million values and five tries: this leaves one in 100,000 a day. */
  one_time_code: [[10, DAY]],
  /** Of one user, from unknown devices. A code has a million values, of which three are right: this leaves one in 8,000 a day. */
  second_factor: [[5, MINUTE], [20, HOUR], [40, DAY]],
  second_factor_device: [[10, MINUTE], [30, HOUR], [60, DAY]],
  message: [[1, MINUTE], [5, HOUR], [20, DAY]],
  /** They cost money. */
  sms: [[1, MINUTE], [3, HOUR], [10, DAY]],
  identifier_change: [[10, HOUR], [30, DAY]],
  client: [[30, MINUTE], [300, HOUR]]
} satisfies Record<string, Tier[]>

export function createThrottle ({ counter, devices, secret, clock, smsPerDay, onRefused }: Dependencies): Throttle {
  const attempts = createAttempts(onRefused)
  const parts: Parts = {
    ...attempts,
    devices,
    clock,
    keyOf: (...parts) => createHmac('sha256', secret).update(JSON.stringify(parts)).digest('base64url'),
    counterOf: (name, remember = 'when flooded') => counter({ name, tiers: TIERS[name], remember })
  }
  const [passwords, allPasswords] = [parts.counterOf('current_password'), parts.counterOf('all_current_passwords')]
  const [userCodes, codes, messages, changes] = [
    parts.counterOf('user_code'), parts.counterOf('one_time_code'), parts.counterOf('message'), parts.counterOf('identifier_change')
  ]
  const [factors, ownFactors] = [parts.counterOf('second_factor'), parts.counterOf('second_factor_device')]
  const texts = parts.counterOf('sms')
  const allTexts = counter({ name: 'sms_day', tiers: [[smsPerDay, DAY]], remember: 'at once' })
  return {
    login: createLogin(parts),
    currentPassword: (userId, sessionId) => (check) =>
      attempts.guard([
        { counter: passwords, key: parts.keyOf(userId, sessionId) },
        { counter: allPasswords, key: parts.keyOf(userId) }
      ], check),
    secondFactor: (userId, caller) => (check) => {
      const device = devices.read(caller.device)
      const own = device?.userId === userId ? device : null
      const key = parts.keyOf(userId, ...(own?.passedFactor ? [own.id.toString('base64url')] : []))
      return attempts.guard([{ counter: own ? ownFactors : factors, key }], check)
    },
    userCode: (userId, ip) => (check) =>
      attempts.guard([
        { counter: userCodes, key: parts.keyOf('user', userId) },
        { counter: userCodes, key: parts.keyOf('address', networkOf(ip)) }
      ], check),
    oneTimeCode: (keys) => (check) => attempts.guard(keys.map((key) => ({ counter: codes, key: parts.keyOf(...key) })), check),
    identifierChange: async (userId) => { await attempts.add([{ counter: changes, key: parts.keyOf(userId) }]) },
    message: (...recipient) => attempts.add([{ counter: messages, key: parts.keyOf(...recipient) }]).then(() => true, ifRefused),
    textMessage: (number) =>
      attempts.add([{ counter: texts, key: parts.keyOf(number) }, { counter: allTexts, key: parts.keyOf('all') }]).then(() => true, ifRefused),
    clientSecret: createClientSecret(parts)
  }
}

function createLogin ({ refuseBlocked, guard, devices, keyOf, counterOf }: Parts): Throttle['login'] {
  const [identifiers, addresses, users, ownDevices] = [
    counterOf('identifier'),
    counterOf('address'),
    counterOf('user'),
    counterOf('device')
  ]

  return (candidates, caller) => {
    const network = networkOf(caller.ip)
    const device = devices.read(caller.device)
    const near = [
      { counter: addresses, key: keyOf(network) },
      ...candidates.map(({ attribute, value }) => ({ counter: identifiers, key: keyOf(attribute, value, network) }))
    ]
    if (!device) refuseBlocked(near)

    function countsOf (userId: string | null): Count[] {
      if (device && device.userId === userId) return [{ counter: ownDevices, key: keyOf(userId, device.id.toString('base64url')) }]
      // Identifiers that belong to nobody are counted in the same way, or the limit would disclose whether a user exists
      const owners = userId === null ? candidates.map(({ attribute, value }) => keyOf(attribute, value)) : [keyOf(userId)]
      return [...near, ...owners.map((key) => ({ counter: users, key }))]
    }

    return {
      // Refuses blocked keys again: others may have failed while the user was looked up
      guard: (userId) => (check) => guard(countsOf(userId), check),
      knows: (userId) => device?.userId === userId,
      device: (userId, passedFactor) => devices.renew(userId, device, passedFactor)
    }
  }
}

/** High-entropy secrets need not be counted before they are compared, so a right one costs no statement. */
function createClientSecret ({ refuseBlocked, add, keyOf, counterOf, clock: { monotonic: now } }: Parts): Throttle['clientSecret'] {
  const clients = counterOf('client', 'at once')
  // Clients that do not exist share one counter per address, because their number is unlimited
  const countsOf = (clientId: string | null, ip: string) => [{ counter: clients, key: keyOf(clientId ?? '', networkOf(ip)) }]
  let someBlockedUntil = -Infinity

  return {
    check (clientId, ip) {
      if (now() < someBlockedUntil) refuseBlocked(countsOf(clientId, ip))
    },
    async failed (clientId, ip) {
      try {
        await add(countsOf(clientId, ip))
      } catch (error) {
        if (error instanceof TooManyAttempts) someBlockedUntil = Math.max(someBlockedUntil, now() + error.retryAfter * 1000)
        throw error
      }
    }
  }
}

function ifRefused (error: unknown): false {
  if (error instanceof TooManyAttempts) return false
  throw error
}

/** RATE_LIMIT=off. */
export const noThrottle: Throttle = {
  login: () => ({ guard: () => (check) => check(), knows: () => true, device: () => undefined }),
  currentPassword: () => (check) => check(),
  secondFactor: () => (check) => check(),
  userCode: () => (check) => check(),
  oneTimeCode: () => (check) => check(),
  identifierChange: async () => {},
  message: async () => true,
  textMessage: async () => true,
  clientSecret: { check: () => {}, failed: async () => {} }
}

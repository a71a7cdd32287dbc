import type { DerivedKeys } from '../crypto/app-key.ts'
import { originOf, type Events } from '../events/events.ts'
import type { Caller } from '../oauth/ports.ts'
import type { ProvenUser } from '../oauth/token/issue-tokens.ts'
import { proofOf, userIdOf, type AuthSession, type AuthSessions, type Pending } from '../sessions/auth-sessions.ts'
import { TooManyAttempts } from '../throttle/attempts.ts'
import type { Throttle } from '../throttle/throttle.ts'
import { MFA, type Missing } from '../users/missing.ts'
import type { NewDevice } from '../users/new-device.ts'
import type { Users } from '../users/ports.ts'
import type { Entered, FactorStore, Way } from './ports.ts'
import { hashRecoveryCode, openSecret, sixDigits } from './secrets.ts'
import { totpStep } from './totp.ts'

/** A code for a login at which the second factor is missing. */
export type Attempt = {
  /** The auth session, as it was answered, ... */
  authSession: string
  /** ... and the client that it must belong to; null on our own pages. */
  clientId: string | null
  /** Undefined: the code says by its form what it is. */
  factor: string | undefined
  code: string
  caller: Caller
}

/**
 * A login that is complete, and what it was for; its auth session is used up. `device` is the proof to present at the next login.
 * `refused`: `wrong` code, or what is missing before the second factor.
 */
export type Passed =
  | { user: ProvenUser, pending: Pending, device: string | undefined, refused?: never }
  | { user?: never, pending?: never, device?: never, refused: 'wrong' | 'expired' | Missing }

export type Challenge = {
  /** With what the user can go on. */
  waysOf: (userId: string) => Promise<Way[]>
  /** @throws TooManyAttempts */
  pass: (attempt: Attempt) => Promise<Passed>
}

type Dependencies = {
  store: Pick<FactorStore, 'list' | 'recoveryCodesLeft' | 'secrets' | 'pass'>
  authSessions: Pick<AuthSessions, 'find' | 'countTry'>
  users: Pick<Users, 'findForEntry'>
  throttle: Pick<Throttle, 'secondFactor' | 'login'>
  keys: DerivedKeys
  /** Null where nobody is told. */
  newDevice: NewDevice | null
  events: Pick<Events, 'emit'>
  now: () => number
}

export function createChallenge ({ store, authSessions, users, throttle, keys, newDevice, events, now }: Dependencies): Challenge {
  async function waysOf (userId: string): Promise<Way[]> {
    const [factors, left] = await Promise.all([store.list(userId), store.recoveryCodesLeft(userId)])
    return [...new Set<Way>([...factors.map(({ kind }) => kind), ...(left > 0 ? ['recovery_code' as const] : [])])]
  }

  /** What a code of six digits is of; null for a wrong one. */
  async function readTotp (userId: string, code: string): Promise<Entered | null> {
    const digits = sixDigits(code)
    if (digits === null) return null
    for (const sealed of await store.secrets(userId)) {
      const secret = openSecret(keys, sealed)
      const step = secret === null ? null : totpStep(secret, digits, now())
      if (step !== null) return { factorId: sealed.id, step }
    }
    return null
  }

  type Login = AuthSession & { userId: string }

  /** `otp` for both: a recovery code is a password for one time, too. */
  async function passWith (login: Login, { factor, code, caller }: Attempt): Promise<boolean> {
    const way = factor ?? (sixDigits(code) === null ? 'recovery_code' : 'totp')
    if (way === 'recovery_code') return await store.pass(login, { recoveryCode: hashRecoveryCode(code) })
    if (way !== 'totp') return false
    const check = async () => {
      const entered = await readTotp(login.userId, code)
      return entered && await store.pass(login, entered) ? true : null
    }
    return await throttle.secondFactor(login.userId, caller)(check) === true
  }

  function tellFailure ({ userId, clientId }: Login, reason: 'wrong_factor' | 'too_many_attempts', caller: Caller): void {
    events.emit('login.failed', { userId, clientId, reason, ...originOf(caller) })
  }

  async function tellRecovery (userId: string, caller: Caller): Promise<void> {
    events.emit('recovery_code.used', { userId, left: await store.recoveryCodesLeft(userId), ...originOf(caller) })
  }

  async function pass (attempt: Attempt): Promise<Passed> {
    const { authSession, clientId, caller } = attempt
    const found = await authSessions.find(authSession, clientId)
    if (!found) return { refused: 'expired' }
    const { passwordStamp, proven, pending } = found
    const login = { ...found, userId: userIdOf(found) }
    const { userId } = login
    const user = await users.findForEntry(userId, proven)
    if (!user || user.disabled) return { refused: 'expired' }
    const [first = 'expired'] = user.missing
    if (first !== 'second_factor') return { refused: first }
    const device = throttle.login([], caller)
    // Counted before it is compared, so that codes at once do not pass the limit
    if (!await authSessions.countTry(login)) return { refused: 'expired' }
    try {
      if (!await passWith(login, attempt)) {
        tellFailure(login, 'wrong_factor', caller)
        return { refused: 'wrong' }
      }
    } catch (error) {
      if (error instanceof TooManyAttempts) tellFailure(login, 'too_many_attempts', caller)
      throw error
    }
    if (isRecovery(attempt)) await tellRecovery(userId, caller)
    const notices = newDevice && !device.knows(userId) ? await newDevice(userId, caller) : []
    const amr = [...new Set([...proven, 'otp', MFA])]
    const proof = proofOf(pending)
    return { user: { userId, passwordStamp, amr, missing: [], notices, ...proof }, pending, device: device.device(userId, true) }
  }

  return { waysOf, pass }
}

const isRecovery = ({ factor, code }: Attempt) => factor === 'recovery_code' || (factor === undefined && sixDigits(code) === null)

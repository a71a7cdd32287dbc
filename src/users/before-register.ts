import type { FieldErrors } from '../http/field-errors.ts'
import type { Caller } from '../oauth/ports.ts'
import type { Identifier } from './attributes.ts'
import { askHook, type Refusal } from './host-hook.ts'

/** What somebody has entered to register, checked and normalized; never the password. */
export type RegistrationAttempt = {
  name: string | null
  /** The value of each login attribute that was given, such as `email`. */
  attributes: Record<string, string>
  /** By an invitation, which has verified its address. */
  isInvited: boolean
  ip: string | null
  userAgent: string | null
}

/** Shown to whoever registers. `field` is a login attribute or `name`; without one the reason is for the whole form. */
export type RegistrationRefusal = Refusal

/**
 * Decides whether somebody may register, before anything is written; it is also asked about addresses that have an account. It has a
 * second, after which `signal` is aborted. When it fails, the answer is 503.
 * @returns nothing, or why not
 */
export type BeforeRegister = (attempt: RegistrationAttempt, options: { signal: AbortSignal }) =>
  RegistrationRefusal | undefined | Promise<RegistrationRefusal | undefined> | Promise<void> | void

type Attempt = { name: string | null, identifiers: Identifier[], isInvited: boolean, caller: Caller | undefined }

const HOOK = { name: 'beforeRegister', whole: 'registration', code: 'LK_REGISTRATION_UNAVAILABLE' } as const

/**
 * @returns the errors of a refusal, or null
 * @throws HttpError LK_REGISTRATION_UNAVAILABLE
 */
export type AskHost = (attempt: Attempt) => Promise<FieldErrors | null>

export const createAskHost = (hook: BeforeRegister): AskHost => async ({ name, identifiers, isInvited, caller }) => {
  const attributes = Object.fromEntries(identifiers.map(({ attribute, display }) => [attribute, display]))
  const attempt = { name, attributes, isInvited, ip: caller?.ip ?? null, userAgent: caller?.userAgent ?? null }
  return await askHook(HOOK, async (signal) => await hook(attempt, { signal }))
}

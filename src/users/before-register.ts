import type { FieldErrors } from '../http/field-errors.ts'
import { HttpError } from '../http/http-error.ts'
import type { Caller } from '../oauth/ports.ts'
import type { Identifier } from './attributes.ts'

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
export type RegistrationRefusal = { field?: string, reason: string }

/**
 * Decides whether somebody may register, before anything is written; it is also asked about addresses that have an account. It has a
 * second, after which `signal` is aborted. When it fails, the answer is 503.
 * @returns nothing, or why not
 */
export type BeforeRegister = (attempt: RegistrationAttempt, options: { signal: AbortSignal }) =>
  RegistrationRefusal | undefined | Promise<RegistrationRefusal | undefined> | Promise<void> | void

type Attempt = { name: string | null, identifiers: Identifier[], isInvited: boolean, caller: Caller | undefined }

const LIMIT_MS = 1000
/** The field of a reason for the whole form. */
const WHOLE = 'registration'

/**
 * @returns the errors of a refusal, or null
 * @throws HttpError LK_REGISTRATION_UNAVAILABLE
 */
export type AskHost = (attempt: Attempt) => Promise<FieldErrors | null>

export const createAskHost = (hook: BeforeRegister): AskHost => async ({ name, identifiers, isInvited, caller }) => {
  const attributes = Object.fromEntries(identifiers.map(({ attribute, display }) => [attribute, display]))
  const attempt = { name, attributes, isInvited, ip: caller?.ip ?? null, userAgent: caller?.userAgent ?? null }
  const refusal = await withLimit(async (signal) => await hook(attempt, { signal }))
  if (refusal === undefined || refusal === null) return null
  const { field = WHOLE, reason } = refusal as Partial<RegistrationRefusal>
  if (typeof reason !== 'string' || reason === '') throw unavailable(new TypeError('beforeRegister returns nothing, or { reason, field? }'))
  return { [field]: [{ code: 'refused', reason }] }
}

async function withLimit<T> (work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const over = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      over.abort()
      reject(new Error(`beforeRegister took longer than ${LIMIT_MS} ms`))
    }, LIMIT_MS)
  })
  try {
    return await Promise.race([work(over.signal), late])
  } catch (error) {
    throw unavailable(error)
  } finally {
    clearTimeout(timer)
  }
}

function unavailable (cause: unknown): HttpError {
  return new HttpError('LK_REGISTRATION_UNAVAILABLE', { cause })
}

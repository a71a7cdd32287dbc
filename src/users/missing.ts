/** What a user must do before a token or a browser session is created for them. */
export type Missing = 'restoration' | 'email_verification' | 'second_factor' | 'factor_enrolment'

const NOTHING_MISSING: readonly Missing[] = []
export const EMAIL_VERIFICATION: readonly Missing[] = ['email_verification']
/** In `amr` (RFC 8176): the login has proven two things of different kinds. */
export const MFA = 'mfa'

/** Somebody who is logged in, or has proven something so far. */
export type Proven = {
  userId: string
  /** How (RFC 8176). */
  amr: readonly string[]
  /** Whether the user has a second factor that was not proven, where that is known. */
  lacksFactor?: boolean | undefined
}

/** What is known of a user who logs in. */
export type LoginFacts = {
  /** The deletion of the account was requested. Whatever else is missing is asked for after it is restored. */
  isLeaving: boolean
  /** Whether an address is verified; undefined where none must be. */
  verified: boolean | undefined
  /** Whether the user has a second factor; false where factors are off. */
  secondFactor: boolean
  /** A second factor is required of the user, who has none. */
  mustEnrol?: boolean
}

/**
 * What is still missing, in the order in which it is asked for. Every door asks this function.
 * @param proven how the user has proven who they are so far (RFC 8176)
 */
export function stillMissing (
  { isLeaving, verified, secondFactor, mustEnrol = false }: LoginFacts, proven: readonly string[]
): readonly Missing[] {
  if (isLeaving) return ['restoration']
  const needsFactor = secondFactor && !proven.includes(MFA)
  if (verified !== false && !needsFactor && !mustEnrol) return NOTHING_MISSING
  return [
    ...(verified === false ? EMAIL_VERIFICATION : []),
    ...(needsFactor ? ['second_factor' as const] : []),
    ...(mustEnrol ? ['factor_enrolment' as const] : [])
  ]
}

/** The error that tells it, to those who know the password. */
export const MISSING_ERRORS = {
  email_verification: { code: 'LK_EMAIL_NOT_VERIFIED', description: 'The e-mail address is not verified' },
  restoration: { code: 'LK_DELETION_SCHEDULED', description: 'The account will be deleted, and can be restored' },
  second_factor: { code: 'LK_INSUFFICIENT_AUTHORIZATION', description: 'A second factor is needed' },
  factor_enrolment: { code: 'LK_FACTOR_ENROLMENT_REQUIRED', description: 'A second factor must be set up' }
} as const satisfies Record<Missing, { code: string, description: string }>

export type MissingCode = (typeof MISSING_ERRORS)[Missing]['code']

const CODES: ReadonlySet<string | undefined> = new Set(Object.values(MISSING_ERRORS).map(({ code }) => code))

export function isMissingCode (code: string | undefined): code is MissingCode {
  return CODES.has(code)
}

import { MFA } from '../users/missing.ts'

/**
 * Authentication context classes, the weakest first: `0` says nothing about the strength of a login, and `mfa`, a value of our own, that
 * two things of different kinds were proven.
 */
export const ACR_VALUES = ['0', 'mfa'] as const
export type Acr = (typeof ACR_VALUES)[number]

/** The class of a login, which follows from how the user has proven who they are (RFC 8176). */
export function acrOf (amr: readonly string[]): Acr {
  return amr.includes(MFA) ? 'mfa' : '0'
}

/** Whether a login has at least the given class. No login has a class that is not ours. */
export function reachesAcr (amr: readonly string[], wanted: unknown): boolean {
  return isAcr(wanted) && ACR_VALUES.indexOf(acrOf(amr)) >= ACR_VALUES.indexOf(wanted)
}

export function isAcr (value: unknown): value is Acr {
  return (ACR_VALUES as readonly unknown[]).includes(value)
}

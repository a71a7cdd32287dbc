import type { BearerRefusal } from '../../src/events/events.ts'
import { MALFORMED, UNKNOWN_KEY } from '../../src/keys/token-key.ts'

/** By the code of fast-jwt, which @fastify/jwt passes on as the cause or as it is. */
const BY_CODE: Record<string, BearerRefusal> = {
  FAST_JWT_EXPIRED: 'expired',
  FAST_JWT_MALFORMED: 'malformed',
  FAST_JWT_INVALID_SIGNATURE: 'bad_signature',
  [MALFORMED]: 'malformed',
  [UNKNOWN_KEY]: 'unknown_key',
  FAST_JWT_INVALID_TYPE: 'wrong_type'
}

/** Why a signature or a claim was refused, as a code: a message may hold what the caller sent. */
export function refusalOf (error: unknown): BearerRefusal {
  const { code = '', message = '', cause } = error as { code?: string, message?: string, cause?: unknown }
  if (code === 'FAST_JWT_INVALID_CLAIM_VALUE') {
    if (message.includes('iss claim')) return 'wrong_issuer'
    if (message.includes('aud claim')) return 'wrong_audience'
  }
  const known = BY_CODE[code]
  if (known) return known
  return cause ? refusalOf(cause) : 'invalid'
}

/** A reason of the list of revocations as a code. */
export function codeOf (reason: string): BearerRefusal {
  return reason.replaceAll(' ', '_') as BearerRefusal
}

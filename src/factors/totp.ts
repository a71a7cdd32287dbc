import { Secret, TOTP } from 'otpauth'

/** Bytes: the length of the hash (RFC 4226 section 4). */
const SECRET_BYTES = 20
/** Steps of 30 seconds before and after that are accepted, since clocks differ (RFC 6238 section 5.2). */
const DRIFT = 1

export function newTotpSecret (): string {
  return new Secret({ size: SECRET_BYTES }).base32
}

/** What an authenticator app reads from a QR code. @param label who it is; @param issuer where */
export function totpUri (secret: string, { issuer, label }: { issuer: string, label: string }): string {
  return new TOTP({ issuer, label, secret: Secret.fromBase32(secret) }).toString()
}

/** @returns the time step of a code of six digits (RFC 6238), or null when it is none of now; @param now milliseconds */
export function totpStep (secret: string, code: string, now: number): number | null {
  const totp = new TOTP({ secret: Secret.fromBase32(secret) })
  const delta = totp.validate({ token: code, timestamp: now, window: DRIFT })
  return delta === null ? null : totp.counter({ timestamp: now }) + delta
}

import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Client } from '../oauth/ports.ts'

/** SHA-256, which suffices for secrets of 256 random bits, since they cannot be guessed. */
export function hashSecret (secret: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return hash('sha256', secret, 'buffer') as Buffer<ArrayBuffer>
}

/** A client secret: 256 random bits with a prefix known to secret scanners. */
export function newClientSecret (): string {
  return `lk_cs_${randomBytes(32).toString('base64url')}`
}

const CLIENT = 'lk_client_'

export function newClientId (): string {
  return CLIENT + randomBytes(15).toString('hex')
}

/** The prefix distinguishes a client from a user, whose id is a UUID. */
export function isClientId (id: string): boolean {
  return id.startsWith(CLIENT)
}

/** Whether it is the client's secret, or the previous one during the overlap. */
export function isClientSecret (
  { secretHash, previousSecretHash, previousSecretUntil }: Pick<Client, 'secretHash' | 'previousSecretHash' | 'previousSecretUntil'>,
  secret: string,
  now: number
): boolean {
  const isPrevious = previousSecretUntil !== null && previousSecretUntil.getTime() > now && secretMatches(previousSecretHash, secret)
  return secretMatches(secretHash, secret) || isPrevious
}

/** Compares in constant time. */
function secretMatches (expected: Uint8Array | null, secret: string): boolean {
  return expected !== null && timingSafeEqual(expected, hashSecret(secret))
}

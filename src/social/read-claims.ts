import { MAX_USER_NAME, readName } from '../names/name.ts'
import { clean, email as normalizeEmail } from '../users/attributes.ts'
import type { ReadClaims, UpstreamClaims, UpstreamProfile } from './ports.ts'

// OpenID Connect Core section 2: at most 255 characters. What a database cannot store, or does not compare by bytes, is no subject
const TEXT = /^[^\p{Cc}\p{Cs}]{1,255}$/u
// RFC 5321 section 4.5.3.1.3
const MAX_EMAIL = 254
// RFC 5646 section 4.4.1
const MAX_LOCALE = 35

/**
 * Checks what a provider says.
 * @param domains for whose addresses it vouches; empty for all
 * @returns null without a usable subject; what else is unusable is null
 */
export function toProfile (read: ReadClaims | null, domains: readonly string[]): UpstreamProfile | null {
  const subject = readText(Number.isSafeInteger(read?.subject) ? String(read?.subject) : read?.subject)
  if (subject === null) return null
  const { email: given, emailVerified, name, locale } = read!
  const email = readEmail(given)
  return {
    subject,
    email,
    emailVerified: emailVerified === true && email !== null && (domains.length === 0 || domains.includes(domainOf(email))),
    name: typeof name === 'string' ? readName(name, MAX_USER_NAME).name ?? null : null,
    locale: readLocale(locale)
  }
}

/** What names a user or a session at a provider; null if it is unusable. */
export function readText (value: unknown): string | null {
  return typeof value === 'string' && TEXT.test(value) ? value : null
}

/** OpenID Connect Core section 5.1. */
export function readOpenId (claims: UpstreamClaims, emailVerified: boolean = claims['email_verified'] === true): ReadClaims {
  const { sub: subject, email, name, locale } = claims
  return { subject, email, emailVerified, name, locale }
}

export function isObject (value: unknown): value is UpstreamClaims {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A JSON object, or one without members. */
export function objectOf (value: unknown): UpstreamClaims {
  return isObject(value) ? value : {}
}

/** @param email normalized */
function domainOf (email: string): string {
  return email.slice(email.lastIndexOf('@') + 1)
}

function readEmail (value: unknown): string | null {
  const cleaned = typeof value === 'string' ? clean(value) : null
  const email = cleaned === null ? null : normalizeEmail(cleaned)
  return email === null || email.length > MAX_EMAIL ? null : email
}

/** BCP 47; some providers write `en_US`. */
function readLocale (value: unknown): string | null {
  if (typeof value !== 'string' || value.length > MAX_LOCALE) return null
  try {
    return Intl.getCanonicalLocales(value.replaceAll('_', '-'))[0] ?? null
  } catch {
    return null
  }
}

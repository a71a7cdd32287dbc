import { domainToASCII } from 'node:url'

/** Turns typed text into the single spelling that is compared; null when it is invalid. */
export type Normalizer = (cleaned: string) => string | null

// Control, format, private-use and unassigned characters, line and paragraph separators, lone surrogates, fillers, variation selectors
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u
const LOCAL_PART = /^(?=.{1,64}$)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
// Node parses a domain as the host of a URL: it drops what follows these characters, and turns numbers into addresses
const URL_SYNTAX = /[/?#\\%:@[\]]/
const IPV4 = /^[0-9.]+$/
/** UTF-16 units of an identifier. */
export const MAX_IDENTIFIER = 255

/** NFKC and trimmed; null when empty, too long for an index or containing invisible characters. */
export function clean (text: string): string | null {
  if (text.length > MAX_IDENTIFIER * 2) return null
  const cleaned = text.normalize('NFKC').trim()
  return cleaned === '' || cleaned.length > MAX_IDENTIFIER || INVISIBLE.test(cleaned) ? null : cleaned
}

export const plain: Normalizer = (cleaned) => cleaned.toLowerCase().normalize('NFKC')

/** ASCII local part, IDNA domain (RFC 5891). */
export const email: Normalizer = (cleaned) => {
  const at = cleaned.lastIndexOf('@')
  const local = cleaned.slice(0, at).toLowerCase()
  const domain = cleaned.slice(at + 1).toLowerCase()
  const ascii = URL_SYNTAX.test(domain) ? '' : domainToASCII(domain)
  return at > 0 && LOCAL_PART.test(local) && ascii !== '' && !IPV4.test(ascii) ? `${local}@${ascii}` : null
}

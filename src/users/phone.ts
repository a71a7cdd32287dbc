import type { Normalizer } from './attributes.ts'

const PHONE = /^\+?[0-9 ().\-/]+$/
const INTERNATIONAL = /^(\+|00)/
const MIN_DIGITS = 6
const MAX_DIGITS = 15
/** A longer text is no number, whatever is removed from it. */
const MAX_TYPED = 255

/** Direction marks around numbers from an address book, soft hyphens and zero-width spaces from a page */
const MARKS = /[\u00AD\u061C\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/g
const DASHES = /[\p{Pd}\u2043\u2053\u2212\u223C\u30FC\uFF5E~]/gu
/** The country code in brackets, as on business cards and in address books. */
const BRACKETED = /^\s*\(\s*((?:[+\uFF0B]|00)\s?\d{1,3})\s*\)/
const DIGIT = /\p{Nd}/gu
/** The zeros of other scripts; the other nine digits follow each. */
const ZEROS = [0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20, 0x1040,
  0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50,
  0xabf0, 0xff10, 0x1e950]

/** Converts a number copied from phones, address books and pages to plain characters. */
export function tidyPhone (text: string): string {
  if (text.length > MAX_TYPED) return text
  return withoutScheme(text.replace(MARKS, '')).replace(DASHES, '-').replace(DIGIT, asciiDigit).replace(BRACKETED, '$1 ')
}

/** Whether a number has no country code, so that its meaning depends on the country. */
export function isNational (cleaned: string): boolean {
  return PHONE.test(cleaned) && !INTERNATIONAL.test(cleaned) && cleaned.replace(/[^0-9]/g, '').length >= MIN_DIGITS
}

/** E.164 where libphonenumber knows the number, otherwise `+` and its digits. Loaded on first use: its tables take 80 KB. */
export async function phoneNormalizer (defaultCountry?: string): Promise<Normalizer> {
  const { default: parse } = await import('libphonenumber-js/min')
  return (cleaned) => {
    if (!PHONE.test(cleaned)) return null
    const international = cleaned.replace(/^00/, '+')
    // Of what is left without the prefix: the result is read again at the next login, and must be the same number then
    const digits = international.replace(/[^0-9]/g, '')
    if (digits.length < MIN_DIGITS || digits.length > MAX_DIGITS) return null
    if (international.startsWith('+')) return oneLine(parse(international)?.number ?? `+${digits}`)
    const country = defaultCountry as Parameters<typeof parse>[1]
    const number = country ? parse(cleaned, country)?.number : undefined
    return number === undefined ? null : oneLine(number)
  }
}

/** Mexican mobile numbers had a 1 after the country code until 2019, and address books still contain it. */
function oneLine (number: string): string {
  return number.replace(/^\+521(?=\d{10}$)/, '+52')
}

/** RFC 3966: the number in a `tel:` link. */
function withoutScheme (text: string): string {
  const [, number] = /^\s*tel:(.*)$/is.exec(text) ?? []
  if (number === undefined) return text
  try {
    return decodeURIComponent(number)
  } catch {
    return number
  }
}

function asciiDigit (digit: string): string {
  const code = digit.codePointAt(0)!
  const zero = ZEROS.find((first) => code >= first && code < first + 10)
  return zero === undefined ? digit : String(code - zero)
}

import { badBody } from './http-error.ts'

/** Per request: forms and programs send a few dozen. */
const MAX_PARAMETERS = 1000
/** Per parameter that may be repeated. */
const MAX_REPEATS = 50

/**
 * Parses `application/x-www-form-urlencoded` with each parameter at most once (RFC 6749 section 3.2).
 * @throws 400
 */
export function parseForm (text: string): Record<string, string> {
  return parse(text, []) as Record<string, string>
}

/** The same, with some parameters that may be repeated, which become lists. */
export function formParser (...repeatable: string[]) {
  return (text: string) => parse(text, repeatable)
}

function parse (text: string, repeatable: readonly string[]): Record<string, string | string[]> {
  const params: Record<string, string | string[]> = Object.create(null)
  // Fastify replaces bytes that are not UTF-8 by U+FFFD
  if (text.includes('\uFFFD')) throw badBody('The body is not UTF-8')
  // Limits the pieces before they are parsed: an unbounded list would cost work before the first check
  const pairs = text.split('&', MAX_PARAMETERS + 1)
  if (pairs.length > MAX_PARAMETERS) throw badBody(`The body has more than ${MAX_PARAMETERS} parameters`)
  for (const pair of pairs) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1))
    const before = params[name]
    if (before === undefined) params[name] = value
    else if (!repeatable.includes(name)) throw badBody(`The parameter ${shortened(name)} is repeated`)
    else if (typeof before === 'string') params[name] = [before, value]
    else if (before.push(value) > MAX_REPEATS) throw badBody(`The parameter ${shortened(name)} is repeated more than ${MAX_REPEATS} times`)
  }
  return params
}

function shortened (name: string): string {
  return JSON.stringify(name.slice(0, 40))
}

function decode (encoded: string): string {
  // Most names and values need no decoding
  const text = /[%+]/.test(encoded) ? decodePercent(encoded.replaceAll('+', ' ')) : encoded
  if (text.includes('\0')) throw badBody('The body contains a NUL character')
  return text
}

function decodePercent (encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch (cause) {
    throw badBody('The body is not form-encoded UTF-8', cause)
  }
}

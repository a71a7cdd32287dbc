import { badBody } from './bad-body.ts'

/**
 * `application/x-www-form-urlencoded` with each parameter once (RFC 6749 section 3.2).
 * @throws 400
 */
export function parseForm (text: string): Record<string, string> {
  return parse(text, []) as Record<string, string>
}

/** The same, where some parameters may be repeated: then they are lists. */
export function formParser (...repeatable: string[]) {
  return (text: string) => parse(text, repeatable)
}

function parse (text: string, repeatable: readonly string[]): Record<string, string | string[]> {
  const params: Record<string, string | string[]> = Object.create(null)
  // Fastify has replaced bytes that are not UTF-8 by U+FFFD
  if (text.includes('\uFFFD')) throw badBody('The body is not UTF-8')
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1))
    const before = params[name]
    if (before === undefined) params[name] = value
    else if (repeatable.includes(name)) params[name] = [before, value].flat()
    else throw badBody(`The parameter ${JSON.stringify(name.slice(0, 40))} is repeated`)
  }
  return params
}

function decode (encoded: string): string {
  // Most names and secrets are as they are
  const text = /[%+]/.test(encoded) ? decodePercent(encoded.replaceAll('+', ' ')) : encoded
  if (text.includes('\0')) throw badBody('The body holds a NUL character')
  return text
}

function decodePercent (encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch (cause) {
    throw badBody('The body is not form-encoded UTF-8', cause)
  }
}

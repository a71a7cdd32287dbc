import secureJson from 'secure-json-parse'
import { badBody } from './http-error.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })
// A string, and the colon that makes it the name of a member
const STRING = /"((?:[^"\\]|\\.)*)"\s*(:)?/g
const MAX_DEPTH = 32
/** Members and elements of one body: no route takes more than a few hundred. */
const MAX_VALUES = 1000

/**
 * Parses unambiguous JSON (RFC 8259). An empty body is undefined.
 * @throws 400 for text that is not JSON or not UTF-8, contains NUL, a lone surrogate, a duplicate member or a prototype, is nested too
 * deeply or has too many values
 */
export function parseJson (body: Buffer): unknown {
  if (body.length === 0) return undefined
  const text = decode(body)
  const value = parse(text)
  const members = checkStrings(text)
  if (countMembers(value) !== members) throw badBody('The body repeats a member of an object')
  return value
}

function decode (body: Buffer): string {
  try {
    return utf8.decode(body)
  } catch (cause) {
    throw badBody('The body is not UTF-8', cause)
  }
}

function parse (text: string): unknown {
  try {
    return secureJson.parse(text, undefined, { protoAction: 'error', constructorAction: 'error' })
  } catch (cause) {
    throw badBody('The body is not JSON', cause)
  }
}

/** @returns the number of members in the text */
function checkStrings (text: string): number {
  let members = 0
  for (const [, content, colon] of text.matchAll(STRING)) {
    if (colon) members++
    if (!content!.includes('\\u')) continue
    const string = JSON.parse(`"${content}"`) as string
    if (string.includes('\0')) throw badBody('The body contains a NUL character')
    if (!string.isWellFormed()) throw badBody('The body contains an unpaired surrogate')
  }
  return members
}

function countMembers (root: unknown): number {
  let count = 0
  let values = 0
  let level: unknown[] = [root]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw badBody('The body is nested too deeply')
    if ((values += level.length) > MAX_VALUES) throw badBody(`The body has more than ${MAX_VALUES} members and elements`)
    const objects = level.filter((value): value is object => typeof value === 'object' && value !== null)
    for (const object of objects) if (!Array.isArray(object)) count += Object.keys(object).length
    level = objects.flatMap((object) => Object.values(object) as unknown[])
  }
  return count
}

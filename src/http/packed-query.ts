import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { badBody } from './http-error.ts'
import { formParser } from './form.ts'

const NAME = 'packed'
/** Longest query, in characters, that is left readable. */
const SHORT = 2000
/** Longest query, in characters: Node.js reads 16 kB of headers, and hints, cookies and other headers need the rest. */
const MAX_LENGTH = 13_000
/** The limit of a form, plus what a page adds. */
const MAX_UNPACKED = 60 * 1024
/** The characters that `URLSearchParams` writes; others would be encoded again and make the query longer. */
const ENCODED = /^[\w*.+&=%-]*$/

/**
 * A query that is nested in other queries, where each percent sign is encoded again and grows by two thirds. A long one is compressed (RFC
 * 1951, base64url), which no encoding changes, and is then no longer than what the browser sent.
 * @throws 400 when it is too long for any URL of this server
 */
export function packQuery (query: string): string {
  if (query.length <= SHORT) return query
  const packed = `${NAME}=${deflateRawSync(query).toString('base64url')}`
  if (!fits(packed)) throw badBody('The request is too long')
  return packed
}

/** Whether a URL of this server may have such a query. */
export const fits = (query: string): boolean => query.length <= MAX_LENGTH

/**
 * The parameters of a query, packed or not.
 * @throws 400
 */
export function unpackParams (params: Record<string, unknown>, repeatable: readonly string[]): Record<string, unknown> {
  const { [NAME]: packed } = params
  if (typeof packed !== 'string') return params
  return formParser(...repeatable)(inflate(packed))
}

function inflate (packed: string): string {
  try {
    const query = inflateRawSync(Buffer.from(packed, 'base64url'), { maxOutputLength: MAX_UNPACKED }).toString('latin1')
    if (ENCODED.test(query)) return query
  } catch {
    // Throws below
  }
  throw badBody('The address is incomplete')
}

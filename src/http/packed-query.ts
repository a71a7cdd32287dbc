import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { badBody } from './http-error.ts'
import { formParser } from './form.ts'

const NAME = 'packed'
/** Characters of a query that goes as it is, for people to read. */
const SHORT = 2000
/** Characters of a query: Node.js reads 16 kB of headers, and what is left is for hints, cookies and the rest. */
const MAX_LENGTH = 13_000
/** As much as a form may have, and a page adds a little of its own. */
const MAX_UNPACKED = 60 * 1024
/** What `URLSearchParams` writes: another text would grow when it is encoded again. */
const ENCODED = /^[\w*.+&=%-]*$/

/**
 * A query that is put into other queries, where each percent sign is encoded once more and grows by two thirds: a long one is compressed
 * (RFC 1951, base64url), which no encoding changes and which is not longer than what a browser has sent.
 * @throws 400 when no address of this server could hold it
 */
export function packQuery (query: string): string {
  if (query.length <= SHORT) return query
  const packed = `${NAME}=${deflateRawSync(query).toString('base64url')}`
  if (!fits(packed)) throw badBody('The request is too long')
  return packed
}

/** Whether an address of this server may have such a query. */
export const fits = (query: string): boolean => query.length <= MAX_LENGTH

/** What a query says, packed or not. @throws 400 */
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
    // As below
  }
  throw badBody('The address is not whole')
}

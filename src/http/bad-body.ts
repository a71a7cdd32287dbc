/** A body, or an address, that cannot be read: 400. */
export function badBody (message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { statusCode: 400, code: 'LK_BAD_BODY' })
}

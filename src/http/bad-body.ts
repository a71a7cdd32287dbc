import { HttpError } from './http-error.ts'

/** A body, or an address, that cannot be read: 400. */
export function badBody (message: string, cause?: unknown): HttpError {
  return new HttpError('LK_BAD_BODY', { message, cause })
}

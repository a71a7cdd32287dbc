import { RequestError } from '../request-error.ts'

/** A body, or an address, that cannot be read: 400. */
export function badBody (message: string, cause?: unknown): RequestError {
  return new RequestError(400, 'LK_BAD_BODY', message, { cause })
}

import type { FieldErrors } from '../../src/http/field-errors.ts'
import { HttpError } from '../../src/http/http-error.ts'
import { apiMessages } from '../../src/views/texts/field-errors.ts'

/**
 * Creates the 422 response with the errors of each field, in the texts of the API.
 * @param more.message replaces the text of the code; `more.named` maps a field to its name in the body
 */
export function unprocessable (
  errors: FieldErrors,
  { message, named }: { message?: string, named?: (field: string) => string } = {}
): HttpError {
  const messages = Object.entries(apiMessages(errors))
  return new HttpError('LK_VALIDATION', {
    errors: Object.fromEntries(named ? messages.map(([field, texts]) => [named(field), texts]) : messages),
    ...(message !== undefined && { message })
  })
}

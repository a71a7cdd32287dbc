import type { FieldError, FieldErrors } from '../http/field-errors.ts'
import { HttpError, type ErrorCode } from '../http/http-error.ts'

/** Why the host refuses; shown to the user. `field` is a field of the form; without one the reason is for the whole. */
export type Refusal = { field?: string, reason: string }

const LIMIT_MS = 1000

type Hook = {
  /** Of the option, for the log. */
  name: string
  /** The field of a reason for the whole. */
  whole: string
  /** What is answered when the hook fails or takes too long. */
  code: ErrorCode
}

/**
 * Asks a hook of the host, which has a second, after which the signal is aborted.
 * @returns the errors of a refusal, or null
 * @throws HttpError with the code of the hook
 */
export async function askHook ({ name, whole, code }: Hook, ask: (signal: AbortSignal) => unknown): Promise<FieldErrors | null> {
  const unavailable = (cause: unknown) => new HttpError(code, { cause })
  const refusal = await withLimit(name, ask).catch((error: unknown) => { throw unavailable(error) })
  if (refusal === undefined || refusal === null) return null
  const { field = whole, reason } = refusal as Partial<Refusal>
  if (typeof reason !== 'string' || reason === '') throw unavailable(new TypeError(`${name} returns nothing, or { reason, field? }`))
  return { [field]: [{ code: 'refused', reason } satisfies FieldError] }
}

async function withLimit (name: string, work: (signal: AbortSignal) => unknown): Promise<unknown> {
  const over = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      over.abort()
      reject(new Error(`${name} took longer than ${LIMIT_MS} ms`))
    }, LIMIT_MS)
  })
  try {
    return await Promise.race([work(over.signal), late])
  } finally {
    clearTimeout(timer)
  }
}

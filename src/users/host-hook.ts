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
 * Calls a hook of the host, which has a second, after which the signal is aborted.
 * @param call calls it, and reads its answer
 * @throws HttpError with the code of the hook
 */
export async function callHook<Answer> (
  { name, code }: Pick<Hook, 'name' | 'code'>, call: (signal: AbortSignal) => Answer | Promise<Answer>
): Promise<Answer> {
  return await withLimit(name, call).catch((cause: unknown) => { throw new HttpError(code, { cause }) })
}

/**
 * Asks a hook whether it refuses.
 * @returns the errors of a refusal, or null
 * @throws HttpError with the code of the hook
 */
export async function askHook (hook: Hook, ask: (signal: AbortSignal) => unknown): Promise<FieldErrors | null> {
  return await callHook(hook, async (signal) => {
    const refusal = await ask(signal)
    if (refusal === undefined || refusal === null) return null
    const { field = hook.whole, reason } = refusal as Partial<Refusal>
    if (typeof reason !== 'string' || reason === '') throw new TypeError(`${hook.name} returns nothing, or { reason, field? }`)
    return { [field]: [{ code: 'refused', reason } satisfies FieldError] }
  })
}

async function withLimit<Answer> (name: string, work: (signal: AbortSignal) => Answer | Promise<Answer>): Promise<Answer> {
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

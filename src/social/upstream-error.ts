/**
 * `canceled`: the user said no; `unavailable`: the provider does not answer, or says that it cannot; `failed`: what it answers is wrong.
 */
export type UpstreamProblem = 'canceled' | 'unavailable' | 'failed'

/** Whether an answer says that the provider cannot answer now (RFC 6585 section 4, RFC 9110 section 15.6). */
export function isBusy (status: number): boolean {
  return status === 429 || status >= 500
}

/** `status`: of the answer; `isKnown`: the operator was told before, and nothing has changed. */
type Details = { status?: number | undefined, isKnown?: boolean | undefined }

/** The message is for the operator and contains no secret. */
export class UpstreamError extends Error {
  readonly status: number | undefined
  readonly isKnown: boolean
  constructor (readonly problem: UpstreamProblem, message: string, { status, isKnown = false }: Details = {}) {
    super(message)
    this.name = 'UpstreamError'
    this.status = status
    this.isKnown = isKnown
  }
}

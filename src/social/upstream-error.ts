/**
 * `canceled`: the user said no; `unavailable`: the provider does not answer, or says that it cannot; `failed`: what it answers is wrong.
 */
export type UpstreamProblem = 'canceled' | 'unavailable' | 'failed'

/** Whether an answer says that the provider cannot answer now (RFC 6585 section 4, RFC 9110 section 15.6). */
export function isBusy (status: number): boolean {
  return status === 429 || status >= 500
}

/** The message is for the operator and contains no secret. */
export class UpstreamError extends Error {
  constructor (readonly problem: UpstreamProblem, message: string) {
    super(message)
    this.name = 'UpstreamError'
  }
}

/**
 * `canceled`: the user said no; `unavailable`: the provider does not answer, or says that it cannot; `failed`: what it answers is wrong.
 */
export type UpstreamProblem = 'canceled' | 'unavailable' | 'failed'

/** The message is for the operator and contains no secret. */
export class UpstreamError extends Error {
  constructor (readonly problem: UpstreamProblem, message: string) {
    super(message)
    this.name = 'UpstreamError'
  }
}

import { objectOf } from './read-claims.ts'
import { UpstreamError } from './upstream-error.ts'

/** Awaits a request with which our client authenticates. @throws UpstreamError when the provider refuses the client */
export type AsClient = <Answer>(request: Promise<Answer>, refusals?: readonly number[]) => Promise<Answer>

// RFC 6749 section 5.2; the last one is GitHub's
const WORDS: unknown[] = ['invalid_client', 'unauthorized_client', 'incorrect_client_credentials']
// RFC 6749 section 5.2, RFC 7662 section 2.3: what is said about a code or token has other answers
const REFUSALS = [401, 403]

/**
 * A provider that refuses our client is no fault of the user, whose proof may be right: nobody can log in there, and the operator must
 * know. Reported once until it is accepted again.
 */
export function createAsClient (): AsClient {
  let isKnown = false

  return async (request, refusals = REFUSALS) => {
    try {
      const answer = await request
      isKnown = false
      return answer
    } catch (error) {
      if (!WORDS.includes(answered(error).error) && !refusals.includes(statusOf(error)!)) throw error
      const wasKnown = isKnown
      isKnown = true
      throw new UpstreamError('unavailable', 'refuses our client: its id or secret is wrong, or it may not ask this', { isKnown: wasKnown })
    }
  }
}

/** The JSON that was answered instead of tokens, as errors of openid-client have it; GitHub answers 200. */
export function answered (thrown: unknown): Record<string, unknown> {
  const { cause } = objectOf(thrown) as { cause?: { cause?: { body?: unknown } } }
  return objectOf(cause?.cause?.body ?? cause)
}

function statusOf (thrown: unknown): number | undefined {
  const { status, cause } = objectOf(thrown) as { status?: number, cause?: { status?: number } }
  return status ?? cause?.status
}

import type { Events } from '../../events/events.ts'
import { OAuthError } from '../errors.ts'
import type { Issued } from './grants/index.ts'
import type { TokenEndpoint } from './endpoint.ts'

/** Wraps the token endpoint so that each response emits an event. */
export function observed (endpoint: TokenEndpoint, events: Events): TokenEndpoint {
  async function observe (grantType: string, issuing: Promise<Issued>): Promise<Issued> {
    try {
      const issued = await issuing
      events.emit('token.issued', { grantType, ...issued.about })
      return issued
    } catch (error) {
      if (error instanceof OAuthError) { events.emit('token.refused', { grantType, error: error.error, reason: error.reason ?? error.description }) }
      throw error
    }
  }

  /** Maps unknown grant types to `unknown`, since a value chosen by the caller must not become a metric label. */
  const known = (grantType: unknown) => endpoint.grantTypes.find((name) => name === grantType) ?? 'unknown'

  return {
    ...endpoint,
    issue: (request) => observe(known(request.body['grant_type']), endpoint.issue(request)),
    issueFor: (client, grantType, request) => observe(known(grantType), endpoint.issueFor(client, grantType, request))
  }
}

import { invalidRequest } from './errors.ts'

/** Parameters of a request; an empty one counts as absent (RFC 6749 section 3.2). @throws OAuthError invalid_request */
export function stringParams (body: Record<string, unknown>): Record<string, string> {
  const params: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(body)) {
    if (value === undefined || value === '') continue
    if (typeof value !== 'string') throw invalidRequest(`${name} must be a string`)
    params[name] = value
  }
  return params
}

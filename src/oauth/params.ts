import { invalidRequest } from './errors.ts'

/**
 * Request parameters, each at most once; an empty one is treated as absent (RFC 6749 section 3.2).
 * @param apart a parameter that may be repeated, and is read separately
 * @throws OAuthError invalid_request
 */
export function stringParams (body: Record<string, unknown>, apart?: string): Record<string, string> {
  const params: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(body)) {
    if (value === undefined || value === '' || name === apart) continue
    if (Array.isArray(value)) throw invalidRequest(`${name} is repeated`)
    if (typeof value !== 'string') throw invalidRequest(`${name} must be a string`)
    params[name] = value
  }
  return params
}

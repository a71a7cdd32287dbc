import type { Throttle } from '../throttle/throttle.ts'
import { invalidClient, invalidRequest } from '../oauth/errors.ts'
import type { Caller, Client, Clients } from '../oauth/ports.ts'
import { isClientSecret } from '../crypto/secrets.ts'
import type { Clock } from '../runtime/clock.ts'

export type Credentials = { id: string, secret: string | undefined, viaHeader: boolean }

const WRONG_SECRET = 'wrong secret'
const BASIC = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i

/**
 * The credentials of the client: HTTP Basic or the body, never both (RFC 6749 section 2.3, OAuth 2.1 section 2.4.1).
 * @throws OAuthError invalid_request
 */
export function clientCredentials (authorization: string | undefined, body: Record<string, unknown>): Credentials {
  const id = text(body, 'client_id')
  const secret = text(body, 'client_secret')
  const basic = authorization === undefined ? undefined : parseBasic(authorization)
  if (!basic) {
    if (id === undefined) throw invalidRequest('client_id is missing')
    return { id, secret, viaHeader: false }
  }
  if (secret !== undefined) throw invalidRequest('Authenticate the client once: by the Authorization header or in the body, not both')
  if (id !== undefined && id !== basic.id) throw invalidRequest('client_id differs from the one in the Authorization header')
  return { ...basic, viaHeader: true }
}

/**
 * The client, if it is active and its secret is right.
 * @throws OAuthError invalid_client, with the same description for every cause; TooManyAttempts
 */
export type AuthenticateClient = (
  request: { authorization: string | undefined, params: Record<string, unknown>, caller: Caller }
) => Promise<Client>

export function createAuthenticateClient (clients: Clients, throttle: Throttle['clientSecret'], clock: Clock): AuthenticateClient {
  return async ({ authorization, params, caller }) => {
    const credentials = clientCredentials(authorization, params)
    throttle.check(credentials.id, caller.ip)
    let client = await clients.find(credentials.id)
    let reason = clientProblem(client, credentials, clock.now())
    // The secret may have been rotated in another process a moment ago
    if (reason === WRONG_SECRET) reason = clientProblem(client = await clients.findAgain(credentials.id), credentials, clock.now())
    if (client && !reason) return client
    await throttle.failed(client && client.id, caller.ip)
    throw invalidClient('Client authentication failed', {
      reason: `client ${JSON.stringify(credentials.id.slice(0, 80))}: ${reason}`,
      // RFC 6749 section 5.2
      headers: credentials.viaHeader ? { 'www-authenticate': 'Basic realm="OAuth"' } : {}
    })
  }
}

/** The reason why these credentials are not the client's; undefined when they are. Counts no failure. */
export function clientProblem (client: Client | null, { secret }: Credentials, now: number): string | undefined {
  if (!client) return 'unknown'
  if (client.revokedAt) return 'revoked'
  if (client.authMethod === 'none') return undefined
  if (secret === undefined || secret === '') return 'sent no secret'
  return isClientSecret(client, secret, now) ? undefined : WRONG_SECRET
}

/** RFC 6749 section 2.3.1: both parts are form-encoded. */
function parseBasic (authorization: string): { id: string, secret: string } | undefined {
  if (!/^basic( |$)/i.test(authorization)) return undefined
  const encoded = BASIC.exec(authorization)?.[1]
  const decoded = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  const id = colon > 0 ? formDecode(decoded.slice(0, colon)) : null
  const secret = colon > 0 ? formDecode(decoded.slice(colon + 1)) : null
  if (!id || secret === null) throw invalidRequest('The Authorization header is not Basic base64(client_id:client_secret)')
  return { id, secret }
}

function formDecode (encoded: string): string | null {
  try {
    const text = decodeURIComponent(encoded.replaceAll('+', ' '))
    return text.includes('\0') ? null : text
  } catch {
    return null
  }
}

function text (body: Record<string, unknown>, name: string): string | undefined {
  const value = body[name]
  if (value === undefined || value === '') return undefined
  if (typeof value !== 'string') throw invalidRequest(`${name} must be a string`)
  return value
}

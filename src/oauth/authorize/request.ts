import { allowedClaims, isPossibleAcr, parseClaims, scopesOfClaims } from '../../oidc/claims-request.ts'
import { AuthorizationError, UntrustedRequest, type AuthorizationErrorCode, type Destination } from './error.ts'
import { OAuthError } from '../errors.ts'
import type { ClaimsRequest, Client, Clients } from '../ports.ts'
import { matchesRedirectUri } from '../../clients/redirect-uri.ts'
import type { Resources } from '../resources.ts'
import { covers, type Scopes } from '../scopes.ts'

export type ResponseMode = 'query' | 'form_post'
/** `create` comes from Initiating User Registration via OpenID Connect 1.0. */
export type Prompt = 'none' | 'login' | 'consent' | 'select_account' | 'create'

/** An authorization request whose parameters have all been checked. */
export type AuthorizationRequest = {
  client: Client
  destination: Destination
  scopes: string[]
  /** The scopes that need consent: `scopes`, and those that cover `claims`. */
  requestedScopes: string[]
  resources: string[]
  codeChallenge: string | null
  nonce: string | null
  claims: ClaimsRequest | null
  prompts: Prompt[]
  /** Seconds since the user last authenticated; null when the request sets no limit. */
  maxAge: number | null
  loginHint: string | undefined
  idTokenHint: string | undefined
  uiLocales: string | undefined
}

export type Params = Record<string, unknown>
export type CheckAuthorizationRequest = (params: Params) => Promise<AuthorizationRequest>

export const PROMPTS: readonly string[] = ['none', 'login', 'consent', 'select_account', 'create']
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/
const MAX_STATE = 4096
const MAX_NONCE = 1024

type Dependencies = { clients: Clients, scopes: Scopes, resources: Resources }

/**
 * RFC 6749 section 4.1.1, RFC 7636, RFC 8707, OpenID Connect Core section 3.1.2.1. Checks the client and the redirect URI first, because
 * errors can be sent to the client only after that.
 * @throws UntrustedRequest, AuthorizationError
 */
export function createAuthorizationCheck ({ clients, scopes, resources }: Dependencies): CheckAuthorizationRequest {
  return async (params) => {
    const client = await findClient(clients, params)
    const redirectUri = findRedirectUri(client, params)
    const given = textOf(params['state'])
    // A value that is too long is not sent back
    const state = (given?.length ?? 0) > MAX_STATE ? undefined : given
    const responseMode = params['response_mode'] === 'form_post' ? 'form_post' : 'query'
    const destination: Destination = { redirectUri, state, responseMode, trusted: client.ownerId === null }
    const refuse = (error: AuthorizationErrorCode, description: string) => new AuthorizationError(error, description, destination)

    checkForm(client, params, refuse)
    const granted = explained(() => scopes.grant(client, textOf(params['scope'])), refuse)
    const claims = claimsOf(textOf(params['claims']), refuse)
    // Without `openid` there is no id token or UserInfo to carry them
    const allowed = claims && allowedClaims(claims, (scope) => covers(granted, 'openid') && scopes.mayHave(client, scope))
    const beside = allowed ? scopesOfClaims(allowed).filter((scope) => !covers(granted, scope)) : []
    return {
      client,
      destination,
      scopes: granted,
      requestedScopes: [...granted, ...beside],
      resources: explained(() => resources.parse(params['resource']), refuse) ?? [],
      codeChallenge: challengeOf(client, params, refuse),
      nonce: textOf(params['nonce']) ?? null,
      claims: allowed,
      prompts: promptsOf(textOf(params['prompt']), refuse),
      maxAge: maxAgeOf(textOf(params['max_age']), refuse),
      loginHint: textOf(params['login_hint']),
      idTokenHint: textOf(params['id_token_hint']),
      uiLocales: textOf(params['ui_locales'])
    }
  }
}

type Refuse = (error: AuthorizationErrorCode, description: string) => AuthorizationError

async function findClient (clients: Clients, { client_id: id }: Params): Promise<Client> {
  if (typeof id !== 'string' || id === '') throw new UntrustedRequest('The request has no client_id')
  const client = await clients.find(id)
  if (!client || client.revokedAt) throw new UntrustedRequest('This application is unknown, or was revoked (client_id)')
  return client
}

function findRedirectUri (client: Client, { redirect_uri: requested }: Params): string {
  const { redirectUris } = client
  if (requested === undefined || requested === '') {
    if (redirectUris.length === 1) return redirectUris[0]!
    throw new UntrustedRequest('The request has no redirect_uri')
  }
  if (typeof requested !== 'string' || !matchesRedirectUri(client, requested)) {
    throw new UntrustedRequest('The redirect_uri is not registered for this application')
  }
  return requested
}

function checkForm (client: Client, params: Params, refuse: Refuse): void {
  for (const [name, value] of Object.entries(params)) {
    if (Array.isArray(value) && name !== 'resource') throw refuse('invalid_request', `${name} is repeated`)
  }
  if ((textOf(params['state'])?.length ?? 0) > MAX_STATE) throw refuse('invalid_request', 'state is too long')
  if (Buffer.byteLength(textOf(params['nonce']) ?? '') > MAX_NONCE) {
    throw refuse('invalid_request', `nonce has more than ${MAX_NONCE} bytes`)
  }
  // RFC 6749 section 3.1: parameters without a value are treated as absent
  if (textOf(params['request']) !== undefined) throw refuse('request_not_supported', 'Request objects are not supported')
  if (textOf(params['request_uri']) !== undefined) throw refuse('request_uri_not_supported', 'request_uri is not supported')
  const type = textOf(params['response_type'])
  if (!type) throw refuse('invalid_request', 'response_type is missing')
  if (type !== 'code') throw refuse('unsupported_response_type', 'Only response_type=code is supported')
  if (!['query', 'form_post', undefined].includes(textOf(params['response_mode']))) {
    throw refuse('invalid_request', 'response_mode must be query or form_post')
  }
  if (!client.grantTypes.includes('authorization_code')) throw refuse('unauthorized_client', 'The client may not use authorization codes')
}

/** Reports an error of a rule shared with the token endpoint in the form of this endpoint. */
function explained<Value> (choose: () => Value, refuse: Refuse): Value {
  try {
    return choose()
  } catch (error) {
    if (error instanceof OAuthError && (error.error === 'invalid_scope' || error.error === 'invalid_target')) {
      throw refuse(error.error, error.description)
    }
    throw error
  }
}

/** RFC 7636; the `plain` method is not supported (OAuth 2.1 section 10). */
function challengeOf ({ authMethod, pkceOptional }: Client, params: Params, refuse: Refuse): string | null {
  const challenge = textOf(params['code_challenge'])
  if (challenge === undefined) {
    if (pkceOptional && authMethod !== 'none') return null
    throw refuse('invalid_request', 'code_challenge is missing (PKCE, RFC 7636)')
  }
  if (params['code_challenge_method'] !== 'S256') throw refuse('invalid_request', 'code_challenge_method must be S256')
  if (!CHALLENGE.test(challenge)) throw refuse('invalid_request', 'code_challenge must be the base64url form of a SHA-256')
  return challenge
}

function claimsOf (text: string | undefined, refuse: Refuse): ClaimsRequest | null {
  if (text === undefined) return null
  const claims = parseClaims(text)
  if (!claims) {
    throw refuse(
      'invalid_request',
      'claims must be a JSON object of at most 4 kB, its id_token and userinfo objects of claims, and each claim null or an object (OpenID Connect Core section 5.5)'
    )
  }
  if (!isPossibleAcr(claims)) throw refuse('unmet_authentication_requirements', 'No login reaches the essential acr of the request')
  return claims
}

function promptsOf (text: string | undefined, refuse: Refuse): Prompt[] {
  const prompts = text?.split(' ').filter(Boolean) ?? []
  const isKnown = (prompt: string): prompt is Prompt => PROMPTS.includes(prompt)
  if (!prompts.every(isKnown)) throw refuse('invalid_request', `prompt must be one of ${PROMPTS.join(', ')}`)
  if (prompts.includes('none') && prompts.length > 1) throw refuse('invalid_request', 'prompt=none cannot be combined with other values')
  return prompts
}

function maxAgeOf (text: string | undefined, refuse: Refuse): number | null {
  if (text === undefined) return null
  if (!/^\d+$/.test(text)) throw refuse('invalid_request', 'max_age must be a number of seconds')
  return Number(text)
}

function textOf (value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

import { Compile } from 'typebox/compile'
import type { TSchema } from 'typebox'
import type { AuthenticateClient } from '../../clients/authentication.ts'
import type { Events } from '../../events/events.ts'
import type { Challenge } from '../../factors/challenge.ts'
import { invalidGrant, invalidRequest, invalidSession, LoginIncomplete, OAuthError, unauthorizedClient, unsupportedGrantType } from '../errors.ts'
import type { GrantHandler, GrantRequest, Issued } from './grants/index.ts'
import { stringParams } from '../params.ts'
import type { Caller, Client } from '../ports.ts'
import type { Resources } from '../resources.ts'
import type { Scopes } from '../scopes.ts'
import type { ProvenUser, StartSession } from './issue-tokens.ts'
import { userBehind } from '../../clients/trusted-proxy.ts'

export type TokenRequest = {
  authorization: string | undefined
  body: Record<string, unknown>
  caller: Caller
}

/** A request of a client that needs no further authentication. */
export type VouchedRequest = Pick<GrantRequest<Record<string, string>>, 'params' | 'caller' | 'candidates'> & { resource?: unknown }

export type TokenEndpoint = {
  /** @throws OAuthError */
  issue: (request: TokenRequest) => Promise<Issued>
  /** The same for a client that the server itself authenticates (the client proxies). */
  issueFor: (client: Client, grantType: string, request: VouchedRequest) => Promise<Issued>
  /**
   * Logs a user in who has proven who they are to the server itself, such as at another provider.
   * @throws OAuthError; LoginIncomplete when something is missing
   */
  logIn: (client: Client, user: ProvenUser, request: { scope: string | undefined, caller: Caller }) => Promise<Issued>
  /**
   * Goes on with a login at which the second factor is missing.
   * @throws OAuthError: invalid_grant for a wrong code, invalid_session when the login must begin again
   */
  challenge: (request: TokenRequest) => Promise<Issued>
  /** The same for a client that the server itself authenticates. */
  challengeFor: (client: Client, request: Pick<VouchedRequest, 'params' | 'caller'>) => Promise<Issued>
  grantTypes: string[]
}

type Dependencies = {
  authenticateClient: AuthenticateClient
  resources: Resources
  scopes: Pick<Scopes, 'grant'>
  startSession: StartSession
  /** Checks a second factor. */
  pass: Challenge['pass']
  handlers: GrantHandler[]
}

/** What `token.issued` calls a login that came from another provider; it is no grant type of the endpoint. */
const SOCIAL_LOGIN = 'social'
/** And one that has gone on with a second factor. */
const CHALLENGE = 'challenge'

/** RFC 6749 section 3.2: checks client, grant and parameters in this order; the grant handler writes last. */
export function createTokenEndpoint (
  { authenticateClient, resources, scopes, startSession, pass, handlers }: Dependencies
): TokenEndpoint {
  const grants = new Map(handlers.map((grant) => [grant.grantType, { ...grant, problem: createChecker(grant.params) }]))

  async function issue ({ authorization, body, caller }: TokenRequest): Promise<Issued> {
    const params = stringParams(body, 'resource')
    const grantType = params['grant_type']
    if (!grantType) throw invalidRequest('grant_type is missing')
    if (!grants.has(grantType)) throw unsupportedGrantType(`The grant type is none of ${[...grants.keys()].join(', ')}`)
    const client = await authenticateClient({ authorization, params, caller })
    return await issueFor(client, grantType, { params, caller: userBehind(client, caller), resource: body['resource'] })
  }

  async function issueFor (client: Client, grantType: string, { params, caller, resource, candidates }: VouchedRequest): Promise<Issued> {
    const grant = grants.get(grantType)
    if (!grant) throw unsupportedGrantType('This grant type is turned off')
    const allowed = client.grantTypes.includes(grantType) && (grant.publicClients || client.authMethod !== 'none')
    if (!allowed) throw unauthorizedClient(`The client may not use the grant type ${grantType}`)
    const problem = grant.problem(params)
    if (problem) throw invalidRequest(problem)
    return await grant.issue({ client, params, caller, candidates, resources: resources.parse(resource) })
  }

  async function logIn (client: Client, user: ProvenUser, { scope, caller }: Parameters<TokenEndpoint['logIn']>[2]): Promise<Issued> {
    return await startSession(client, user, { scopes: scopes.grant(client, scope), resources: [] }, caller)
  }

  async function challenge ({ authorization, body, caller }: TokenRequest): Promise<Issued> {
    const params = stringParams(body)
    const client = await authenticateClient({ authorization, params, caller })
    return await challengeFor(client, { params, caller: userBehind(client, caller) })
  }

  const challengeFor: TokenEndpoint['challengeFor'] = async (client, { params, caller }) => {
    const { auth_session: authSession, factor, code } = params
    if (authSession === undefined) throw invalidRequest('auth_session is missing')
    if (code === undefined) throw invalidRequest('code is missing')
    const { user, pending, device, refused } = await pass({ authSession, clientId: client.id, factor, code, caller })
    if (refused === 'wrong') throw invalidGrant('The user credentials were incorrect')
    if (refused === 'expired') throw invalidSession('The auth_session is invalid or has expired: log in again')
    if (refused) throw new LoginIncomplete(authSession, refused)
    const { scopes: granted = [], resources: targets = [] } = pending
    return { ...await startSession(client, user, { scopes: granted, resources: targets }, caller), device }
  }

  return { issue, issueFor, logIn, challenge, challengeFor, grantTypes: [...grants.keys()] }
}

/** Wraps the token endpoint so that each response emits an event. */
export function observed (endpoint: TokenEndpoint, events: Events): TokenEndpoint {
  async function observe (grantType: string, issuing: Promise<Issued>): Promise<Issued> {
    try {
      const issued = await issuing
      events.emit('token.issued', { grantType, ...issued.about })
      return issued
    } catch (error) {
      if (error instanceof OAuthError) {
        events.emit('token.refused', { grantType, error: error.error, reason: error.reason ?? error.description })
      }
      throw error
    }
  }

  /** Maps unknown grant types to `unknown`, since a value chosen by the caller must not become a metric label. */
  const known = (grantType: unknown) => endpoint.grantTypes.find((name) => name === grantType) ?? 'unknown'

  return {
    ...endpoint,
    issue: (request) => observe(known(request.body['grant_type']), endpoint.issue(request)),
    issueFor: (client, grantType, request) => observe(known(grantType), endpoint.issueFor(client, grantType, request)),
    logIn: (...login) => observe(SOCIAL_LOGIN, endpoint.logIn(...login)),
    challenge: (request) => observe(CHALLENGE, endpoint.challenge(request)),
    challengeFor: (...request) => observe(CHALLENGE, endpoint.challengeFor(...request))
  }
}

function createChecker (schema: TSchema) {
  const validator = Compile(schema)
  return (params: Record<string, string>): string | undefined => {
    if (validator.Check(params)) return undefined
    const [error] = validator.Errors(params)
    const missing = (error?.params as { requiredProperties?: string[] } | undefined)?.requiredProperties?.[0]
    return missing ? `${missing} is missing` : `${error?.instancePath.slice(1)} ${error?.message}`
  }
}

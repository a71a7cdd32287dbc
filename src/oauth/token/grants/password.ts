import { Type } from 'typebox'
import { v7 as uuidv7 } from 'uuid'
import { originOf, type Events } from '../../../events/events.ts'
import { hashSecret } from '../../../crypto/secrets.ts'
import type { OutboxEntry } from '../../../outbox/ports.ts'
import type { AuthSessions } from '../../../sessions/auth-sessions.ts'
import type { RefreshTokens } from '../../../sessions/refresh-token.ts'
import type { Attributes, Identifier } from '../../../users/attributes.ts'
import { candidatesFrom, surplusFields } from '../../../users/login-candidates.ts'
import { invalidGrant, invalidRequest, LoginIncomplete, unauthorizedClient } from '../../errors.ts'
import type { Authenticate, Caller, Client, NewSession, Sessions, SignedIn } from '../../ports.ts'
import type { Scopes } from '../../scopes.ts'
import type { IssueTokens } from '../issue-tokens.ts'
import type { GrantHandler, Issued } from './index.ts'

type Access = Pick<NewSession, 'scopes' | 'resources'>
type Login = SignedIn & { notices: OutboxEntry[] }

type Dependencies = {
  attributes: Attributes
  scopes: Scopes
  authenticate: Authenticate
  sessions: Pick<Sessions, 'create'>
  authSessions: Pick<AuthSessions, 'create'>
  refreshTokens: RefreshTokens
  issueTokens: IssueTokens
  events: Pick<Events, 'emit'>
  /** Seconds. */
  sessionTtl: number
  idleTtl: number
}

/**
 * RFC 6749 section 4.3, for confidential first-party clients only. `username` may be any login attribute; the name of an attribute
 * (`email`, `phone`, …) can be sent in its place.
 */
export function passwordGrant (
  { attributes, scopes, authenticate, sessions, authSessions, refreshTokens, issueTokens, events, sessionTtl, idleTtl }: Dependencies
): GrantHandler {
  function readCandidates (params: Record<string, string>): Identifier[] {
    const surplus = surplusFields(attributes, params)
    if (surplus) throw invalidRequest(`Send one of ${Object.keys(surplus).join(', ')}: a login has one login field`)
    const { candidates, missing } = candidatesFrom(attributes, params)
    if (missing) throw invalidRequest('username is missing')
    return candidates
  }

  /** The statement that creates the session checks once more that user and client are as they were. */
  async function startSession (client: Client, { notices, ...user }: Login, access: Access, caller: Caller): Promise<Issued> {
    const id = uuidv7()
    const secret = refreshTokens.newSecret()
    const created = await sessions.create({
      id, ...user, amr: ['pwd'], clientId: client.id, ...access, secretHash: hashSecret(secret), ttl: sessionTtl, caller, notices
    })
    if (!created) throw invalidGrant('The user credentials were incorrect', { reason: 'the user or the client changed during the login' })
    events.emit('login.succeeded', { userId: user.userId, clientId: client.id, ...originOf(caller) })
    const grant = { sessionId: id, userId: user.userId, ...access, generation: 0, oidc: null, ...created }
    return await issueTokens({
      client, grant, scopes: access.scopes, resources: null, secret, refreshTokenExpiresIn: Math.min(idleTtl, sessionTtl), isLogin: true
    })
  }

  return {
    grantType: 'password',
    publicClients: false,
    params: Type.Object({}),
    async issue ({ client, params, caller, resources, candidates: known }) {
      // RFC 9700 section 2.4: third parties must never handle a user's password
      if (!client.firstParty) throw unauthorizedClient('The client may not use the grant type password')
      const granted = scopes.grant(client, params['scope'])
      const candidates = known ?? readCandidates(params)
      const { password } = params
      if (password === undefined) throw invalidRequest('password is missing')
      const authenticated = await authenticate(candidates, password, { ...caller, clientId: client.id })
      if (!authenticated) throw invalidGrant('The user credentials were incorrect')
      const { device, missing, notices, entered, ...user } = authenticated
      const access = { scopes: granted, resources: resources ?? [] }
      const [first] = missing
      if (first) {
        const pending = { ...access, ...(entered && { address: entered }) }
        throw new LoginIncomplete(await authSessions.create({ user, clientId: client.id, proven: ['pwd'], pending, caller }), first)
      }
      return { ...await startSession(client, { ...user, notices }, access, caller), device }
    }
  }
}

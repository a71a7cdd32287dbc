import { v7 as uuidv7 } from 'uuid'
import { hashSecret } from '../../crypto/secrets.ts'
import { originOf, type Events } from '../../events/events.ts'
import type { Challenge } from '../../factors/challenge.ts'
import type { OutboxEntry } from '../../outbox/ports.ts'
import type { TokenResponse } from '../../schemas/token.ts'
import { pendingProof, type AuthSessions } from '../../sessions/auth-sessions.ts'
import type { RefreshTokens } from '../../sessions/refresh-token.ts'
import type { UpstreamOrigin } from '../../sessions/upstream-origin.ts'
import type { Identifier } from '../../users/attributes.ts'
import type { Missing } from '../../users/missing.ts'
import { invalidGrant, LoginIncomplete } from '../errors.ts'
import type { Caller, Client, NewSession, SessionState, Sessions, SignedIn } from '../ports.ts'
import type { Scopes } from '../scopes.ts'
import type { AccessToken, AccessTokens } from './access-token.ts'
import type { Issued } from './grants/index.ts'

export type IssueRequest = {
  client: Client
  grant: SessionState
  /** Of this access token; a refresh may have narrowed them. */
  scopes: string[]
  /** The audience of this access token (RFC 8707 section 2.2); null for everything granted. */
  resources: string[] | null
  /** Of the session; a refresh token is derived from it when the client may refresh. */
  secret: Buffer
  /** Seconds. */
  refreshTokenExpiresIn: number
  /** The session was just created, rather than refreshed. */
  isLogin: boolean
}

/** Builds the response of every grant that has a session. */
export type IssueTokens = (request: IssueRequest) => Promise<Issued>

/** Signs an id token (OpenID Connect Core section 2). */
export type SignIdToken = (
  request: { client: Client, grant: SessionState, scopes: string[], accessToken: string, isLogin: boolean }
) => Promise<string>

type Dependencies = {
  accessTokens: AccessTokens, refreshTokens: RefreshTokens, signIdToken: SignIdToken,
  scopes: Pick<Scopes, 'remaining'>
}

export function createIssueTokens ({ accessTokens, refreshTokens, signIdToken, scopes: registry }: Dependencies): IssueTokens {
  return async ({ client, grant, scopes: granted, resources, secret, refreshTokenExpiresIn, isLogin }) => {
    const { sessionId, userId, generation } = grant
    const scopes = registry.remaining(client, granted)
    const access = accessTokens.forSession(client, { ...grant, resources: resources ?? grant.resources }, scopes)
    const idToken = scopes.includes('openid') ? await signIdToken({ client, grant, scopes, accessToken: access.token, isLogin }) : undefined
    const refreshes = client.grantTypes.includes('refresh_token')
    const refreshToken = refreshes ? refreshTokens.encode({ sessionId, generation, secret }) : undefined
    return {
      about: { clientId: client.id, userId, sessionId },
      body: tokenResponse(access, scopes, { refreshToken, idToken }),
      ...(refreshes && { refreshTokenExpiresIn })
    }
  }
}

/** A user who has just proven who they are. */
export type ProvenUser = SignedIn & {
  /** How (RFC 8176). */
  amr: string[]
  /** When; by default now. */
  authTime?: Date
  missing: readonly Missing[]
  notices: OutboxEntry[]
  /** Of a login at a provider, with which the session ends. */
  origin?: UpstreamOrigin | undefined
  /** The address that was entered. */
  entered?: Identifier | undefined
}

/**
 * Creates the session of a login at a client, and its tokens.
 * @throws LoginIncomplete when something is missing; OAuthError invalid_grant when the user or the client has changed meanwhile
 */
export type StartSession = (
  client: Client, user: ProvenUser, access: Pick<NewSession, 'scopes' | 'resources'>, caller: Caller
) => Promise<Issued>

type Starting = {
  sessions: Pick<Sessions, 'create'>
  authSessions: Pick<AuthSessions, 'create'>
  /** The second factors of a user. */
  waysOf: Challenge['waysOf']
  refreshTokens: RefreshTokens
  issueTokens: IssueTokens
  events: Pick<Events, 'emit'>
  /** Seconds. */
  sessionTtl: number
  idleTtl: number
}

export function createStartSession (
  { sessions, authSessions, waysOf, refreshTokens, issueTokens, events, sessionTtl, idleTtl }: Starting
): StartSession {
  return async (client, { missing: [first], notices, entered, ...user }, access, caller) => {
    const { userId, passwordStamp, amr: proven } = user
    if (first) {
      const pending = { ...access, ...(entered && { address: entered }), ...pendingProof(user) }
      const begun = { clientId: client.id, proven, pending, caller }
      const text = await authSessions.create({ user: { userId, passwordStamp }, ...begun })
      throw new LoginIncomplete(text, first, first === 'second_factor' ? await waysOf(userId) : undefined)
    }
    const id = uuidv7()
    const secret = refreshTokens.newSecret()
    // The statement checks once more that user and client are as they were
    const created = await sessions.create({
      id, ...user, clientId: client.id, ...access, secretHash: hashSecret(secret), ttl: sessionTtl, caller, notices
    })
    if (!created) throw invalidGrant('The user credentials were incorrect', { reason: 'the user or the client changed during the login' })
    events.emit('login.succeeded', { userId, clientId: client.id, ...originOf(caller) })
    const grant = { sessionId: id, userId, ...access, generation: 0, oidc: null, ...created }
    return await issueTokens({
      client, grant, scopes: access.scopes, resources: null, secret, refreshTokenExpiresIn: Math.min(idleTtl, sessionTtl), isLogin: true
    })
  }
}

/** RFC 6749 section 5.1 */
export function tokenResponse (
  { token, expiresIn }: AccessToken,
  scopes: string[],
  { refreshToken, idToken }: { refreshToken?: string | undefined, idToken?: string | undefined } = {}
): TokenResponse {
  return {
    token_type: 'Bearer',
    expires_in: expiresIn,
    access_token: token,
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    ...(idToken !== undefined && { id_token: idToken }),
    ...(scopes.length > 0 && { scope: scopes.join(' ') })
  }
}

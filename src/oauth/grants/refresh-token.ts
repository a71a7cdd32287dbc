import { Type } from 'typebox'
import type { Events } from '../../events.ts'
import { invalidGrant } from '../errors.ts'
import type { IssueTokens } from '../issue-tokens.ts'
import type { Client, Grant, Caller, Sessions, Superseded } from '../ports.ts'
import type { RefreshToken, RefreshTokens } from '../refresh-token.ts'
import { checkNarrowing, parseScope } from '../scopes.ts'
import { hashSecret } from '../secrets.ts'
import type { GrantHandler, Issued } from './index.ts'

type Dependencies = {
  sessions: Sessions
  issueTokens: IssueTokens
  refreshTokens: RefreshTokens
  /** Seconds. */
  idleTtl: number
  grace: number
  events: Events
}

/** RFC 6749 section 6 with rotation and replay detection (RFC 9700 section 4.14.2). */
export function refreshTokenGrant (deps: Dependencies): GrantHandler {
  const { sessions, issueTokens, refreshTokens, idleTtl, events } = deps

  async function issue (client: Client, text: string, scope: string | undefined, caller: Caller, retry = true): Promise<Issued> {
    const token = refreshTokens.decode(text)
    if (!token) throw invalid('forged, mangled or of another issuer')
    const asked = scope === undefined ? null : parseScope(scope)
    const rotation = { id: token.sessionId, generation: token.generation, secretHash: hashSecret(token.secret), clientId: client.id, idleTtl, asked }
    const rotated = await sessions.rotate(rotation)
    if (rotated?.wentBack) events.emit('database.went_back', { sessionId: token.sessionId })
    if (rotated) return await answer(client, token, rotated, asked, idleTtl)

    const session = await sessions.inspect(rotation)
    if (!session) throw invalid('no such session')
    if (session.clientId !== client.id) throw invalid('belongs to another client')
    if (!session.alive) throw invalid('the session has ended')
    checkNarrowing(session.scopes, asked)
    // The row changed between the two statements: what stopped the rotation is gone
    if (session.supersededFor === null && retry) return await issue(client, text, scope, caller, false)
    if (session.supersededFor === null) throw invalid('the session keeps changing')
    return await answerReplay(client, token, session, asked, caller)
  }

  /** Parallel tabs and lost answers get the current token again; what was replaced longer ago than the grace is a theft. */
  async function answerReplay (client: Client, token: RefreshToken, session: Superseded, asked: string[] | null, caller: Caller): Promise<Issued> {
    const { sessionId } = session
    if (session.supersededFor! < (client.refreshGrace ?? deps.grace)) {
      if (session.ip !== caller.ip && session.userAgent !== (caller.userAgent ?? null)) await sessions.noteReplay(sessionId, caller)
      events.emit('session.replayed', { clientId: client.id, sessionId })
      const idleLeft = idleTtl - (Date.now() - session.lastUsedAt.getTime()) / 1000
      return await answer(client, token, session, asked, idleLeft)
    }
    await sessions.revokeReused(sessionId, caller)
    events.emit('session.reused', { clientId: client.id, sessionId })
    throw invalid('was used before: the session is revoked')
  }

  async function answer (client: Client, { secret }: RefreshToken, grant: Grant, asked: string[] | null, idleLeft: number): Promise<Issued> {
    const left = (grant.expiresAt.getTime() - Date.now()) / 1000
    const refreshTokenExpiresIn = Math.max(1, Math.floor(Math.min(idleLeft, left)))
    return await issueTokens({ client, grant, scopes: asked ?? grant.scopes, secret, refreshTokenExpiresIn, isLogin: false })
  }

  return {
    grantType: 'refresh_token',
    publicClients: true,
    params: Type.Object({ refresh_token: Type.String({ minLength: 1 }) }),
    issue: ({ client, params, caller }) => issue(client, params['refresh_token']!, params['scope'], caller)
  }
}

function invalid (reason: string) {
  return invalidGrant('The refresh token is invalid', { reason: `refresh token: ${reason}` })
}

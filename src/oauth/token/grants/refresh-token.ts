import { Type } from 'typebox'
import type { Events } from '../../../events/events.ts'
import type { SessionEnds } from '../../../sessions/end.ts'
import { invalidGrant, invalidScope } from '../../errors.ts'
import type { IssueTokens } from '../issue-tokens.ts'
import type { Client, Grant, Caller, Sessions, Superseded } from '../../ports.ts'
import type { RefreshToken, RefreshTokens } from '../../../sessions/refresh-token.ts'
import { checkTarget } from '../../resources.ts'
import { checkNarrowing, parseScope, type Scopes } from '../../scopes.ts'
import { hashSecret } from '../../../crypto/secrets.ts'
import type { GrantHandler, Issued } from './index.ts'

type Dependencies = {
  sessions: Sessions
  sessionEnds: Pick<SessionEnds, 'reused'>
  issueTokens: IssueTokens
  refreshTokens: RefreshTokens
  scopes: Pick<Scopes, 'mayHave' | 'remaining'>
  /** Seconds. */
  idleTtl: number
  grace: number
  events: Events
}

/** For this access token only; null for everything the session has. `ofAny`: those of the scopes that `*` stands for. */
type Asked = { scopes: string[] | null, ofAny: string[] | null, resources: string[] | null }

// Attempts for a session that other statements change at the same time
const TRIES = 3

/** RFC 6749 section 6 with rotation and replay detection (RFC 9700 section 4.14.2). */
export function refreshTokenGrant (deps: Dependencies): GrantHandler {
  const { sessions, sessionEnds, issueTokens, refreshTokens, scopes, idleTtl, events } = deps

  async function issue (client: Client, text: string, asked: Asked, caller: Caller, tries = TRIES): Promise<Issued> {
    const token = refreshTokens.decode(text)
    if (!token) throw invalid('forged, mangled or of another issuer')
    const rotation = {
      id: token.sessionId, generation: token.generation, secretHash: hashSecret(token.secret), clientId: client.id,
      idleTtl, asked: asked.scopes, ofAny: asked.ofAny, resources: asked.resources
    }
    const isVain = asked.scopes !== null && scopes.remaining(client, asked.scopes).length === 0
    const rotated = isVain ? null : await sessions.rotate(rotation, caller)
    if (rotated?.wentBack) events.emit('database.went_back', { sessionId: token.sessionId })
    if (rotated) return await answer(client, token, rotated, asked, idleTtl)

    const session = await sessions.inspect(rotation)
    if (!session) throw invalid('no such session')
    if (session.clientId !== client.id) throw invalid('belongs to another client')
    if (!session.alive) throw invalid('the session has ended')
    const { supersededFor } = session
    const grace = client.refreshGrace ?? deps.grace
    const isLate = supersededFor !== null && supersededFor >= grace
    if (isLate && (grace === 0 || !session.successorUnused)) return await refuseReuse(client, session, caller)
    checkNarrowing(session.scopes, asked.scopes, asked.ofAny)
    if (isVain) throw invalidScope('The client may not have this scope any more')
    checkTarget(session.resources, asked.resources)
    if (supersededFor !== null && !isLate) return await answerReplay(client, token, session, asked, caller)
    const recovered = isLate ? await sessions.recover(rotation, session.generation, caller) : null
    if (recovered) {
      events.emit('session.recovered', { clientId: client.id, sessionId: token.sessionId })
      return await answer(client, token, recovered, asked, idleTtl)
    }
    // The row changed between the two statements, so whatever stopped the rotation may be gone
    if (tries === 1) throw invalid('the session keeps changing')
    return await issue(client, text, asked, caller, tries - 1)
  }

  /**
   * A token replaced longer ago than the grace, by a token that was used, means theft. If its successor was never used, the answer was lost
   * and the session is recovered; whoever presents the unused successor later ends the session, so that theft is still detected.
   */
  async function refuseReuse (client: Client, { sessionId }: Superseded, caller: Caller): Promise<never> {
    await sessionEnds.reused({ sessionId, clientId: client.id }, caller)
    throw invalid('was used before: the session is revoked')
  }

  /** Answers concurrent tabs and lost responses with the current token. */
  async function answerReplay (client: Client, token: RefreshToken, session: Superseded, asked: Asked, caller: Caller): Promise<Issued> {
    const { sessionId } = session
    if (session.ip !== caller.ip && session.userAgent !== (caller.userAgent ?? null)) await sessions.noteReplay(sessionId, caller)
    events.emit('session.replayed', { clientId: client.id, sessionId })
    const idleLeft = idleTtl - (Date.now() - session.lastUsedAt.getTime()) / 1000
    return await answer(client, token, session, asked, idleLeft)
  }

  async function answer (client: Client, { secret }: RefreshToken, grant: Grant, asked: Asked, idleLeft: number): Promise<Issued> {
    const left = (grant.expiresAt.getTime() - Date.now()) / 1000
    const refreshTokenExpiresIn = Math.max(1, Math.floor(Math.min(idleLeft, left)))
    return await issueTokens({
      client, grant, scopes: asked.scopes ?? grant.scopes, resources: asked.resources, secret,
      refreshTokenExpiresIn, isLogin: false
    })
  }

  function narrowed (client: Client, scope: string | undefined): Pick<Asked, 'scopes' | 'ofAny'> {
    const asked = parseScope(scope)
    if (asked === null) return { scopes: null, ofAny: null }
    return { scopes: asked, ofAny: asked.filter((name) => scopes.mayHave(client, name)) }
  }

  return {
    grantType: 'refresh_token',
    publicClients: true,
    params: Type.Object({ refresh_token: Type.String({ minLength: 1 }) }),
    async issue ({ client, params, caller, resources }) {
      return await issue(client, params['refresh_token']!, { ...narrowed(client, params.scope), resources }, caller)
    }
  }
}

function invalid (reason: string) {
  return invalidGrant('The refresh token is invalid', { reason: `refresh token: ${reason}` })
}

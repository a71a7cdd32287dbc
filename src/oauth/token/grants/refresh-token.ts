import { Type } from 'typebox'
import type { Events } from '../../../events/events.ts'
import type { Clock } from '../../../runtime/clock.ts'
import type { SessionEnds } from '../../../sessions/end.ts'
import { invalidGrant, invalidScope } from '../../errors.ts'
import type { IssueTokens } from '../issue-tokens.ts'
import type { Client, SessionState, Caller, Sessions, Superseded } from '../../ports.ts'
import type { RefreshToken, RefreshTokens } from '../../../sessions/refresh-token.ts'
import { checkTarget } from '../../resources.ts'
import { checkNarrowing, parseScope, type Scopes } from '../../scopes.ts'
import { hashSecret } from '../../../crypto/secrets.ts'
import type { GrantHandler, Issued } from './index.ts'

type Dependencies = {
  sessions: Sessions
  clock: Clock
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
type Requested = { scopes: string[] | null, ofAny: string[] | null, resources: string[] | null }

// Attempts for a session that other statements change at the same time
const TRIES = 3

/** RFC 6749 section 6 with rotation and replay detection (RFC 9700 section 4.14.2). */
export function refreshTokenGrant (deps: Dependencies): GrantHandler {
  const { sessions, clock, sessionEnds, issueTokens, refreshTokens, scopes, idleTtl, events } = deps

  async function issue (client: Client, text: string, requested: Requested, caller: Caller, tries = TRIES): Promise<Issued> {
    const token = refreshTokens.decode(text)
    if (!token) throw invalid('forged, altered or of another issuer')
    const rotation = {
      id: token.sessionId, generation: token.generation, secretHash: hashSecret(token.secret), clientId: client.id,
      idleTtl, requestedScopes: requested.scopes, ofAny: requested.ofAny, resources: requested.resources
    }
    const isVain = requested.scopes !== null && scopes.remaining(client, requested.scopes).length === 0
    const rotated = isVain ? null : await sessions.rotate(rotation, caller)
    if (rotated?.wentBack) events.emit('database.went_back', { sessionId: token.sessionId })
    if (rotated) return await answer(client, token, rotated, requested, idleTtl)

    const session = await sessions.inspect(rotation)
    if (!session) throw invalid('no such session')
    if (session.clientId !== client.id) throw invalid('belongs to another client')
    if (!session.alive) throw invalid('the session has ended')
    const { supersededFor } = session
    const grace = client.refreshGrace ?? deps.grace
    const isLate = supersededFor !== null && supersededFor >= grace
    if (isLate && (grace === 0 || !session.successorUnused)) return await refuseReuse(client, session, caller)
    checkNarrowing(session.scopes, requested.scopes, requested.ofAny)
    if (isVain) throw invalidScope('The client may not have this scope any more')
    checkTarget(session.resources, requested.resources)
    if (supersededFor !== null && !isLate) return await answerReplay(client, token, session, requested, caller)
    const recovered = isLate ? await sessions.recover(rotation, session.generation, caller) : null
    if (recovered) {
      events.emit('session.recovered', { clientId: client.id, sessionId: token.sessionId })
      return await answer(client, token, recovered, requested, idleTtl)
    }
    // The row changed between the two statements, so whatever stopped the rotation may be gone
    if (tries === 1) throw invalid('the session keeps changing')
    return await issue(client, text, requested, caller, tries - 1)
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
  async function answerReplay (
    client: Client, token: RefreshToken, session: Superseded, requested: Requested, caller: Caller
  ): Promise<Issued> {
    const { sessionId } = session
    if (session.ip !== caller.ip && session.userAgent !== (caller.userAgent ?? null)) await sessions.noteReplay(sessionId, caller)
    events.emit('session.replayed', { clientId: client.id, sessionId })
    const idleLeft = idleTtl - (clock.now() - session.lastUsedAt.getTime()) / 1000
    return await answer(client, token, session, requested, idleLeft)
  }

  async function answer (
    client: Client, { secret }: RefreshToken, grant: SessionState, requested: Requested, idleLeft: number
  ): Promise<Issued> {
    const left = (grant.expiresAt.getTime() - clock.now()) / 1000
    const refreshTokenExpiresIn = Math.max(1, Math.floor(Math.min(idleLeft, left)))
    return await issueTokens({
      client, grant, scopes: requested.scopes ?? grant.scopes, resources: requested.resources, secret,
      refreshTokenExpiresIn, isLogin: false
    })
  }

  function narrowed (client: Client, scope: string | undefined): Pick<Requested, 'scopes' | 'ofAny'> {
    const requested = parseScope(scope)
    if (requested === null) return { scopes: null, ofAny: null }
    return { scopes: requested, ofAny: requested.filter((name) => scopes.mayHave(client, name)) }
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

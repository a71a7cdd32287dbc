import { Type } from 'typebox'
import { v7 as uuidv7 } from 'uuid'
import { DEVICE_CODE } from '../../device/authorization.ts'
import type { Devices, DeviceState } from '../../device/ports.ts'
import { accessDenied, authorizationPending, expiredToken, invalidGrant, slowDown, type OAuthError } from '../../errors.ts'
import type { IssueTokens } from '../issue-tokens.ts'
import type { SessionState } from '../../ports.ts'
import type { RefreshTokens } from '../../../sessions/refresh-token.ts'
import { checkTarget } from '../../resources.ts'
import { hashSecret } from '../../../crypto/secrets.ts'
import type { GrantHandler } from './index.ts'

type Dependencies = {
  devices: Devices
  refreshTokens: RefreshTokens
  issueTokens: IssueTokens
  /** Seconds. */
  sessionTtl: number
  idleTtl: number
}

/** Seconds (RFC 8628 section 3.5). */
const PENALTY = 5

/**
 * RFC 8628 section 3.4. Redeeming a code and creating its session are one statement, so that only one of several concurrent polls succeeds.
 */
export function deviceCodeGrant ({ devices, refreshTokens, issueTokens, sessionTtl, idleTtl }: Dependencies): GrantHandler {
  return {
    grantType: DEVICE_CODE,
    publicClients: true,
    params: Type.Object({ device_code: Type.String() }),
    async issue ({ client, params, caller, resources }) {
      // A device requests tokens for this server only
      checkTarget([], resources)
      const hash = hashSecret(params['device_code']!)
      const secret = refreshTokens.newSecret()
      const redeem = () =>
        devices.redeem({ hash, clientId: client.id, sessionId: uuidv7(), secretHash: hashSecret(secret), ttl: sessionTtl, caller })
      const grant = await redeem() ?? await whenPending(redeem)
      return await issueTokens({
        client, grant, scopes: grant.scopes, resources: null, secret,
        refreshTokenExpiresIn: Math.min(idleTtl, sessionTtl), isLogin: true
      })

      async function whenPending (again: () => Promise<SessionState | null>): Promise<SessionState> {
        const state = await devices.poll(hash, client.id, PENALTY)
        // The user allowed the device between the two statements
        const allowed = state === 'approved' ? await again() : null
        if (!allowed) throw errorOf(state)
        return allowed
      }
    }
  }
}

function errorOf (state: DeviceState): OAuthError {
  if (state === 'pending') return authorizationPending('The user has not decided yet')
  if (state === 'too soon') return slowDown(`Wait ${PENALTY} seconds longer between requests from now on`)
  if (state === 'denied') return accessDenied('The user did not allow it')
  if (state === 'expired') return expiredToken('The device code has expired')
  const reason = state === 'approved' ? 'the user or the client changed since' : state
  return invalidGrant('The device code is invalid', { reason: `device code: ${reason}` })
}

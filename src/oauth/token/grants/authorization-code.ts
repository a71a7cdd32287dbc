import { hash as digest } from 'node:crypto'
import { Type } from 'typebox'
import type { IssueTokens } from '../issue-tokens.ts'
import { invalidGrant, invalidRequest } from '../../errors.ts'
import type { SessionEnds } from '../../../sessions/end.ts'
import type { Caller, Client, Codes } from '../../ports.ts'
import type { RefreshTokens } from '../../../sessions/refresh-token.ts'
import { checkTarget } from '../../resources.ts'
import { hashSecret } from '../../../crypto/secrets.ts'
import type { GrantHandler } from './index.ts'

type Dependencies = {
  codes: Codes
  sessionEnds: Pick<SessionEnds, 'session'>
  refreshTokens: RefreshTokens
  issueTokens: IssueTokens
  /** Seconds. */
  sessionTtl: number
  idleTtl: number
}

type CodeParams = { code: string, verifier: string | undefined, redirectUri: string | undefined, resources: string[] | null }

const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/

/** RFC 6749 section 4.1.3 with PKCE (RFC 7636 section 4.6). Redeeming a code and creating its session are one statement. */
export function authorizationCodeGrant (
  { codes, sessionEnds, refreshTokens, issueTokens, sessionTtl, idleTtl }: Dependencies
): GrantHandler {
  /**
   * The reason for the log, after the code was refused: redemptions.store.ts verifies it, PKCE included. A second use of a code ends the
   * session of the first (RFC 9700 section 4.2.4).
   */
  async function errorFor (client: Client, hash: Uint8Array, { verifier, redirectUri, resources }: CodeParams, caller: Caller) {
    const code = await codes.inspect(hash)
    if (!code) return invalid('unknown')
    if (code.clientId !== client.id) return invalid('issued to another client')
    if (code.redeemed) {
      await sessionEnds.session(code.sessionId, { reason: 'code_reused', caller })
      return invalid('used before: its session is revoked')
    }
    if (code.expired) return invalid('expired')
    if (redirectUri !== undefined && redirectUri !== code.redirectUri) return invalid('redirect_uri differs')
    if (code.codeChallenge === null && verifier !== undefined) return invalid('code_verifier without a code_challenge in the request')
    if (code.codeChallenge !== null && code.codeChallenge !== challengeOf(verifier)) {
      return invalid(verifier === undefined ? 'code_verifier is missing' : 'code_verifier does not fit')
    }
    checkTarget(code.resources, resources)
    return invalid('the user or the client changed since')
  }

  return {
    grantType: 'authorization_code',
    publicClients: true,
    params: Type.Object({ code: Type.String() }),
    async issue ({ client, params, caller, resources }) {
      const { code, code_verifier: verifier, redirect_uri: redirectUri } = params
      if (verifier !== undefined && !VERIFIER.test(verifier)) {
        throw invalidRequest('code_verifier must have 43 to 128 unreserved characters')
      }
      if (verifier === undefined && redirectUri === undefined) throw invalidRequest('code_verifier is missing')
      const hash = hashSecret(code!)
      const secret = refreshTokens.newSecret()
      const grant = await codes.redeem({
        hash,
        clientId: client.id,
        redirectUri: redirectUri ?? null,
        codeChallenge: challengeOf(verifier),
        secretHash: hashSecret(secret),
        resources,
        ttl: sessionTtl,
        caller
      })
      if (!grant) throw await errorFor(client, hash, { code: code!, verifier, redirectUri, resources }, caller)
      return await issueTokens({
        client, grant, scopes: grant.scopes, resources, secret,
        refreshTokenExpiresIn: Math.min(idleTtl, sessionTtl), isLogin: true
      })
    }
  }
}

/** RFC 7636 section 4.2 */
function challengeOf (verifier: string | undefined): string | null {
  return verifier === undefined ? null : digest('sha256', verifier, 'base64url')
}

function invalid (reason: string) {
  return invalidGrant('The authorization code is invalid', { reason: `authorization code: ${reason}` })
}

import { randomUUID } from 'node:crypto'
import type { Clock } from '../../runtime/clock.ts'
import type { Client, SessionState, SignAccessToken } from '../ports.ts'
import { userInfoEndpoint } from '../resources.ts'
import { acrOf } from '../../oidc/acr.ts'

/** Claims of an access token: RFC 9068 section 2.2, with the session and the user's epoch. */
export type AccessTokenClaims = {
  iss: string
  /** A user's id, or the client's own for client_credentials. */
  sub: string
  aud: string | string[]
  client_id: string
  iat: number
  exp: number
  jti: string
  scope?: string
  /** Session id. */
  sid?: string
  /** Of the user, or of the client; a revocation of either states the lowest epoch that is still valid. */
  epoch: number
  /** When the user proved who they are, and how (RFC 9068 section 2.2.1). */
  auth_time?: number
  amr?: string[]
  /** The authentication context class (OpenID Connect Core section 2): `0`, or `mfa`. */
  acr?: string
  /** The client belongs to the operator; for guards that cannot look the client up. */
  first_party?: true
}

export type AccessToken = { token: string, expiresIn: number }

export type AccessTokens = {
  forSession: (client: Client, grant: SessionState, scopes: string[]) => AccessToken
  forClient: (client: Client, scopes: string[], resources: string[]) => AccessToken
}

type Dependencies = {
  sign: SignAccessToken
  clock: Clock
  /** Its issuer may change when the server starts to listen, so it is read at each use. */
  site: { readonly issuer: string }
  ttl: number
}

/** @param ttl seconds, unless the client has a setting of its own */
export function createAccessTokens ({ sign, clock, site, ttl }: Dependencies): AccessTokens {
  function issue (
    client: Client,
    scopes: string[],
    expiresIn: number,
    claims: { sub: string, aud: string | string[], sid?: string, epoch: number, auth_time?: number, amr?: string[], acr?: string }
  ): AccessToken {
    const iat = Math.floor(clock.now() / 1000)
    const payload: AccessTokenClaims = {
      iss: site.issuer,
      client_id: client.id,
      iat,
      exp: iat + expiresIn,
      jti: randomUUID(),
      ...(scopes.length > 0 && { scope: scopes.join(' ') }),
      ...(client.firstParty && { first_party: true }),
      ...claims
    }
    return { token: sign('ES256', payload, 'at+jwt'), expiresIn }
  }

  return {
    forSession (client, grant, scopes) {
      // No access token outlives its session
      const left = Math.max(1, Math.floor((grant.expiresAt.getTime() - clock.now()) / 1000))
      return issue(client, scopes, Math.min(client.accessTokenTtl ?? ttl, left), {
        sub: grant.userId,
        // The token is also valid at UserInfo (OpenID Connect Core section 5.3). With the issuer as audience it would be valid everywhere
        // here
        aud: grant.resources.length > 0
          ? [...grant.resources, ...(scopes.includes('openid') ? [userInfoEndpoint(site.issuer)] : [])]
          : site.issuer,
        sid: grant.sessionId,
        epoch: grant.tokenEpoch,
        auth_time: Math.floor(grant.authTime.getTime() / 1000),
        amr: grant.amr,
        acr: acrOf(grant.amr)
      })
    },
    forClient: (client, scopes, resources) =>
      issue(client, scopes, client.accessTokenTtl ?? ttl, {
        sub: client.id, aud: resources.length > 0 ? resources : site.issuer, epoch: client.tokenEpoch
      })
  }
}

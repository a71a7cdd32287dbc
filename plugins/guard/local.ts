import type { AccessTokenClaims } from '../../src/oauth/token/access-token.ts'
import type { PersonalToken } from '../../src/personal-tokens/ports.ts'
import type { Internals } from '../internals.ts'
import type { Trust } from './types.ts'
import { browserCookie } from '../browser/cookie.ts'
import { outerPath } from '../http/outer-path.ts'
import { refuseOtherSites } from '../http/same-origin.ts'

/** A guard in the process that has the database. */
export function localTrust (
  { clock, config, clients, oauth, revocation: { feed, list }, users, browser, personalTokens, events }: Internals
): Trust {
  return {
    get issuer () { return config.issuer },
    get audience () { return config.issuer },
    verify: oauth.verifyAccessToken,
    revokedBy: list.revokedBy,
    now: clock.now,
    age: feed.age,
    maxStaleness: config.revocation.maxStaleness,
    onStale: config.revocation.onStale,
    user: ({ sub }) => users.records.profile(sub),
    firstParty: async ({ client_id: id }) => (await clients.find(id))?.firstParty === true,
    get about () { return { resource_metadata: `${config.issuer}/.well-known/oauth-protected-resource` } },
    web: {
      session: browser.session,
      refuseOthers: refuseOtherSites(config, { allowed: config.corsOrigins, silent: false }),
      // Without our pages the login page is the host's own, or there is none
      loginPath: config.routes.pages || config.loginPath !== `${config.basePath}/login` ? config.loginPath : null,
      outerPath: (request) => outerPath(config.appUrl, request),
      cookie: browserCookie(config.appUrl),
      user: users.records.profile
    },
    onRefused: (reason) => events.emit('bearer.refused', { reason }),
    async personal (text) {
      const token = await personalTokens.verify(text)
      return token && personalClaims(token, config.issuer)
    }
  }
}

/** The claims that an access token of a session would carry. */
function personalClaims (
  { id, userId, clientId, scopes, tokenEpoch, createdAt, expiresAt }: PersonalToken,
  issuer: string
): AccessTokenClaims {
  return {
    iss: issuer,
    sub: userId,
    aud: issuer,
    client_id: clientId,
    iat: Math.floor(createdAt.getTime() / 1000),
    exp: expiresAt ? Math.floor(expiresAt.getTime() / 1000) : Number.MAX_SAFE_INTEGER,
    jti: id,
    epoch: tokenEpoch,
    ...(scopes.length > 0 && { scope: scopes.join(' ') })
  }
}

import type { FastifyInstance } from 'fastify'
import type { Trust } from '../auth-guard.ts'
import { sameSite } from '../same-origin.ts'

/** A guard in the process that has the database. */
export function localTrust ({ config, keys, revocations, feed, store, browser }: FastifyInstance['latchkey']): Trust {
  return {
    issuer: config.issuer,
    audience: config.issuer,
    accessTokenKey: keys.accessTokenKey,
    refusal: revocations.refusal,
    age: feed.age,
    maxStaleness: config.revocation.maxStaleness,
    onStale: config.revocation.onStale,
    user: ({ sub }) => store.users.profile(sub),
    about: { resource_metadata: `${config.issuer}/.well-known/oauth-protected-resource` },
    web: {
      session: browser.session,
      isOwn: sameSite(config.appUrl, { allowed: config.corsOrigins, silent: false }),
      loginPath: config.loginPath,
      user: store.users.profile
    }
  }
}

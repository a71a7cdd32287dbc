import type { Services } from '../../src/services.ts'
import type { Trust } from '../auth-guard.ts'

/** A guard in the process that has the database. */
export function localTrust ({ config, keys, revocations, feed, store }: Services): Trust {
  return {
    issuer: config.issuer,
    audience: config.issuer,
    accessTokenKey: keys.accessTokenKey,
    refusal: revocations.refusal,
    age: feed.age,
    maxStaleness: config.revocation.maxStaleness,
    onStale: config.revocation.onStale,
    user: ({ sub }) => store.users.profile(sub)
  }
}

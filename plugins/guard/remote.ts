import type { FastifyInstance } from 'fastify'
import { checkOptions } from '../../src/config/check-options.ts'
import { ConfigError } from '../../src/config/config-error.ts'
import { createClock, type Clock } from '../../src/runtime/clock.ts'
import { createIssuerClient, issuerUnavailable, type IssuerClient } from '../../src/remote/issuer-client.ts'
import { createAccessTokenVerifier } from '../../src/keys/access-token-verifier.ts'
import { createRemoteKeys } from '../../src/remote/keys.ts'
import type { AccessTokenClaims } from '../../src/oauth/token/access-token.ts'
import { createRemotePersonalTokens } from '../../src/remote/personal-tokens.ts'
import { REVOCATIONS_READ } from '../../src/oauth/scopes.ts'
import { createRemoteFeed } from '../../src/remote/feed.ts'
import { createRevocationList, type RevocationList } from '../../src/revocation/revocation-list.ts'
import type { RemoteGuardOptions } from '../../src/config/options.ts'
import { RemoteGuard } from '../../src/config/guard-options.ts'
import type { Trust } from './types.ts'
import { createRemoteUser } from './remote-user.ts'

const MAX_STALENESS = 10

export async function remoteTrust (host: FastifyInstance, options: RemoteGuardOptions): Promise<Trust> {
  checkOptions('authGuard', RemoteGuard, options)
  const { clientId, clientSecret } = options
  if ((clientId === undefined) !== (clientSecret === undefined)) {
    throw new ConfigError([{
      name: clientId === undefined ? 'authGuard.clientId' : 'authGuard.clientSecret',
      message: 'is missing; without both the guard cannot follow revocations'
    }])
  }
  const issuer = options.issuer.replace(/\/+$/, '')
  const clock = createClock()
  const client = createIssuerClient({ issuer, clientId, clientSecret, scope: REVOCATIONS_READ, clock })
  const list = createRevocationList()
  const audience = options.audience ?? issuer
  return {
    issuer,
    audience,
    verify: createAccessTokenVerifier({ issuer: () => issuer, findKey: createRemoteKeys(client, clock), clock }),
    revokedBy: list.revokedBy,
    now: clock.now,
    age: followed(host, options, { client, list, clock }),
    maxStaleness: options.revocation?.maxStaleness ?? MAX_STALENESS,
    onStale: options.revocation?.onStale ?? 'refuse',
    user: createRemoteUser(client, issuer),
    firstParty: (claims) => claims.first_party === true,
    about: {},
    web: null,
    // Introspection needs client credentials
    ...(clientSecret !== undefined && { personal: orUnavailable(createRemotePersonalTokens({ client, list, issuer, audience, clock })) })
  }
}

/** An issuer that cannot be reached says nothing about the token: 503 instead of 401. */
function orUnavailable (verify: (token: string) => Promise<AccessTokenClaims | null>) {
  return async (token: string) => await verify(token).catch((cause: unknown) => { throw issuerUnavailable(cause) })
}

/** @returns the age of the revocation list in seconds; always 0 where revocations are not followed */
function followed (
  host: FastifyInstance,
  { clientId, clientSecret }: RemoteGuardOptions,
  parts: { client: IssuerClient, list: RevocationList, clock: Clock }
): () => number {
  if (clientId === undefined || clientSecret === undefined) {
    host.log.warn(
      {},
      `Revocations are not followed: revoked access tokens pass until they expire. Give authGuard the clientId and clientSecret of a client with the scope ${REVOCATIONS_READ}`
    )
    return () => 0
  }
  const feed = createRemoteFeed({ ...parts, log: host.log })
  feed.start()
  host.addHook('onClose', feed.stop)
  return feed.age
}

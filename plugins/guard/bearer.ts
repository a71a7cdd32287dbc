import type { FastifyReply, FastifyRequest } from 'fastify'
import type { GuardOptions } from '../../src/config/options.ts'
import { asRejection } from '../../src/database/unavailable.ts'
import type { BearerRefusal } from '../../src/events/events.ts'
import { TokenRefused } from '../../src/keys/access-token-verifier.ts'
import type { AccessTokenClaims } from '../../src/oauth/token/access-token.ts'
import { looksLikePersonalToken } from '../../src/personal-tokens/form.ts'
import type { Revocation } from '../../src/revocation/revocation-list.ts'
import { createAuth, factsOf, type Auth } from './auth.ts'
import { meets, type Demand } from './demand.ts'
import { firstPartyOnly, forbidden, loginInsufficient, refuseStale, unauthorized } from './errors.ts'
import type { Trust } from './types.ts'

export type Wanted = GuardOptions & { guard: 'api' | 'client', demand: Demand | null }

/** The principal of a bearer token (RFC 6750). @returns null for a guest, where `optional` is set */
export async function authenticateBearer (
  trust: Trust,
  request: FastifyRequest,
  reply: FastifyReply,
  wanted: Wanted
): Promise<Auth | null> {
  const needed = wanted.scopes ?? wanted.anyScope ?? []
  const token = bearerToken(request)
  if (wanted.optional && isForOthers(request.headers.authorization)) return null
  if (token === undefined) throw unauthorized(reply, trust.about)
  refuseStale(trust, reply)
  const refuse: Refuse = (reason, description) => invalidToken(trust, request, reply, reason, description)
  const isPersonal = looksLikePersonalToken(token)
  const claims = isPersonal
    ? await personal(trust, token, refuse, wanted)
    : await verified(trust, token, refuse, wanted)
  const facts = factsOf(claims, isPersonal)
  if (!facts) throw refuse('malformed')
  const auth: Auth = createAuth(facts, () => trust.user(claims, token).catch(asRejection))
  if (auth.kind === 'client' && wanted.guard === 'api' && !wanted.clients) throw refuse('not_a_user', 'This needs the token of a user')
  if (auth.kind !== 'client' && wanted.guard === 'client') {
    throw refuse('not_a_client', 'This needs the token of a client that acts for itself')
  }
  if (!isAllowed(auth, wanted)) throw forbidden(reply, needed, trust.about)
  // A personal access token is copied by hand, so nothing tells which application uses it
  if (wanted.firstParty && (auth.kind === 'personal' || !await trust.firstParty(claims))) throw firstPartyOnly()
  if (wanted.demand && !meets(wanted.demand, auth, trust.now())) throw loginInsufficient(reply, wanted.demand, trust.about)
  return auth
}

type Refuse = (reason: BearerRefusal, description?: string) => Error

const REVOKED: Record<Revocation['kind'], BearerRefusal> = {
  token: 'token_revoked', session: 'session_revoked', client: 'client_revoked', key: 'key_revoked', user: 'logged_out_everywhere'
}

async function verified (
  trust: Trust,
  token: string,
  refuse: Refuse,
  { audience = trust.audience }: GuardOptions
): Promise<AccessTokenClaims> {
  const { claims, kid } = await trust.verify(token, audience).catch((error: unknown) => {
    throw error instanceof TokenRefused ? refuse(error.reason) : error
  })
  const revokedBy = trust.revokedBy(claims, kid)
  if (revokedBy !== null) throw refuse(REVOKED[revokedBy])
  return claims
}

async function personal (
  trust: Trust,
  token: string,
  refuse: Refuse,
  { audience = trust.audience }: GuardOptions
): Promise<AccessTokenClaims> {
  // Personal access tokens are valid for the audience of the issuer only
  const claims = [audience].flat().includes(trust.issuer) ? await trust.personal?.(token) : null
  if (!claims) throw refuse('personal_token')
  return claims
}

/** RFC 6750 section 3.1. The reason goes to the log and metrics only. */
function invalidToken (
  trust: Trust,
  request: FastifyRequest,
  reply: FastifyReply,
  reason: BearerRefusal,
  description = 'The access token is invalid, expired or revoked'
): Error {
  request.log.info({ reason }, 'Bearer token refused')
  trust.onRefused?.(reason)
  return unauthorized(reply, { error: 'invalid_token', error_description: description, ...trust.about })
}

function isAllowed ({ can }: Auth, { scopes = [], anyScope }: GuardOptions): boolean {
  return scopes.every(can) && (anyScope === undefined || anyScope.some(can))
}

/** No credentials, or those of another scheme (RFC 9110 section 11.4), which may be meant for a proxy that asks for a password. */
function isForOthers (authorization: string | undefined): boolean {
  return authorization === undefined || /^(?!bearer\b)[\w!#$%&'*+.^`|~-]+ +\S/i.test(authorization)
}

/** RFC 6750 section 2.1; the scheme is case-insensitive. */
export function bearerToken ({ headers: { authorization } }: FastifyRequest): string | undefined {
  return authorization === undefined ? undefined : /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization)?.[1]
}

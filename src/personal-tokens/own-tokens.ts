import { readName } from '../names/name.ts'
import type { FieldErrors } from '../http/field-errors.ts'
import type { FormId } from '../crypto/form-secrets.ts'
import { OAuthError } from '../oauth/errors.ts'
import type { Owner } from '../account/owner.ts'
import { NoPersonalClient, type PersonalTokens } from './personal-tokens.ts'
import type { PersonalToken } from './ports.ts'
import { PERSONAL_TOKEN_TTL } from './ttl.ts'
import type { Caller, Client } from '../oauth/ports.ts'
import { HttpError } from '../http/http-error.ts'
import { MISSING_ERRORS } from '../users/missing.ts'
import type { Users } from '../users/ports.ts'
import type { Scopes } from '../oauth/scopes.ts'

type TokenRequest = {
  name: string
  scopes: string[]
  /** Seconds; null for a token that does not expire. */
  expiresIn: number | null | undefined
  form?: FormId | undefined
}

type Made = { made: { text: string, token: PersonalToken } | null, errors?: never } | { made?: never, errors: FieldErrors }

/** What users do with personal access tokens of their own. */
export type OwnTokens = {
  /**
   * Creates a token for its owner, by the rules for users.
   * @returns field errors, or null in `made` when the owner has been logged out since
   */
  createOwn: (owner: Owner, request: TokenRequest, caller: Caller) => Promise<Made>
  /** The scopes that the owner may give a token on our pages; null when there is no client for personal access tokens. */
  ownScopes: () => Promise<string[] | null>
}

type Dependencies = {
  personalTokens: PersonalTokens
  scopes: Scopes
  /** The operator's own scopes, without those of OpenID Connect, which are for logging in. */
  offered: string[]
  /** What a user must still do before a token may be created for them. */
  missing: Users['missing']
}

// Ample for one user's programs
const MAX_TOKENS = 100

/**
 * A token cannot do more than the personal access client, nor more than the client through which its owner is logged in, if there is one.
 */
export function createOwnTokens ({ personalTokens, scopes, offered, missing }: Dependencies): OwnTokens {
  async function createOwn (
    owner: Owner,
    { name, scopes: given, expiresIn, form }: TokenRequest,
    caller: Caller
  ): Promise<Made> {
    const requested = given.map((scope) => scope.trim()).filter(Boolean)
    const personal = await personalTokens.client()
    const problem = scopeProblem(scopes, owner.client ? [owner.client, personal] : [personal], requested)
    if (problem) return { errors: { scopes: [{ code: 'invalid', message: problem }] } }
    const { name: read, problem: nameProblem } = readName(name)
    if (read === undefined) return { errors: { name: [nameProblem] } }
    const ttl = expiresIn === undefined ? PERSONAL_TOKEN_TTL.usual : expiresIn
    const request = { owner, name: read, scopes: requested.length > 0 ? scopes.grant(personal, requested.join(' ')) : [], ttl, form, caller }
    const made = await personalTokens.madeBefore(request)
    if (made) return { made }
    if ((await personalTokens.list(owner.userId)).length >= MAX_TOKENS) {
      return { errors: { name: [{ code: 'too_many', of: 'tokens', max: MAX_TOKENS }] } }
    }
    const [first] = await missing(owner)
    if (first) throw new HttpError(MISSING_ERRORS[first].code)
    return { made: await personalTokens.create(request) }
  }

  async function ownScopes (): Promise<string[] | null> {
    const client = await personalTokens.client().catch((error: unknown) => {
      if (error instanceof NoPersonalClient) return null
      throw error
    })
    return client && offered.filter((id) => scopeProblem(scopes, [client], [id]) === undefined)
  }

  return { createOwn, ownScopes }
}

/** The problem, if one of the clients may not have a scope. */
export function scopeProblem (scopes: Scopes, clients: Client[], requested: string[]): string | undefined {
  if (requested.length === 0) return undefined
  try {
    for (const client of clients) scopes.grant(client, requested.join(' '))
    return undefined
  } catch (error) {
    if (error instanceof OAuthError) return error.description
    throw error
  }
}

import { v7 as uuidv7 } from 'uuid'
import { createCache } from '../runtime/cache.ts'
import type { Clock } from '../runtime/clock.ts'
import { originOf, type Events } from '../events/events.ts'
import { HttpError } from '../http/http-error.ts'
import { SAME_FORM, type FormId, type FormSecrets } from '../crypto/form-secrets.ts'
import type { TokenFacts } from '../revocation/revocation-list.ts'
import { isPersonalToken, newPersonalToken } from './form.ts'
import type { PersonalToken, PersonalTokenStore, TokenOwner } from './ports.ts'
import type { Caller, Client } from '../oauth/ports.ts'
import type { RemainingScopes } from '../oauth/remaining-scopes.ts'
import { hashSecret } from '../crypto/secrets.ts'

export type NewPersonalTokenRequest = {
  owner: TokenOwner
  name: string
  scopes: string[]
  /** Seconds; null for a token that does not expire. */
  ttl: number | null
  /** The submitted form, which creates one token however often it is submitted. */
  form?: FormId | undefined
  caller?: Caller | undefined
}

export type MadeToken = { text: string, token: PersonalToken }

export type PersonalTokens = {
  /**
   * @returns the token, which is not stored; null when the user has changed
   * @throws NoPersonalClient
   */
  create: (request: NewPersonalTokenRequest) => Promise<MadeToken | null>
  /** The token that the same form created a moment ago, if it is still valid. */
  madeBefore: (request: NewPersonalTokenRequest) => Promise<MadeToken | null>
  /** The token for a text, if it is valid; otherwise null. */
  verify: (text: string) => Promise<PersonalToken | null>
  list: (userId: string) => Promise<PersonalToken[]>
  /** Refused at once, in every process. @returns false when the user has no such token */
  revoke: (id: string, userId: string, caller?: Caller) => Promise<boolean>
  /** Revokes the token presented by its holder. */
  revokeText: (text: string, caller?: Caller) => Promise<boolean>
  /**
   * The client to which personal access tokens belong.
   * @throws NoPersonalClient
   */
  client: () => Promise<Client>
}

type Dependencies = {
  store: PersonalTokenStore
  clock: Clock
  findClient: () => Promise<Client | null>
  /** Whether it was revoked after it was read from the database. */
  isRevoked: (facts: TokenFacts) => boolean
  remainingScopes: RemainingScopes
  formSecrets: FormSecrets
  events: Events
  onError: (error: unknown) => void
}

/** There is no client for personal access tokens; `latchkey install` creates one. */
export class NoPersonalClient extends HttpError {
  constructor () {
    super('LK_NO_PERSONAL_CLIENT')
  }
}

/** Milliseconds for which a token is cached; a revocation from the feed ends it sooner. */
const TTL_MS = 5000
const MAX_ENTRIES = 10_000
/** Milliseconds between writes that record the use of a token, per process. */
const TOUCH_MS = 60_000

export function createPersonalTokens (
  { store, clock, findClient, isRevoked, remainingScopes, formSecrets, events, onError }: Dependencies
): PersonalTokens {
  const cache = createCache<PersonalToken>({ ttl: TTL_MS, max: MAX_ENTRIES, now: clock.monotonic })
  const touched = createCache<true>({ ttl: TOUCH_MS, max: MAX_ENTRIES, now: clock.monotonic })

  async function client (): Promise<Client> {
    const found = await findClient()
    if (!found) throw new NoPersonalClient()
    return found
  }

  const textsOf = (form: FormId, { owner, name, scopes, ttl }: NewPersonalTokenRequest) =>
    formSecrets(form, owner.userId, name, ttl, ...scopes).map((secret) => newPersonalToken(secret))

  async function create (request: NewPersonalTokenRequest): Promise<MadeToken | null> {
    const { form } = request
    if (!form) return await createAs(newPersonalToken(), request)
    // Of two concurrent submissions, in any processes, the second finds the token of the first. A token of the form that is too old or was
    // revoked is not returned again
    return await createAs(textsOf(form, request)[0]!, request) ?? await madeBefore(request) ?? await createAs(newPersonalToken(), request)
  }

  async function madeBefore (request: NewPersonalTokenRequest): Promise<MadeToken | null> {
    for (const text of request.form ? textsOf(request.form, request) : []) {
      const token = await store.findNew(hashSecret(text), SAME_FORM, request.owner.tokenEpoch)
      if (token) return { text, token }
    }
    return null
  }

  async function createAs (text: string, { owner, name, scopes, ttl, caller }: NewPersonalTokenRequest): Promise<MadeToken | null> {
    const { id: clientId } = await client()
    const token = await store.create({ id: uuidv7(), ...owner, clientId, name, scopes, ttl, hash: hashSecret(text) })
    if (!token) return null
    events.emit('personal_token.created', { tokenId: token.id, userId: token.userId, clientId, scopes, ...originOf(caller) })
    return { text, token }
  }

  async function read (text: string): Promise<PersonalToken | null> {
    const hash = hashSecret(text)
    const key = Buffer.from(hash).toString('base64')
    const known = cache.get(key)
    if (known) return known
    const found = await store.find(hash)
    if (!found) return null
    const token = await asOfToday(found)
    cache.set(key, token)
    return token
  }

  const asOfToday = async (token: PersonalToken) => ({ ...token, scopes: await remainingScopes(token.clientId, token.scopes) })

  async function verify (text: string): Promise<PersonalToken | null> {
    const token = isPersonalToken(text) ? await read(text) : null
    if (!token || (token.expiresAt !== null && token.expiresAt.getTime() <= clock.now()) || isRevoked(factsOf(token))) return null
    touch(token.id)
    return token
  }

  /** Runs in the background. */
  function touch (id: string): void {
    if (touched.get(id)) return
    touched.set(id, true)
    store.touch(id, TOUCH_MS / 1000).catch(onError)
  }

  async function revoke (id: string, userId: string, caller?: Caller): Promise<boolean> {
    const revoked = await store.revoke(id, userId)
    if (revoked) events.emit('personal_token.revoked', { tokenId: id, ...revoked, ...originOf(caller) })
    return revoked !== null
  }

  async function revokeText (text: string, caller?: Caller): Promise<boolean> {
    const token = isPersonalToken(text) ? await store.find(hashSecret(text)) : null
    return token !== null && await revoke(token.id, token.userId, caller)
  }

  return {
    create, madeBefore, verify, revoke, revokeText, client,
    list: async (userId) => await Promise.all((await store.list(userId)).map(asOfToday))
  }
}

/** A fold of the user's revocations exempts the token by its id, as it exempts sessions. */
function factsOf ({ id, userId, clientId, tokenEpoch }: PersonalToken): TokenFacts {
  return { sub: userId, client_id: clientId, jti: id, sid: id, epoch: tokenEpoch }
}

import { v7 as uuidv7 } from 'uuid'
import { createCache } from '../runtime/cache.ts'
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
  /** Seconds; null for one that does not expire. */
  ttl: number | null
  /** The form that asks for it, which makes one token however often it is sent. */
  form?: FormId | undefined
  caller?: Caller | undefined
}

export type MadeToken = { text: string, token: PersonalToken }

export type PersonalTokens = {
  /** @returns the token, which is nowhere else; null when the user is not what it was. @throws NoPersonalClient */
  create: (request: NewPersonalTokenRequest) => Promise<MadeToken | null>
  /** What the same form has made a moment ago, if it is still valid. */
  madeBefore: (request: NewPersonalTokenRequest) => Promise<MadeToken | null>
  /** The token behind a text, if it is valid now; null for anything else. */
  verify: (text: string) => Promise<PersonalToken | null>
  list: (userId: string) => Promise<PersonalToken[]>
  /** Refused at once, in every process. @returns false when the user has no such token */
  revoke: (id: string, userId: string, caller?: Caller) => Promise<boolean>
  /** By whoever holds it. */
  revokeText: (text: string, caller?: Caller) => Promise<boolean>
  /** The client that stands behind them. @throws NoPersonalClient */
  client: () => Promise<Client>
}

type Dependencies = {
  store: PersonalTokenStore
  findClient: () => Promise<Client | null>
  /** Whether it was revoked since the database was asked. */
  isRevoked: (facts: TokenFacts) => boolean
  remaining: RemainingScopes
  formSecrets: FormSecrets
  events: Events
  onError: (error: unknown) => void
}

/** There is no client for personal access tokens: `latchkey install` makes one. */
export class NoPersonalClient extends HttpError {
  constructor () {
    super('LK_NO_PERSONAL_CLIENT')
  }
}

/** A token is asked for at the database once in this time; the feed ends it sooner. */
const TTL_MS = 5000
const MAX_ENTRIES = 10_000
/** How often a process writes that a token was used. */
const TOUCH_MS = 60_000

export function createPersonalTokens (
  { store, findClient, isRevoked, remaining, formSecrets, events, onError }: Dependencies
): PersonalTokens {
  const cache = createCache<PersonalToken>({ ttl: TTL_MS, max: MAX_ENTRIES })
  const touched = createCache<true>({ ttl: TOUCH_MS, max: MAX_ENTRIES })

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
    // Of two at once, to whichever processes, the second finds what the first has made. A token of the form that is old or was revoked does
    // not come back
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

  const asOfToday = async (token: PersonalToken) => ({ ...token, scopes: await remaining(token.clientId, token.scopes) })

  async function verify (text: string): Promise<PersonalToken | null> {
    const token = isPersonalToken(text) ? await read(text) : null
    if (!token || (token.expiresAt !== null && token.expiresAt.getTime() <= Date.now()) || isRevoked(factsOf(token))) return null
    touch(token.id)
    return token
  }

  /** Nobody waits for it. */
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

/** A fold of its user's revocations spares it as it spares sessions, by its id. */
function factsOf ({ id, userId, clientId, tokenEpoch }: PersonalToken): TokenFacts {
  return { sub: userId, client_id: clientId, jti: id, sid: id, epoch: tokenEpoch }
}

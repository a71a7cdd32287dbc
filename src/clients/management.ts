import { originOf, type Events } from '../events/events.ts'
import type { Owner } from '../account/owner.ts'
import type { FieldErrors } from '../http/field-errors.ts'
import { HttpError } from '../http/http-error.ts'
import { looksLike } from '../names/look-alike.ts'
import { readName } from '../names/name.ts'
import type { ClientDirectory } from './directory.ts'
import { DEVICE_CODE } from '../oauth/device/authorization.ts'
import type { Caller, Client } from '../oauth/ports.ts'
import { redirectUriProblem } from './redirect-uri.ts'
import type { Scopes } from '../oauth/scopes.ts'
import { hashSecret, newClientId, newClientSecret } from '../crypto/secrets.ts'

/** Each statement includes the owner, so that clients of other users are not found. */
export type OwnedClients = {
  /** Active ones, by name. */
  listOwned: (ownerId: string) => Promise<(Client & { createdAt: Date })[]>
  create: (
    client: Pick<Client, 'id' | 'name' | 'authMethod' | 'grantTypes' | 'redirectUris' | 'scopes'> & TokenSettings & {
      ownerId: string,
      secretHash: Uint8Array<ArrayBuffer> | null
    },
    ownerEpoch: number
  ) => Promise<Client | null>
  update: (id: string, ownerId: string, values: Pick<Client, 'name' | 'redirectUris'> & TokenSettings) => Promise<boolean>
  rotateSecret: (
    rotation: { id: string, ownerId: string, secretHash: Uint8Array<ArrayBuffer>, overlap: number }
  ) => Promise<{ previousSecretUntil: Date | null } | null>
  revoke: (id: string, ownerId: string) => Promise<boolean>
}

/** Properties left out stay unchanged. */
export type TokenSettings = Partial<Pick<Client, 'refreshGrace' | 'refreshTokenInBody'>>

/** What a user specifies for a client of theirs. */
export type ClientRequest = {
  name: string
  redirectUris: string[]
  /** Whether it has a secret. */
  confidential: boolean
  /** Whether it may use the device grant. */
  device: boolean
  /** Allowed scopes; `*` stands for every registered one. */
  scopes: string[]
  settings: TokenSettings
}

export type CreatedClient = { client: OwnedClient, secret: string | null, errors?: never } | { errors: FieldErrors, client?: never }
export type OwnedClient = Client & { createdAt: Date }

export type ClientManagement = {
  list: (ownerId: string) => Promise<OwnedClient[]>
  /** @throws HttpError LK_UNAUTHENTICATED when the owner has been logged out since */
  create: (owner: Pick<Owner, 'userId' | 'tokenEpoch'>, request: ClientRequest, caller: Caller) => Promise<CreatedClient>
  /** @returns null when the user has no such client */
  update: (
    ownerId: string,
    id: string,
    request: Pick<ClientRequest, 'name' | 'redirectUris' | 'settings'>,
    caller: Caller
  ) => Promise<CreatedClient | null>
  /**
   * Both secrets are valid for `overlap` seconds.
   * @returns null when the user has no such client with a secret
   */
  rotateSecret: (
    ownerId: string,
    id: string,
    overlap: number,
    caller: Caller
  ) => Promise<{ secret: string, previousSecretUntil: Date | null } | null>
  /** Ends its tokens and sessions, at once and in every process. */
  revoke: (ownerId: string, id: string, caller: Caller) => Promise<boolean>
}

type Dependencies = {
  store: OwnedClients
  clients: Pick<ClientDirectory, 'forget'>
  scopes: Pick<Scopes, 'list'>
  /** The name of the server's pages, which no third-party client may use. */
  brand: string
  events: Events
}

// The path parameter may be any text
const CLIENT_ID = /^lk_client_[\x21-\x7E]+$/
// Ample for what one user develops
const MAX_CLIENTS = 100

/**
 * Clients that users register. They are third-party clients, whose users are asked for consent; never first-party, and never for machine
 * access.
 */
export function createClientManagement ({ store, clients, scopes, brand, events }: Dependencies): ClientManagement {
  async function create (
    { userId: ownerId, tokenEpoch }: Pick<Owner, 'userId' | 'tokenEpoch'>, request: ClientRequest, caller: Caller
  ): Promise<CreatedClient> {
    const { name, errors } = await checked(brand, request, request.device)
    const registered = new Set(['*', ...scopes.list().map(({ id }) => id)])
    const unknown = request.scopes.filter((scope) => !registered.has(scope))
    if (unknown.length > 0) errors['scopes'] = [{ code: 'unknown_scopes', scopes: unknown }]
    if ((await store.listOwned(ownerId)).length >= MAX_CLIENTS) {
      errors['name'] = [{ code: 'too_many', of: 'clients', max: MAX_CLIENTS }]
    }
    if (Object.keys(errors).length > 0) return { errors }
    const id = newClientId()
    const secret = request.confidential ? newClientSecret() : null
    const made = await store.create({
      id,
      ownerId,
      name,
      secretHash: secret === null ? null : hashSecret(secret),
      authMethod: secret ? 'client_secret_basic' : 'none',
      redirectUris: [...new Set(request.redirectUris)],
      grantTypes: [
        ...(request.redirectUris.length > 0 ? ['authorization_code'] : []),
        'refresh_token',
        ...(request.device ? [DEVICE_CODE] : [])
      ],
      scopes: request.scopes,
      ...request.settings
    }, tokenEpoch)
    if (!made) throw new HttpError('LK_UNAUTHENTICATED')
    events.emit('client.created', { clientId: id, userId: ownerId, ...originOf(caller) })
    return { client: (await find(ownerId, id))!, secret }
  }

  async function update (
    ownerId: string,
    id: string,
    request: Pick<ClientRequest, 'name' | 'redirectUris' | 'settings'>,
    caller: Caller
  ): Promise<CreatedClient | null> {
    const known = await find(ownerId, id)
    if (!known) return null
    const { name, errors } = await checked(brand, request, !known.grantTypes.includes('authorization_code'))
    if (Object.keys(errors).length > 0) return { errors }
    if (!await store.update(id, ownerId, { name, redirectUris: [...new Set(request.redirectUris)], ...request.settings })) return null
    clients.forget(id)
    events.emit('client.changed', { clientId: id, userId: ownerId, ...originOf(caller) })
    const client = await find(ownerId, id)
    return client && { client, secret: null }
  }

  async function rotateSecret (ownerId: string, id: string, overlap: number, caller: Caller) {
    const secret = newClientSecret()
    const rotated = CLIENT_ID.test(id) ? await store.rotateSecret({ id, ownerId, overlap, secretHash: hashSecret(secret) }) : null
    if (!rotated) return null
    clients.forget(id)
    events.emit('client.secret_rotated', { clientId: id, userId: ownerId, overlap, ...originOf(caller) })
    return { secret, ...rotated }
  }

  async function revoke (ownerId: string, id: string, caller: Caller): Promise<boolean> {
    if (!CLIENT_ID.test(id) || !await store.revoke(id, ownerId)) return false
    clients.forget(id)
    events.emit('client.revoked', { clientId: id, userId: ownerId, ...originOf(caller) })
    return true
  }

  async function find (ownerId: string, id: string): Promise<OwnedClient | null> {
    return (await store.listOwned(ownerId)).find((client) => client.id === id) ?? null
  }

  return { list: store.listOwned, create, update, rotateSecret, revoke }
}

async function checked (
  brand: string,
  { name: requested, redirectUris }: Pick<ClientRequest, 'name' | 'redirectUris'>,
  withoutRedirect: boolean
): Promise<{ name: string, errors: FieldErrors }> {
  const errors: FieldErrors = {}
  const { name = '', problem } = readName(requested)
  if (problem !== undefined) errors['name'] = [problem]
  else if (await looksLike(name, brand)) errors['name'] = [{ code: 'like_brand', brand }]
  const wrong = redirectUris.flatMap((uri) => {
    const problem = redirectUriProblem(uri)
    return problem ? [{ code: 'redirect_uri' as const, uri, problem }] : []
  })
  if (wrong.length > 0) errors['redirect_uris'] = ['redirects_invalid', ...wrong]
  if (redirectUris.length === 0 && !withoutRedirect) errors['redirect_uris'] = ['required']
  return { name, errors }
}

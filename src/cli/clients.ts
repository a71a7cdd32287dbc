import type { Client } from '../oauth/ports.ts'
import { hashSecret, newClientSecret } from '../crypto/secrets.ts'
import { changesOf, type ClientUpdate } from './changed-client.ts'
import { clientJson } from './client-json.ts'
import type { Context } from './context.ts'
import { findClient, noSuchClient } from './find-client.ts'
import { BY_OPERATOR } from './operator.ts'
import { describe, table, type Result } from './result.ts'

/** All clients, oldest first. */
export async function listClients ({ withCore }: Context): Promise<Result> {
  const clients = await withCore(({ store }) => store.clients.list())
  return {
    json: {
      clients: clients.map((client) => ({
        ...clientJson(client), created_at: client.createdAt.toISOString(),
        revoked_at: client.revokedAt?.toISOString() ?? null
      }))
    },
    lines: table(['ID', 'SLUG', 'NAME', 'GRANTS', 'STATE'], clients.map(({ id, slug, name, grantTypes, revokedAt }) =>
      [id, slug ?? '-', name, grantTypes.map(shortGrant).join(','), revokedAt ? 'revoked' : 'active']))
  }
}

/** Revokes a client with its tokens and sessions, in every process. */
export async function revokeClient ({ withCore }: Context, name: string): Promise<Result> {
  const { id, revoked } = await withCore(async ({ store }) => {
    const { id, ownerId } = await findClient(store, name)
    const revoked = await store.clients.revoke(id)
    if (revoked) await store.audit.write([{ type: 'client.revoked', clientId: id, userId: ownerId, detail: BY_OPERATOR }])
    return { id, revoked }
  })
  return {
    json: { client_id: id, revoked: true },
    lines: [revoked ? `Client ${id} is revoked, and so are its tokens and sessions.` : `Client ${id} was revoked before.`]
  }
}

/** Everything about a client except its secret. */
export async function showClient ({ withCore }: Context, name: string): Promise<Result> {
  const json = wholeJson(await withCore(({ store }) => findClient(store, name)))
  return { json, lines: describe(json) }
}

/** Options left out stay unchanged. Running servers see the change within 2 seconds, for which they cache clients. */
export async function updateClient (
  { config, withCore }: Context,
  name: string,
  { json: _json, ...update }: ClientUpdate & { json?: boolean }
): Promise<Result> {
  const client = await withCore(async ({ store }) => {
    const { id } = await findClient(store, name)
    let fields: string[] = []
    const changed = await store.clients.change(id, (client) => {
      const changes = changesOf(client, update, config)
      fields = Object.keys(changes)
      return changes
    })
    if (changed === 'taken') throw new Error(`The slug ${update.slug} belongs to another client; \`npx latchkey clients\` lists them`)
    if (changed === null) throw noSuchClient(id)
    await store.audit.write([{ type: 'client.changed', clientId: id, userId: changed.ownerId, detail: { ...BY_OPERATOR, fields } }])
    return changed
  })
  const json = wholeJson(client)
  return { json, lines: ['Client updated successfully.', ...describe(json)] }
}

function wholeJson (client: Client): object {
  return {
    ...clientJson(client),
    has_secret: client.secretHash !== null,
    previous_secret_until: client.previousSecretUntil?.toISOString() ?? null,
    revoked_at: client.revokedAt?.toISOString() ?? null
  }
}

/** Creates a new secret, which is shown only now; the old secret stays valid for `overlap` seconds. */
export async function rotateSecret ({ withCore }: Context, name: string, { overlap = 0 }: { overlap?: number }): Promise<Result> {
  const secret = newClientSecret()
  const { id, until } = await withCore(async ({ store }) => {
    const client = await findClient(store, name)
    const { id } = client
    const rotated = await store.clients.rotateSecret({ id, secretHash: hashSecret(secret), overlap })
    if (!rotated) throw new Error(client.revokedAt ? `The client ${id} is revoked` : `The client ${id} is public: it has no secret`)
    await store.audit.write([{ type: 'client.secret_rotated', clientId: id, userId: client.ownerId, detail: { ...BY_OPERATOR, overlap } }])
    return { id, until: rotated.previousSecretUntil }
  })
  return {
    json: { client_id: id, client_secret: secret, previous_secret_until: until?.toISOString() ?? null },
    lines: [
      `Client ID: ${id}`,
      `Client secret: ${secret}`,
      until ? `The old secret stays valid until ${until.toISOString()}.` : 'The old secret is no longer valid.'
    ]
  }
}

function shortGrant (grantType: string): string {
  return grantType.replace(/^urn:ietf:params:oauth:grant-type:/, '')
}

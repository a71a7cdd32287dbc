import type { Core } from '../core.ts'
import type { Client } from '../oauth/ports.ts'
import { hashSecret, newClientSecret } from '../oauth/secrets.ts'
import { clientJson } from './client-json.ts'
import type { Context } from './context.ts'
import { BY_OPERATOR } from './operator.ts'
import { table, type Result } from './result.ts'

/** All clients, oldest first. */
export async function listClients ({ withCore }: Context): Promise<Result> {
  const clients = await withCore(({ store }) => store.clients.list())
  return {
    json: {
      clients: clients.map((client) => ({ ...clientJson(client), created_at: client.createdAt.toISOString(), revoked_at: client.revokedAt?.toISOString() ?? null }))
    },
    lines: table(['ID', 'SLUG', 'NAME', 'GRANTS', 'STATE'], clients.map(({ id, slug, name, grantTypes, revokedAt }) =>
      [id, slug ?? '-', name, grantTypes.map(shortGrant).join(','), revokedAt ? 'revoked' : 'active']))
  }
}

/** Ends a client with its tokens and sessions, in every process. */
export async function revokeClient ({ withCore }: Context, id: string): Promise<Result> {
  const revoked = await withCore(async ({ store }) => {
    const client = await known(store, id)
    const done = await store.clients.revoke(id)
    if (done) await store.audit.write([{ type: 'client.revoked', clientId: id, userId: client.ownerId, detail: BY_OPERATOR }])
    return done
  })
  return {
    json: { client_id: id, revoked: true },
    lines: [revoked ? `Client ${id} is revoked, and so are its tokens and sessions.` : `Client ${id} was revoked before.`]
  }
}

/** All that there is to say of a client, but its secret. */
export async function showClient ({ withCore }: Context, id: string): Promise<Result> {
  const client = await withCore(({ store }) => known(store, id))
  const json = {
    ...clientJson(client),
    has_secret: client.secretHash !== null,
    previous_secret_until: client.previousSecretUntil?.toISOString() ?? null,
    revoked_at: client.revokedAt?.toISOString() ?? null
  }
  return { json, lines: Object.entries(json).map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(' ') || '-' : value ?? '-'}`) }
}

/** A new secret, shown here and never again; the old one counts for `overlap` seconds more. */
export async function rotateSecret ({ withCore }: Context, id: string, { overlap = 0 }: { overlap?: number }): Promise<Result> {
  const secret = newClientSecret()
  const until = await withCore(async ({ store }) => {
    const client = await known(store, id)
    const rotated = await store.clients.rotateSecret({ id, secretHash: hashSecret(secret), overlap })
    if (!rotated) throw new Error(client.revokedAt ? `The client ${id} is revoked` : `The client ${id} is public: it has no secret`)
    await store.audit.write([{ type: 'client.secret_rotated', clientId: id, userId: client.ownerId, detail: { ...BY_OPERATOR, overlap } }])
    return rotated.previousSecretUntil
  })
  return {
    json: { client_id: id, client_secret: secret, previous_secret_until: until?.toISOString() ?? null },
    lines: [`Client ID: ${id}`, `Client secret: ${secret}`, until ? `The old secret counts until ${until.toISOString()}.` : 'The old secret has stopped.']
  }
}

async function known (store: Core['store'], id: string): Promise<Client> {
  const client = await store.clients.find(id)
  if (!client) throw new Error(`There is no client ${id}; \`npx latchkey clients\` lists them`)
  return client
}

function shortGrant (grantType: string): string {
  return grantType.replace(/^urn:ietf:params:oauth:grant-type:/, '')
}

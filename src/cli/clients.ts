import { clientJson } from './client-json.ts'
import type { Context } from './context.ts'
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
    if (!await store.clients.find(id)) throw new Error(`There is no client ${id}; \`npx latchkey clients\` lists them`)
    return await store.clients.revoke(id)
  })
  return {
    json: { client_id: id, revoked: true },
    lines: [revoked ? `Client ${id} is revoked, and so are its tokens and sessions.` : `Client ${id} was revoked before.`]
  }
}

function shortGrant (grantType: string): string {
  return grantType.replace(/^urn:ietf:params:oauth:grant-type:/, '')
}

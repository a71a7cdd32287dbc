import type { Database } from '../../src/database/client.ts'
import type { Client, Clients } from '../../src/oauth/ports.ts'
import type { Revocation } from '../../src/revocation/revocation-list.ts'
import type { RevocationStore } from './revocations.ts'

export type NewClient = Pick<Client, 'id' | 'name' | 'authMethod' | 'grantTypes'>
  & Partial<Pick<Client, 'slug' | 'scopes' | 'defaultScopes' | 'firstParty' | 'proxy' | 'refreshTokenInBody' | 'trustedProxy' | 'accessTokenTtl' | 'refreshGrace' | 'redirectUris' | 'postLogoutRedirectUris' | 'skipsConsent' | 'pkceOptional' | 'idTokenAlg'>>
  & { secretHash: Uint8Array<ArrayBuffer> | null, ownerId?: string }

export type ClientStore = Clients & {
  list: () => Promise<(Client & { createdAt: Date })[]>
  /** @returns null when the slug is taken */
  create: (client: NewClient) => Promise<Client | null>
  /** @returns false when it has a secret already */
  setFirstSecret: (id: string, secretHash: Uint8Array<ArrayBuffer>) => Promise<boolean>
  /** One row in place of the many of a client that gets and revokes tokens without end; ends all its own tokens. */
  foldRevocations: (id: string) => Promise<void>
  /** Ends its tokens and sessions in every process. @returns false when there is no such client alive */
  revoke: (id: string) => Promise<boolean>
}

const SELECT = {
  id: true, slug: true, name: true, secretHash: true, authMethod: true, grantTypes: true, scopes: true, defaultScopes: true, firstParty: true,
  proxy: true, refreshTokenInBody: true, trustedProxy: true, redirectUris: true, postLogoutRedirectUris: true, skipsConsent: true, pkceOptional: true, idTokenAlg: true, accessTokenTtl: true, refreshGrace: true, tokenEpoch: true, revokedAt: true, createdAt: true
} as const

export function createClientStore ({ prisma, tables }: Database, revocations: RevocationStore): ClientStore {
  const find = (id: string) => prisma.client.findUnique({ where: { id }, select: SELECT })
  const findBySlug = (slug: string) => prisma.client.findUnique({ where: { slug }, select: SELECT })
  const list = () => prisma.client.findMany({ select: SELECT, orderBy: { createdAt: 'asc' } })

  async function create (client: NewClient): Promise<Client | null> {
    const { count } = await prisma.client.createMany({ data: [client], skipDuplicates: true })
    return count > 0 ? await find(client.id) : null
  }

  async function setFirstSecret (id: string, secretHash: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const { count } = await prisma.client.updateMany({ where: { id, secretHash: null, authMethod: { not: 'none' } }, data: { secretHash } })
    return count > 0
  }

  async function revoke (id: string): Promise<boolean> {
    const rows = await revocations.run<{ revocation: Revocation | null }>({
      text: `WITH ended AS (UPDATE ${tables.clients} SET revoked_at = now(), updated_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING id)
        ${revocations.insertSql("SELECT 'client', id, NULL::text, NULL::int, '{}'::uuid[] FROM ended")}`,
      values: [id]
    })
    return rows.length > 0
  }

  async function foldRevocations (id: string): Promise<void> {
    await revocations.run<{ revocation: Revocation | null }>({
      text: `WITH raised AS (UPDATE ${tables.clients} SET token_epoch = token_epoch + 1, updated_at = now() WHERE id = $1 RETURNING id, token_epoch),
        folded AS (DELETE FROM ${tables.revocations} r USING raised WHERE r.owner = raised.id AND r.epoch < raised.token_epoch)
        ${revocations.insertSql("SELECT 'user', id, NULL::text, token_epoch, '{}'::uuid[] FROM raised")}`,
      values: [id]
    })
  }

  return { find, findBySlug, list, create, setFirstSecret, revoke, foldRevocations }
}

import type pg from 'pg'
import type { Database } from '../database/client.ts'
import { quoteIdentifier } from '../database/connection.ts'
import type { TokenSettings } from './management.ts'
import type { Client, Clients } from '../oauth/ports.ts'
import type { Revocation } from '../revocation/revocation-list.ts'
import { nextEpoch } from '../users/epoch-sql.ts'
import type { RevocationStore } from '../revocation/revocations.store.ts'
import type { SettingStore } from '../database/settings.store.ts'
import { inTransaction } from '../database/transaction.ts'

export type NewClient =
  & Pick<Client, 'id' | 'name' | 'authMethod' | 'grantTypes'>
  & Partial<
    Pick<
      Client,
      'slug' | 'scopes' | 'defaultScopes' | 'firstParty' | 'proxy' | 'refreshTokenInBody' | 'trustedProxy' | 'accessTokenTtl'
        | 'refreshGrace' | 'redirectUris' | 'postLogoutRedirectUris' | 'skipsConsent' | 'pkceOptional' | 'idTokenAlg' | 'introspects'
        | 'resourceServers'
    >
  >
  & { secretHash: Uint8Array<ArrayBuffer> | null, ownerId?: string }

/** What can be changed about a client. */
export type ClientChanges = Partial<
  Pick<
    Client,
    'name' | 'slug' | 'redirectUris' | 'postLogoutRedirectUris' | 'scopes' | 'defaultScopes' | 'firstParty' | 'proxy' | 'refreshTokenInBody'
      | 'trustedProxy' | 'accessTokenTtl' | 'refreshGrace' | 'skipsConsent' | 'pkceOptional' | 'idTokenAlg' | 'introspects'
      | 'resourceServers'
  >
>

/** `overlap`: seconds in which the old secret stays valid. */
export type SecretRotation = { id: string, secretHash: Uint8Array<ArrayBuffer>, overlap: number, ownerId?: string | undefined }

export type StoredClient = Client & { createdAt: Date }

export type ClientStore = Omit<Clients, 'findAgain'> & {
  list: () => Promise<StoredClient[]>
  /** Active clients of a user, by name. */
  listOwned: (ownerId: string) => Promise<StoredClient[]>
  /** The newest client for personal access tokens. */
  findPersonal: () => Promise<Client | null>
  /**
   * @param ownerEpoch the epoch of the owner's session, when the owner creates it
   * @returns null when the slug is taken, or the owner has been logged out since
   */
  create: (client: NewClient, ownerEpoch?: number) => Promise<Client | null>
  /** @returns false when it already has a secret */
  setFirstSecret: (id: string, secretHash: Uint8Array<ArrayBuffer>) => Promise<boolean>
  /** @returns when the old secret becomes invalid, or null when there is no such active client with a secret */
  rotateSecret: (rotation: SecretRotation) => Promise<{ previousSecretUntil: Date | null } | null>
  /** @returns false when the user has no such active client */
  update: (id: string, ownerId: string, values: Pick<Client, 'name' | 'redirectUris'> & TokenSettings) => Promise<boolean>
  /**
   * A change by the operator: `decide` returns the changes for the current client.
   * @returns null when there is no such client; 'taken' when another client has the slug
   */
  change: (id: string, decide: (client: Client) => ClientChanges) => Promise<Client | 'taken' | null>
  /** Replaces the many rows of a client that gets and revokes tokens repeatedly by one; ends all its own tokens. */
  foldRevocations: (id: string) => Promise<void>
  /**
   * Ends its tokens and sessions in every process, and frees its slug.
   * @returns false when there is no such active client, or it belongs to another user
   */
  revoke: (id: string, ownerId?: string) => Promise<boolean>
}

const UNIQUE_VIOLATION = '23505'

const SELECT = {
  id: true,
  slug: true,
  name: true,
  secretHash: true,
  previousSecretHash: true,
  previousSecretUntil: true,
  authMethod: true,
  grantTypes: true,
  scopes: true,
  defaultScopes: true,
  firstParty: true,
  proxy: true,
  refreshTokenInBody: true,
  trustedProxy: true,
  redirectUris: true,
  postLogoutRedirectUris: true,
  skipsConsent: true,
  pkceOptional: true,
  idTokenAlg: true,
  introspects: true,
  resourceServers: true,
  accessTokenTtl: true,
  refreshGrace: true,
  tokenEpoch: true,
  ownerId: true,
  revokedAt: true,
  createdAt: true
} as const

export function createClientStore ({ prisma, pool, tables }: Database, revocations: RevocationStore, settings: SettingStore): ClientStore {
  const columns = Object.keys(SELECT).map((name) => `${columnOf(name)} AS "${name}"`).join(', ')

  /** Plain SQL, because token requests and the start of the server use it. */
  async function findBy (column: 'id' | 'slug', value: string): Promise<StoredClient | null> {
    const { rows } = await pool.query<StoredClient>({
      name: `client-by-${column}`, text: `SELECT ${columns} FROM ${tables.clients} WHERE ${column} = $1`, values: [value]
    })
    return rows[0] ?? null
  }

  const find = (id: string) => findBy('id', id)
  const findBySlug = (slug: string) => findBy('slug', slug)
  const list = async () => (await prisma()).client.findMany({ select: SELECT, orderBy: { createdAt: 'asc' } })

  const listOwned = async (ownerId: string) =>
    (await prisma()).client.findMany({ select: SELECT, where: { ownerId, revokedAt: null }, orderBy: [{ name: 'asc' }, { id: 'asc' }] })
  const findPersonal = async () =>
    (await prisma()).client.findFirst({
      select: SELECT, where: { revokedAt: null, grantTypes: { has: 'personal_access' } }, orderBy: { createdAt: 'desc' }
    })

  async function create (client: NewClient, ownerEpoch?: number): Promise<Client | null> {
    // Before the first token is issued: revocations and keys are kept as long as the longest-lived token
    if (client.accessTokenTtl) await settings.raiseLongestTokenTtl(client.accessTokenTtl)
    if (ownerEpoch === undefined) return await insert(pool, client)
    return await inTransaction(pool, async (transaction) => {
      // Whoever ends everything of the user waits, and then finds the client
      const { rowCount } = await transaction.query(
        `SELECT FROM ${tables.users} WHERE id = $1 AND token_epoch = $2 AND disabled_at IS NULL FOR SHARE`, [client.ownerId, ownerEpoch]
      )
      return rowCount === 1 ? await insert(transaction, client) : null
    })
  }

  async function insert (connection: Pick<pg.PoolClient, 'query'>, client: NewClient): Promise<Client | null> {
    const given = Object.entries(client).filter(([, value]) => value !== undefined)
    const { rows } = await connection.query<StoredClient>(
      `INSERT INTO ${tables.clients} (${given.map(([name]) => columnOf(name)).join(', ')}) VALUES (${given.map((_, index) => `$${index + 1}`).join(', ')})
       ON CONFLICT DO NOTHING RETURNING ${columns}`,
      given.map(([, value]) => value)
    )
    return rows[0] ?? null
  }

  async function setFirstSecret (id: string, secretHash: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const { count } = await (await prisma()).client.updateMany({
      where: { id, secretHash: null, authMethod: { not: 'none' } },
      data: { secretHash }
    })
    return count > 0
  }

  async function rotateSecret ({ id, secretHash, overlap, ownerId }: SecretRotation) {
    const { rows } = await pool.query<{ previousSecretUntil: Date | null }>(
      `UPDATE ${tables.clients} SET secret_hash = $2, updated_at = now(), previous_secret_hash = CASE WHEN $3 > 0 THEN secret_hash END,
         previous_secret_until = CASE WHEN $3 > 0 AND secret_hash IS NOT NULL THEN now() + $3 * interval '1 second' END
       WHERE id = $1 AND revoked_at IS NULL AND auth_method <> 'none' AND ($4::uuid IS NULL OR owner_id = $4)
       RETURNING previous_secret_until AS "previousSecretUntil"`,
      [id, secretHash, overlap, ownerId]
    )
    return rows[0] ?? null
  }

  async function update (id: string, ownerId: string, values: Pick<Client, 'name' | 'redirectUris'> & TokenSettings): Promise<boolean> {
    return await inTransaction(
      pool,
      (client) => rewrite(client, id, (known) => known.ownerId === ownerId && !known.revokedAt ? values : null)
    ) !== null
  }

  /**
   * Every change of a client, in a transaction: a concurrent consent waits and sees the result.
   * @returns null when there is nothing to change
   */
  async function rewrite (
    client: pg.PoolClient,
    id: string,
    decide: (client: StoredClient) => ClientChanges | null
  ): Promise<Client | null> {
    const { rows: [known] } = await client.query<StoredClient>(
      `SELECT ${columns} FROM ${tables.clients} WHERE id = $1 FOR NO KEY UPDATE`,
      [id]
    )
    const changes = known ? decide(known) : null
    if (!known || !changes) return null
    const given = Object.entries(changes)
    const { rows: [changed] } = await client.query<StoredClient>(
      `UPDATE ${tables.clients} SET ${given.map(([name], index) => `${columnOf(name)} = $${index + 2}`).join(', ')}, updated_at = now() WHERE id = $1 RETURNING ${columns}`,
      [id, ...given.map(([, value]) => value)]
    )
    // Users consented to a user's client under this name and with these redirect URIs
    if (known.ownerId !== null && (known.name !== changed!.name || !isSameSet(known.redirectUris, changed!.redirectUris))) {
      await client.query(`DELETE FROM ${tables.consents} WHERE client_id = $1`, [id])
    }
    return changed!
  }

  async function change (id: string, decide: (client: Client) => ClientChanges): Promise<Client | 'taken' | null> {
    const before = await find(id)
    const { accessTokenTtl } = before ? decide(before) : {}
    if (accessTokenTtl) await settings.raiseLongestTokenTtl(accessTokenTtl)
    try {
      return await inTransaction(pool, (client) => rewrite(client, id, decide))
    } catch (error) {
      if ((error as { code?: unknown }).code === UNIQUE_VIOLATION) return 'taken'
      throw error
    }
  }

  async function revoke (id: string, ownerId?: string): Promise<boolean> {
    const rows = await revocations.run<{ revocation: Revocation | null }>({
      text: `WITH ended AS (UPDATE ${tables.clients} SET revoked_at = now(), slug = NULL, updated_at = now()
          WHERE id = $1 AND revoked_at IS NULL AND ($2::uuid IS NULL OR owner_id = $2) RETURNING id)
        ${revocations.insertSql("SELECT 'client', id, NULL::text, NULL::int, '{}'::uuid[] FROM ended")}`,
      values: [id, ownerId]
    })
    return rows.length > 0
  }

  async function foldRevocations (id: string): Promise<void> {
    await revocations.run<{ revocation: Revocation | null }>({
      text: `WITH raised AS (UPDATE ${tables.clients} SET token_epoch = ${nextEpoch('token_epoch')}, updated_at = now() WHERE id = $1 RETURNING id, token_epoch),
        folded AS (DELETE FROM ${tables.revocations} r USING raised WHERE r.owner = raised.id AND r.epoch < raised.token_epoch)
        ${revocations.insertSql("SELECT 'user', id, NULL::text, token_epoch, '{}'::uuid[] FROM raised")}`,
      values: [id]
    })
  }

  return { find, findBySlug, list, listOwned, findPersonal, create, setFirstSecret, rotateSecret, update, change, revoke, foldRevocations }
}

function isSameSet (one: readonly string[], other: readonly string[]): boolean {
  return one.every((item) => other.includes(item)) && other.every((item) => one.includes(item))
}

function columnOf (property: string): string {
  return quoteIdentifier(property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
}

import type { Database } from '../database/client.ts'
import type { NewPersonalToken, PersonalToken, PersonalTokenStore } from './ports.ts'
import type { Revocation } from '../revocation/revocation-list.ts'
import { mayLogIn } from '../users/deletion-sql.ts'
import type { RevocationStore } from '../revocation/revocations.store.ts'

type Revoked = { userId: string | null, clientId: string | null, revocation: Revocation | null }

export function createPersonalTokenStore ({ pool, tables }: Database, revocations: RevocationStore): PersonalTokenStore {
  const { personal_access_tokens: tokens, users, clients } = tables
  const columns = `p.id, p.user_id AS "userId", p.client_id AS "clientId", p.name, p.scopes, p.token_epoch AS "tokenEpoch",
    p.last_used_at AS "lastUsedAt", p.created_at AS "createdAt", p.expires_at AS "expiresAt"`
  const alive = `p.revoked_at IS NULL AND (p.expires_at IS NULL OR p.expires_at > now()) AND EXISTS (SELECT FROM ${users} u
    WHERE u.id = p.user_id AND ${mayLogIn} AND u.token_epoch = p.token_epoch) AND EXISTS (SELECT FROM ${clients} c WHERE c.id = p.client_id AND c.revoked_at IS NULL)`

  async function create ({ id, userId, tokenEpoch, clientId, name, scopes, ttl, hash }: NewPersonalToken): Promise<PersonalToken | null> {
    const { rows } = await pool.query<PersonalToken>({
      name: 'personal-token-create',
      text: `INSERT INTO ${tokens} AS p (id, user_id, client_id, name, scopes, hash, token_epoch, expires_at)
        SELECT $1::uuid, u.id, c.id, $4::text, $5::text[], $6::bytea, u.token_epoch, now() + $7 * interval '1 second' FROM ${users} u, ${clients} c
        WHERE u.id = $2 AND ${mayLogIn} AND ($8::int IS NULL OR u.token_epoch = $8) AND c.id = $3 AND c.revoked_at IS NULL
        FOR KEY SHARE OF u ON CONFLICT (hash) DO NOTHING RETURNING ${columns}`,
      values: [id, userId, clientId, name, scopes, hash, ttl, tokenEpoch]
    })
    return rows[0] ?? null
  }

  async function find (hash: Uint8Array): Promise<PersonalToken | null> {
    const { rows } = await pool.query<PersonalToken>({
      name: 'personal-token-find', text: `SELECT ${columns} FROM ${tokens} p WHERE p.hash = $1 AND ${alive}`, values: [hash]
    })
    return rows[0] ?? null
  }

  async function findNew (hash: Uint8Array, seconds: number, tokenEpoch: number | null): Promise<PersonalToken | null> {
    const { rows } = await pool.query<PersonalToken>({
      name: 'personal-token-find-new',
      text: `SELECT ${columns} FROM ${tokens} p WHERE p.hash = $1 AND p.created_at > now() - $2 * interval '1 second' AND ($3::int IS NULL OR p.token_epoch = $3) AND ${alive}`,
      values: [hash, seconds, tokenEpoch]
    })
    return rows[0] ?? null
  }

  async function touch (id: string, seconds: number): Promise<void> {
    await pool.query({
      name: 'personal-token-touch',
      text: `UPDATE ${tokens} SET last_used_at = now() WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - $2 * interval '1 second')`,
      values: [id, seconds]
    })
  }

  async function list (userId: string): Promise<PersonalToken[]> {
    const { rows } = await pool.query<PersonalToken>({
      name: 'personal-token-list',
      text: `SELECT ${columns} FROM ${tokens} p WHERE p.user_id = $1 AND ${alive} ORDER BY p.created_at, p.id`, values: [userId]
    })
    return rows
  }

  async function listAll (limit: number): Promise<PersonalToken[]> {
    const { rows } = await pool.query<PersonalToken>(
      `SELECT ${columns} FROM ${tokens} p WHERE ${alive} ORDER BY p.created_at DESC, p.id LIMIT $1`,
      [limit]
    )
    return rows
  }

  async function revoke (id: string, userId: string | null) {
    const rows = await revocations.run<Revoked>({
      name: 'personal-token-revoke',
      text: `WITH ended AS (UPDATE ${tokens} SET revoked_at = now() WHERE id = $1 AND ($2::uuid IS NULL OR user_id = $2) AND revoked_at IS NULL RETURNING id, user_id, client_id, token_epoch),
        listed AS (${revocations.insertSql("SELECT 'token', id::text, user_id::text, token_epoch, '{}'::uuid[] FROM ended")})
        SELECT ended.user_id AS "userId", ended.client_id AS "clientId", listed.revocation FROM ended LEFT JOIN listed ON true`,
      values: [id, userId]
    })
    const [row] = rows
    return row ? { userId: row.userId!, clientId: row.clientId! } : null
  }

  return { create, find, findNew, touch, list, listAll, revoke }
}

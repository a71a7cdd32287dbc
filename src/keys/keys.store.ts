import type { Database } from '../database/client.ts'
import { CLOCK_SKEW, ID_TOKEN_TTL, type KeyStore, type PublicKey, type SigningKey } from './key-ring.ts'
import type { Revocation } from '../revocation/revocation-list.ts'
import type { RevocationStore } from '../revocation/revocations.store.ts'
import { LONGEST_TOKEN_TTL } from '../database/settings.store.ts'
import { inTransaction } from '../database/transaction.ts'

/**
 * When a key leaves the JWKS is computed from when it stopped signing and the longest token lifetime ever configured, which a newer client
 * may have raised.
 */
export const keyColumns = (settings: string) =>
  `kid, alg, public_jwk AS "publicJwk", sealed, created_at AS "createdAt", signs_from AS "signsFrom", signs_until AS "signsUntil",
  signs_until + (greatest(${ID_TOKEN_TTL}, ${longestTokenTtl(settings)}) + ${CLOCK_SKEW}) * interval '1 second' AS "publishedUntil", revoked_at AS "revokedAt"`

const longestTokenTtl = (settings: string) => `(SELECT value::text::int FROM ${settings} WHERE name = '${LONGEST_TOKEN_TTL}')`

export function createKeyStore ({ prisma, pool, tables }: Database, revocations: RevocationStore): KeyStore {
  const keys = tables.signing_keys

  async function list (): Promise<SigningKey[]> {
    const { rows } = await pool.query<SigningKey>(`SELECT * FROM (SELECT ${keyColumns(tables.settings)} FROM ${keys}) k
      WHERE "publishedUntil" IS NULL OR "publishedUntil" > now() ORDER BY "signsFrom", "createdAt"`)
    return rows
  }

  async function find (kid: string): Promise<PublicKey | null> {
    const { rows } = await pool.query<PublicKey>({
      name: 'key-find',
      text: `SELECT kid, alg, public_jwk AS "publicJwk" FROM ${keys} WHERE kid = $1 AND revoked_at IS NULL AND (keep_until IS NULL OR keep_until > now())`,
      values: [kid]
    })
    return rows[0] ?? null
  }

  const add: KeyStore['add'] = async ({ kid, alg, publicJwk, sealed }, { delay, keepFor, unlessYoungerThan }) => {
    return await inTransaction(pool, async (client) => {
      await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`latchkey keys ${keys}`])
      const { rowCount } = await client.query(
        `SELECT 1 FROM ${keys} WHERE alg = $1 AND signs_until IS NULL AND revoked_at IS NULL AND created_at > now() - $2 * interval '1 second'`,
        [alg, unlessYoungerThan]
      )
      if (rowCount !== 0) return false
      await client.query(
        `UPDATE ${keys} SET signs_until = now() + $2 * interval '1 second',
           keep_until = greatest(now() + ($2 + greatest($3, ${longestTokenTtl(tables.settings)} + ${CLOCK_SKEW})) * interval '1 second', (SELECT max(expires_at) FROM ${tables.sessions}))
         WHERE alg = $1 AND signs_until IS NULL AND revoked_at IS NULL`,
        [alg, delay, keepFor]
      )
      await client.query(
        `INSERT INTO ${keys} (kid, alg, public_jwk, sealed, signs_from) VALUES ($1, $2, $3, $4, now() + $5 * interval '1 second')`,
        [kid, alg, publicJwk, sealed, delay]
      )
      return true
    })
  }

  async function reseal (kid: string, sealed: Uint8Array<ArrayBuffer>): Promise<void> {
    await (await prisma()).signingKey.update({ where: { kid }, data: { sealed } })
  }

  async function revoke (kid: string): Promise<boolean> {
    const rows = await revocations.run<{ revocation: Revocation | null }>({
      text: `WITH ended AS (UPDATE ${keys} SET revoked_at = now() WHERE kid = $1 AND revoked_at IS NULL RETURNING kid)
        ${revocations.insertSql("SELECT 'key', kid, NULL::text, NULL::int, '{}'::uuid[] FROM ended")}`,
      values: [kid]
    })
    return rows.length > 0
  }

  return { list, find, add, reseal, revoke }
}

import type { Database } from '../../src/database/client.ts'
import type { KeyStore, SigningKey } from '../../src/keys/key-ring.ts'
import type { Revocation } from '../../src/revocation/revocation-list.ts'
import type { RevocationStore } from './revocations.ts'
import { inTransaction } from './transaction.ts'

export function createKeyStore ({ prisma, pool, tables }: Database, revocations: RevocationStore): KeyStore {
  const keys = tables.signing_keys

  async function list (): Promise<SigningKey[]> {
    const { rows } = await pool.query<SigningKey>(`SELECT kid, alg, public_jwk AS "publicJwk", sealed, created_at AS "createdAt",
      signs_from AS "signsFrom", signs_until AS "signsUntil", keep_until AS "keepUntil", revoked_at AS "revokedAt" FROM ${keys} ORDER BY signs_from, created_at`)
    return rows
  }

  const add: KeyStore['add'] = async ({ kid, alg, publicJwk, sealed }, { delay, keepFor, unlessYoungerThan }) => {
    return await inTransaction(pool, async (client) => {
      await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`latchkey keys ${keys}`])
      const { rowCount } = await client.query(
        `SELECT 1 FROM ${keys} WHERE alg = $1 AND signs_until IS NULL AND revoked_at IS NULL AND created_at > now() - $2 * interval '1 second'`, [alg, unlessYoungerThan])
      if (rowCount !== 0) return false
      await client.query(
        `UPDATE ${keys} SET signs_until = now() + $2 * interval '1 second', keep_until = now() + ($2 + $3) * interval '1 second'
         WHERE alg = $1 AND signs_until IS NULL AND revoked_at IS NULL`, [alg, delay, keepFor])
      await client.query(
        `INSERT INTO ${keys} (kid, alg, public_jwk, sealed, signs_from) VALUES ($1, $2, $3, $4, now() + $5 * interval '1 second')`,
        [kid, alg, publicJwk, sealed, delay])
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

  return { list, add, reseal, revoke }
}

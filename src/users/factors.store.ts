import type { Database } from '../database/client.ts'
import { inTransaction, type Transaction } from '../database/transaction.ts'
import type { Revocation } from '../revocation/revocation-list.ts'
import type { RevocationStore } from '../revocation/revocations.store.ts'
import { consumeSql } from '../sessions/auth-sessions.store.ts'
import type { Entered, Factor, FactorKind, FactorStore, SealedSecret } from '../factors/ports.ts'
import { createFactorChange } from './factor-change-sql.ts'

type Changed<Kind = FactorKind> = { kind: Kind, revocation: Revocation | null }

export function createFactorStore ({ pool, tables }: Database, revocations: RevocationStore): FactorStore {
  const { factors, recovery_codes: codes, passkeys, users } = tables
  const lock = (userId: string) => ({ text: `SELECT FROM ${users} WHERE id = $1 FOR NO KEY UPDATE`, values: [userId] })
  const { isOwner, raisedBy } = createFactorChange(tables, revocations)

  const confirmSql = `WITH done AS (UPDATE ${factors} f SET confirmed_at = now(), last_used_at = now(), last_step = $5 FROM ${users} u
      WHERE f.id = $4 AND f.user_id = u.id AND ${isOwner} AND f.confirmed_at IS NULL AND f.created_at > now() - $6 * interval '1 second' RETURNING f.user_id, f.kind),
    ${raisedBy('true', true)}`
  const removeSql = `WITH done AS (DELETE FROM ${factors} f USING ${users} u
      WHERE f.id = $4 AND f.user_id = u.id AND ${isOwner} AND f.confirmed_at IS NOT NULL RETURNING f.user_id, f.kind),
    ${raisedBy(`EXISTS (SELECT FROM ${factors} f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL AND f.id <> $4)`, false)}`
  /** $2 and $3: null. */
  const resetSql = `WITH factors_gone AS (DELETE FROM ${factors} f USING ${users} u
      WHERE f.user_id = u.id AND u.id = $1 AND $2::int IS NULL AND f.confirmed_at IS NOT NULL RETURNING f.user_id, f.kind),
    passkeys_gone AS (DELETE FROM ${passkeys} p USING ${users} u WHERE p.user_id = u.id AND u.id = $1 RETURNING p.user_id),
    done AS (SELECT user_id, kind FROM factors_gone UNION ALL SELECT user_id, 'passkey' FROM passkeys_gone),
    ${raisedBy('false', false)}`

  async function insertCodes (client: Pick<Transaction, 'query'>, userId: string, hashes: readonly Uint8Array[]): Promise<void> {
    await client.query(`INSERT INTO ${codes} (user_id, hash) SELECT $1, unnest($2::bytea[])`, [userId, hashes])
  }

  /** @returns whether it was right, and not used before */
  async function use (client: Transaction, userId: string, entered: Entered): Promise<boolean> {
    const { rowCount } = await client.query('recoveryCode' in entered
      ? { name: 'recovery-code-use', text: `DELETE FROM ${codes} WHERE user_id = $1 AND hash = $2`, values: [userId, entered.recoveryCode] }
      : {
          name: 'factor-use',
          text: `UPDATE ${factors} SET last_step = $3, last_used_at = now() WHERE user_id = $1 AND id = $2 AND confirmed_at IS NOT NULL AND (last_step IS NULL OR last_step < $3)`,
          values: [userId, entered.factorId, entered.step]
        })
    return rowCount === 1
  }

  return {
    async list (userId) {
      const { rows } = await pool.query<Factor>({
        name: 'factor-list',
        text: `SELECT id, kind, name, confirmed_at AS "createdAt", last_used_at AS "lastUsedAt" FROM ${factors}
          WHERE user_id = $1 AND confirmed_at IS NOT NULL ORDER BY confirmed_at, id`,
        values: [userId]
      })
      return rows
    },

    async hasPasskey (userId) {
      const { rows } = await pool.query<{ has: boolean }>({
        name: 'passkey-any', text: `SELECT EXISTS (SELECT FROM ${passkeys} WHERE user_id = $1) AS has`, values: [userId]
      })
      return rows[0]!.has
    },

    async recoveryCodesLeft (userId) {
      const { rows } = await pool.query<{ left: number }>({
        name: 'recovery-codes-left', text: `SELECT count(*)::int AS left FROM ${codes} WHERE user_id = $1`, values: [userId]
      })
      return rows[0]!.left
    },

    begin: async ({ userId, tokenEpoch }, { id, kind, name, sealed }, max) => await inTransaction(pool, async (client) => {
      const { rowCount } = await client.query(`SELECT FROM ${users} u WHERE ${isOwner} FOR NO KEY UPDATE`, [userId, tokenEpoch])
      if (rowCount === 0) return 'gone'
      await client.query(`DELETE FROM ${factors} WHERE user_id = $1 AND kind = $2 AND confirmed_at IS NULL`, [userId, kind])
      const { rowCount: begun } = await client.query(
        `INSERT INTO ${factors} (id, user_id, kind, name, sealed) SELECT $1::uuid, $2::uuid, $3::text, $4::text, $5::bytea
         WHERE (SELECT count(*) FROM ${factors} WHERE user_id = $2) < $6`,
        [id, userId, kind, name, sealed, max]
      )
      return begun === 1 ? 'begun' : 'full'
    }),

    async begun (userId, id, seconds) {
      const { rows } = await pool.query<SealedSecret>({
        name: 'factor-begun',
        text: `SELECT id, sealed FROM ${factors} WHERE user_id = $1 AND id = $2 AND confirmed_at IS NULL AND created_at > now() - $3 * interval '1 second'`,
        values: [userId, id, seconds]
      })
      return rows[0] ?? null
    },

    async confirm ({ userId, sessionId, tokenEpoch }, { id, step, recoveryCodes }, seconds, also) {
      let hasCodes = false
      const query = { text: confirmSql, values: [userId, tokenEpoch, sessionId, id, step, seconds] }
      const rows = await revocations.runLocked<Changed>(lock(userId), query, async (transaction, confirmed) => {
        if (confirmed.length === 0) return
        const { rows: [found] } = await transaction.query<{ has: boolean }>(`SELECT EXISTS (SELECT FROM ${codes} WHERE user_id = $1) AS has`, [userId])
        hasCodes = !found!.has
        if (hasCodes) await insertCodes(transaction, userId, recoveryCodes)
        await also(transaction)
      })
      return rows.length > 0 ? { hasCodes } : null
    },

    replaceRecoveryCodes: async ({ userId, tokenEpoch }, hashes) => await inTransaction(pool, async (client) => {
      const { rowCount } = await client.query(
        `SELECT FROM ${users} u WHERE ${isOwner} AND u.second_factor FOR NO KEY UPDATE`, [userId, tokenEpoch]
      )
      if (rowCount === 0) return false
      await client.query(`DELETE FROM ${codes} WHERE user_id = $1`, [userId])
      await insertCodes(client, userId, hashes)
      return true
    }),

    async remove ({ userId, sessionId, tokenEpoch }, id, also) {
      const query = { text: removeSql, values: [userId, tokenEpoch, sessionId, id] }
      const rows = await revocations.runLocked<Changed>(lock(userId), query, async (transaction, removed) => {
        if (removed.length > 0) await also(transaction)
      })
      return rows[0]?.kind ?? null
    },

    async reset (userId, also) {
      const query = { text: resetSql, values: [userId, null, null] }
      const rows = await revocations.runLocked<Changed<FactorKind | 'passkey'>>(lock(userId), query, async (transaction, removed) => {
        if (removed.length > 0) await also(transaction)
      })
      return rows.map(({ kind }) => kind)
    },

    async secrets (userId) {
      const { rows } = await pool.query<SealedSecret>({
        name: 'factor-secrets', text: `SELECT id, sealed FROM ${factors} WHERE user_id = $1 AND confirmed_at IS NOT NULL AND kind = 'totp'`, values: [userId]
      })
      return rows
    },

    async pass ({ hash, clientId, userId }, entered) {
      try {
        await inTransaction(pool, async (client) => {
          if (!await use(client, userId, entered)) throw NOT_PASSED
          const { rowCount } = await client.query({ name: 'auth-session-pass', text: consumeSql(tables), values: [hash, clientId] })
          if (rowCount !== 1) throw NOT_PASSED
        })
        return true
      } catch (error) {
        if (error === NOT_PASSED) return false
        throw error
      }
    }
  }
}

/** Undoes what was used. */
const NOT_PASSED = new Error('Somebody else was faster')

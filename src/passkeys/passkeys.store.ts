import type { Database } from '../database/client.ts'
import type { Revocation } from '../revocation/revocation-list.ts'
import type { RevocationStore } from '../revocation/revocations.store.ts'
import { createFactorChange } from '../users/factor-change-sql.ts'
import type { Passkey, PasskeyStore } from './ports.ts'

type Changed = { revocation: Revocation | null }

export function createPasskeyStore ({ pool, tables }: Database, revocations: RevocationStore): PasskeyStore {
  const { passkeys, users } = tables
  const { isOwner, raisedBy } = createFactorChange(tables, revocations)
  const lock = (userId: string) => ({ text: `SELECT FROM ${users} u WHERE u.id = $1 FOR NO KEY UPDATE`, values: [userId] })
  /** A passkey alone turns no second factor on or off. */
  const raised = raisedBy('u.second_factor', false)

  const addSql = `WITH done AS (INSERT INTO ${passkeys}
        (id, user_id, credential_id, public_key, counter, transports, rp_id, backup_eligible, backed_up, aaguid, name)
      SELECT $4::uuid, u.id, $5::bytea, $6::bytea, $7::bigint, $8::text[], $9::text, $10::boolean, $11::boolean, $12::uuid, $13::text FROM ${users} u
      WHERE ${isOwner} AND (SELECT count(*) FROM ${passkeys} p WHERE p.user_id = u.id) < $14
      ON CONFLICT (credential_id) DO NOTHING RETURNING user_id, 'passkey' AS kind),
    ${raised}`
  const removeSql = `WITH done AS (DELETE FROM ${passkeys} p USING ${users} u
      WHERE p.id = $4 AND p.user_id = u.id AND ${isOwner} RETURNING p.user_id, 'passkey' AS kind),
    ${raised}`

  return {
    async list (userId) {
      const { rows } = await pool.query<Passkey>({
        name: 'passkey-list',
        text: `SELECT id, credential_id AS "credentialId", transports, rp_id AS "rpId", backup_eligible AS "backupEligible", backed_up AS "backedUp",
            name, created_at AS "createdAt", last_used_at AS "lastUsedAt"
          FROM ${passkeys} WHERE user_id = $1 ORDER BY created_at, id`,
        values: [userId]
      })
      return rows
    },

    async add ({ userId, sessionId, tokenEpoch }, passkey, max, also) {
      const { id, credentialId, publicKey, counter, transports, rpId, backupEligible, backedUp, aaguid, name } = passkey
      let outcome: 'added' | 'full' | 'taken' | 'gone' = 'added'
      const query = {
        text: addSql,
        values: [
          userId, tokenEpoch, sessionId, id, credentialId, publicKey, counter, transports, rpId, backupEligible, backedUp, aaguid, name, max
        ]
      }
      await revocations.runLocked<Changed>(lock(userId), query, async (transaction, added) => {
        if (added.length > 0) return await also(transaction)
        const { rows: [found] } = await transaction.query<{ taken: boolean, full: boolean }>(
          `SELECT EXISTS (SELECT FROM ${passkeys} WHERE credential_id = $1) AS taken,
             (SELECT count(*) FROM ${passkeys} WHERE user_id = $2) >= $3 AS full`,
          [credentialId, userId, max]
        )
        outcome = found!.taken ? 'taken' : found!.full ? 'full' : 'gone'
      })
      return outcome
    },

    async rename (userId, id, name) {
      const { rowCount } = await pool.query({
        name: 'passkey-rename', text: `UPDATE ${passkeys} SET name = $3 WHERE user_id = $1 AND id = $2`, values: [userId, id, name]
      })
      return rowCount === 1
    },

    async remove ({ userId, sessionId, tokenEpoch }, id, also) {
      const query = { text: removeSql, values: [userId, tokenEpoch, sessionId, id] }
      const rows = await revocations.runLocked<Changed>(lock(userId), query, async (transaction, removed) => {
        if (removed.length > 0) await also(transaction)
      })
      return rows.length > 0
    }
  }
}

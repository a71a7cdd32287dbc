import type { Database } from '../database/client.ts'
import type { Revocation } from '../revocation/revocation-list.ts'
import type { RevocationStore } from '../revocation/revocations.store.ts'
import type { DeletionStore } from './deletion.ts'
import { deletesAt, isRestorable, mayLogIn } from './deletion-sql.ts'
import { nextEpoch } from './epoch-sql.ts'

type Asked = { at: Date, revocation: Revocation | null }

/** Deletion of an account by its user: the request, and the change of mind. */
export function createDeletionStore ({ pool, tables }: Database, revocations: RevocationStore): DeletionStore {
  const { users, one_time_tokens: tokens, auth_sessions: logins } = tables
  const lock = (userId: string) => ({ text: `SELECT FROM ${users} WHERE id = $1 FOR UPDATE`, values: [userId] })

  // The raised epoch ends sessions, tokens and codes. A token that undoes a hijacked change stays valid
  const requestSql = `WITH asked AS (UPDATE ${users} u SET deletion_requested_at = now(), token_epoch = ${nextEpoch('u.token_epoch')}, updated_at = now()
        WHERE u.id = $1 AND u.token_epoch = $2 AND ${mayLogIn} RETURNING u.id, u.token_epoch, ${deletesAt} AS at),
      unsent AS (DELETE FROM ${tokens} t USING asked a WHERE t.user_id = a.id AND t.purpose <> 'undo'),
      listed AS (${revocations.insertSql("SELECT 'user', id::text, NULL::text, token_epoch, '{}'::uuid[] FROM asked")})
    SELECT a.at, l.revocation FROM asked a LEFT JOIN listed l ON true`

  const restoreSql = `WITH restored AS (UPDATE ${users} u SET deletion_requested_at = NULL, updated_at = now()
        WHERE u.id = $1 AND u.password_stamp = $2 AND u.disabled_at IS NULL AND ${isRestorable} RETURNING u.id),
      used AS (DELETE FROM ${logins} l USING restored r WHERE l.user_id = r.id)
    SELECT NULL::json AS revocation FROM restored`

  return {
    async request ({ userId, tokenEpoch }, also) {
      const query = { name: 'deletion-request', text: requestSql, values: [userId, tokenEpoch] }
      const [row] = await revocations.runLocked<Asked>(lock(userId), query, async (transaction, [asked]) => {
        if (asked) await also(transaction)
      })
      return row?.at ?? null
    },

    async restore ({ userId, passwordStamp }, also) {
      const query = { name: 'deletion-restore', text: restoreSql, values: [userId, passwordStamp] }
      const rows = await revocations.runLocked<{ revocation: null }>(lock(userId), query, async (transaction, restored) => {
        if (restored.length > 0) await also(transaction)
      })
      return rows.length > 0
    },

    async deletesAt (userId) {
      const { rows } = await pool.query<{ at: Date }>({
        name: 'deletion-at', text: `SELECT ${deletesAt} AS at FROM ${users} u WHERE u.id = $1 AND ${isRestorable}`, values: [userId]
      })
      return rows[0]?.at ?? null
    }
  }
}

import type { Database } from '../database/client.ts'
import type { Revocation } from '../revocation/revocation-list.ts'
import type { RevocationStore } from '../revocation/revocations.store.ts'
import { isDue, RELEASED } from './deletion-sql.ts'
import { nextEpoch } from './epoch-sql.ts'
import type { RemovalStore, Released } from './removal.ts'

type Row = { revocation: Revocation | null } & { [Name in keyof Released]: Released[Name] | null }

/**
 * Deletes a user with everything that belongs to them. Rows that reference the user row go with it; those that only contain the id are
 * deleted here. Clients of the user end for everybody. Audit events stay, without user and address. Tokens are refused by the epoch that
 * the user would have had next.
 */
export function createRemovalStore ({ pool, tables }: Database, revocations: RevocationStore): RemovalStore {
  const {
    users, identifiers, clients, sessions, consents, authorization_codes: codes, device_codes: devices, personal_access_tokens: personal,
    audit_events: audit
  } = tables
  const text = `WITH gone AS (DELETE FROM ${users} u WHERE u.id = $1 AND (NOT $2 OR ${isDue}) RETURNING u.id, u.token_epoch, u.deletion_requested_at),
    identifiers_gone AS (DELETE FROM ${identifiers} i USING gone WHERE gone.id IN (i.user_id, i.released_from) RETURNING i.attribute, i.value,
      extract(epoch FROM coalesce(i.released_at, gone.deletion_requested_at, now()) - now())::float8 + ${RELEASED} AS seconds),
    owned AS (DELETE FROM ${clients} WHERE owner_id = $1 AND EXISTS (SELECT FROM gone) RETURNING id),
    consents_gone AS (DELETE FROM ${consents} WHERE user_id <> $1 AND client_id IN (SELECT id FROM owned)),
    codes_gone AS (DELETE FROM ${codes} WHERE (user_id = $1 AND EXISTS (SELECT FROM gone)) OR client_id IN (SELECT id FROM owned)),
    devices_gone AS (DELETE FROM ${devices} WHERE ($1 IN (user_id, claimed_by) AND EXISTS (SELECT FROM gone)) OR client_id IN (SELECT id FROM owned)),
    sessions_ended AS (UPDATE ${sessions} SET revoked_at = now() WHERE user_id <> $1 AND client_id IN (SELECT id FROM owned) AND revoked_at IS NULL),
    personal_ended AS (UPDATE ${personal} SET revoked_at = now() WHERE user_id <> $1 AND client_id IN (SELECT id FROM owned) AND revoked_at IS NULL),
    noted AS (INSERT INTO ${audit} (id, type, user_id, detail) SELECT gen_random_uuid(), 'user.deleted', id, $3::jsonb FROM gone),
    listed AS (${revocations.insertSql(`SELECT 'user', id::text, NULL::text, ${nextEpoch('token_epoch')}, '{}'::uuid[] FROM gone
      UNION ALL SELECT 'client', id, NULL, NULL::int, '{}'::uuid[] FROM owned`)})
    SELECT revocation::json, NULL AS attribute, NULL AS value, NULL AS seconds FROM listed
    UNION ALL SELECT NULL, attribute, value, seconds FROM identifiers_gone`

  // Apart from the deletion, which waits for statements that are writing such an entry and does not see it
  const blankSql = `UPDATE ${audit} SET user_id = NULL, ip = NULL, user_agent = NULL WHERE user_id = $1 AND type <> 'user.deleted'`

  return {
    async remove (id, { onlyDue, detail }, also) {
      // Waits for in-flight logins, so that what they create is deleted too; later ones find no user
      const lock = { text: `SELECT FROM ${users} WHERE id = $1 FOR UPDATE`, values: [id] }
      const rows = await revocations.runLocked<Row>(lock, { text, values: [id, onlyDue, detail] }, async (transaction, found) => {
        await also(transaction, found.flatMap(releasedBy))
        if (found.length > 0) await transaction.query(blankSql, [id])
      })
      return rows.length > 0
    },

    async due (limit, after) {
      const { rows } = await pool.query<{ id: string, cursor: string }>(
        `SELECT u.id, u.deletion_requested_at::text || '/' || u.id AS cursor FROM ${users} u
        WHERE ${isDue} AND ($2::timestamptz IS NULL OR (u.deletion_requested_at, u.id) > ($2, $3::uuid))
        ORDER BY u.deletion_requested_at, u.id LIMIT $1`,
        [limit, ...(after?.split('/') ?? [null, null])]
      )
      return rows
    }
  }
}

function releasedBy ({ attribute, value, seconds }: Row): Released | [] {
  return attribute === null || value === null || seconds === null ? [] : { attribute, value, seconds }
}

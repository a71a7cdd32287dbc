import type { Database } from '../database/client.ts'
import type { Revocation } from '../revocation/revocation-list.ts'
import type { UserStore } from './ports.ts'
import { nextEpoch } from './epoch-sql.ts'
import type { RevocationStore } from '../revocation/revocations.store.ts'

/**
 * Deletes a user with everything that belongs to them. Rows that reference the user row go with it; those that only contain the id are
 * deleted here. Clients of the user end for everybody. Audit events stay, without user and address. Tokens are refused by the epoch that
 * the user would have had next.
 */
export function createDeleteUser ({ tables }: Database, revocations: RevocationStore): UserStore['delete'] {
  const {
    users, clients, sessions, consents, authorization_codes: codes, device_codes: devices, personal_access_tokens: personal,
    audit_events: audit
  } = tables
  const text = `WITH gone AS (DELETE FROM ${users} WHERE id = $1 RETURNING id, token_epoch),
    owned AS (DELETE FROM ${clients} WHERE owner_id = $1 AND EXISTS (SELECT FROM gone) RETURNING id),
    consents_gone AS (DELETE FROM ${consents} WHERE user_id <> $1 AND client_id IN (SELECT id FROM owned)),
    codes_gone AS (DELETE FROM ${codes} WHERE user_id = $1 OR client_id IN (SELECT id FROM owned)),
    devices_gone AS (DELETE FROM ${devices} WHERE user_id = $1 OR client_id IN (SELECT id FROM owned)),
    sessions_ended AS (UPDATE ${sessions} SET revoked_at = now() WHERE user_id <> $1 AND client_id IN (SELECT id FROM owned) AND revoked_at IS NULL),
    personal_ended AS (UPDATE ${personal} SET revoked_at = now() WHERE user_id <> $1 AND client_id IN (SELECT id FROM owned) AND revoked_at IS NULL),
    blanked AS (UPDATE ${audit} SET user_id = NULL, ip = NULL, user_agent = NULL WHERE user_id = $1 AND EXISTS (SELECT FROM gone))
    ${revocations.insertSql(`SELECT 'user', id::text, NULL::text, ${nextEpoch('token_epoch')}, '{}'::uuid[] FROM gone
      UNION ALL SELECT 'client', id, NULL, NULL::int, '{}'::uuid[] FROM owned`)}`

  return async (id) => {
    // Waits for in-flight logins, so that what they create is deleted too; later ones find no user
    const lock = { text: `SELECT FROM ${users} WHERE id = $1 FOR UPDATE`, values: [id] }
    const rows = await revocations.runLocked<{ revocation: Revocation | null }>(lock, { text, values: [id] })
    return rows.length > 0
  }
}

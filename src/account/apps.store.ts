import type { Database } from '../database/client.ts'
import type { AppStore } from './apps.ts'
import type { Revocation } from '../revocation/revocation-list.ts'
import type { SessionEndStore } from '../sessions/end.ts'
import type { RevocationStore } from '../revocation/revocations.store.ts'

type Ended = { sessionId: string | null, revocation: Revocation | null }

/** Applications that a user authorized: by consent, for a device, or by a session of a third-party client. */
export function createAppStore ({ pool, tables }: Database, revocations: RevocationStore): AppStore & SessionEndStore['apps'] {
  const { sessions, clients, consents, users, authorization_codes: codes, device_codes: devices } = tables

  async function list (userId: string, idleTtl: number) {
    const { rows } = await pool.query<Awaited<ReturnType<AppStore['list']>>[number]>({
      name: 'app-list',
      text: `WITH found AS (SELECT s.client_id, s.scopes, s.created_at AS since, coalesce(s.rotations[1], s.created_at) AS used
          FROM ${sessions} s JOIN ${users} u ON u.id = s.user_id AND u.token_epoch = s.token_epoch
          WHERE s.user_id = $1 AND s.revoked_at IS NULL AND s.expires_at > now() AND coalesce(s.rotations[1], s.created_at) > now() - $2 * interval '1 second'
          UNION ALL SELECT client_id, scopes || ARRAY(SELECT jsonb_array_elements_text(list) FROM jsonb_each(resources) AS r (uri, list)), created_at, NULL FROM ${consents} WHERE user_id = $1)
        SELECT c.id, c.name, json_build_object('scopes', c.scopes, 'firstParty', c.first_party) AS client, ARRAY(SELECT DISTINCT scope FROM found o, unnest(o.scopes) AS scope WHERE o.client_id = c.id ORDER BY scope) AS scopes, min(f.since) AS since, max(f.used) AS "lastUsedAt"
        FROM found f JOIN ${clients} c ON c.id = f.client_id AND c.revoked_at IS NULL
        GROUP BY c.id, c.name, c.first_party HAVING NOT c.first_party OR bool_or(f.used IS NULL) ORDER BY c.name, c.id`,
      values: [userId, idleTtl]
    })
    return rows
  }

  /** Waits for in-flight redemptions, so that their sessions are seen and ended. */
  async function end (userId: string, clientId: string): Promise<string[]> {
    const values = [userId, clientId]
    const own = 'user_id = $1 AND client_id = $2'
    const rows = await revocations.runLocked<Ended>({
      name: 'app-lock',
      text: `WITH code AS (SELECT hash FROM ${codes} WHERE ${own} ORDER BY hash FOR UPDATE), device AS (SELECT hash FROM ${devices} WHERE ${own} ORDER BY hash FOR UPDATE)
        SELECT (SELECT count(*) FROM code), (SELECT count(*) FROM device)`,
      values
    }, {
      name: 'app-end',
      text: `WITH ended AS (UPDATE ${sessions} SET revoked_at = now() WHERE ${own} AND revoked_at IS NULL AND expires_at > now() RETURNING id, user_id, token_epoch),
        forgotten AS (DELETE FROM ${consents} WHERE ${own}),
        unspent AS (DELETE FROM ${codes} WHERE ${own} AND redeemed_at IS NULL),
        unpolled AS (DELETE FROM ${devices} WHERE ${own} AND redeemed_at IS NULL),
        listed AS (${revocations.insertSql("SELECT 'session', id::text, user_id::text, token_epoch, '{}'::uuid[] FROM ended")})
        SELECT id AS "sessionId", NULL::json AS revocation FROM ended UNION ALL SELECT NULL, revocation::json FROM listed`,
      values
    })
    return rows.flatMap(({ sessionId }) => sessionId ?? [])
  }

  return { list, end }
}

import type { Database } from '../../database/client.ts'
import type { Decider, Decision, DeviceRedemption, Devices, DeviceState, NewDevice, WaitingDevice } from './ports.ts'
import type { SessionState } from '../ports.ts'
import { grantColumns } from '../../sessions/session-sql.ts'
import { mayLogIn } from '../../users/deletion-sql.ts'

/** Tolerance for inexact clocks and networks: a poll may come this much early. */
const EARLY = "interval '500 milliseconds'"

/** Devices waiting for their user. Each decision and each redemption is a compare-and-set. */
export function createDeviceStore ({ pool, tables, rowTime }: Database): Devices {
  const { device_codes: devices, sessions, browser_sessions: browsers, upstream_sessions: upstreams, users, clients } = tables
  const waiting = 'approved_at IS NULL AND denied_at IS NULL AND expires_at > now()'

  async function create ({ hash, userCodeHash, clientId, scopes, interval, ttl, caller }: NewDevice): Promise<boolean> {
    const { rowCount } = await pool.query({
      name: 'device-create',
      text: `INSERT INTO ${devices} (hash, user_code_hash, client_id, scopes, interval, ip, user_agent, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 second')
        ON CONFLICT (user_code_hash) DO NOTHING`,
      values: [hash, userCodeHash, clientId, scopes, interval, caller.ip, caller.userAgent, ttl]
    })
    return rowCount! > 0
  }

  async function claim (
    userCodeHashes: Uint8Array[],
    { userId, browser }: Pick<Decider, 'userId' | 'browser'>
  ): Promise<WaitingDevice | null> {
    const { rows } = await pool.query<WaitingDevice>({
      name: 'device-claim',
      text: `UPDATE ${devices} SET claimed_by = $2, claimed_browser = $3 WHERE user_code_hash = ANY ($1) AND ${waiting} AND (claimed_by IS NULL OR claimed_by = $2 OR claimed_browser = $3)
        RETURNING client_id AS "clientId", scopes, ip, user_agent AS "userAgent", created_at AS "createdAt"`,
      values: [userCodeHashes, userId, browser]
    })
    return rows[0] ?? null
  }

  async function decision (userCodeHashes: Uint8Array[], userId: string): Promise<Decision | null> {
    const { rows } = await pool.query<{ decision: Decision }>({
      name: 'device-decision',
      text: `SELECT CASE WHEN approved_at IS NULL THEN 'denied' ELSE 'allowed' END AS decision FROM ${devices}
        WHERE user_code_hash = ANY ($1) AND user_id = $2 AND (approved_at IS NOT NULL OR denied_at IS NOT NULL)`,
      values: [userCodeHashes, userId]
    })
    return rows[0]?.decision ?? null
  }

  async function decide (userCodeHashes: Uint8Array[], { userId, tokenEpoch, authTime, browserSessionId }: Decider, allowed: boolean) {
    const { rows } = await pool.query<{ clientId: string, scopes: string[] }>({
      name: `device-${allowed ? 'approve' : 'deny'}`,
      text: `UPDATE ${devices} SET user_id = $2, token_epoch = $3, auth_time = $4, amr = coalesce((SELECT amr FROM ${browsers} WHERE id = $5), '{}'), browser_session_id = $5, ${allowed ? 'approved_at' : 'denied_at'} = now()
        WHERE user_code_hash = ANY ($1) AND ${waiting} AND (claimed_by IS NULL OR claimed_by = $2) AND EXISTS (SELECT FROM ${users} u WHERE u.id = $2 AND u.token_epoch = $3 AND ${mayLogIn})
          AND ($5::uuid IS NULL OR EXISTS (SELECT FROM ${browsers} WHERE id = $5 AND user_id = $2 AND revoked_at IS NULL AND expires_at > now()))
        RETURNING client_id AS "clientId", scopes`,
      values: [userCodeHashes, userId, tokenEpoch, rowTime(authTime), browserSessionId]
    })
    return rows[0] ?? null
  }

  async function redeem ({ hash, clientId, sessionId, secretHash, ttl, caller }: DeviceRedemption): Promise<SessionState | null> {
    const { rows } = await pool.query<SessionState>({
      name: 'device-redeem',
      text: `WITH redeemed AS (UPDATE ${devices} SET redeemed_at = now()
          WHERE hash = $1 AND client_id = $2 AND approved_at IS NOT NULL AND redeemed_at IS NULL AND expires_at > now() RETURNING *),
          kept AS (INSERT INTO ${upstreams} (id, user_id, provider, subject, sid, expires_at)
            SELECT $3::uuid, x.user_id, x.provider, x.subject, x.sid, now() + $7 * interval '1 second'
            FROM redeemed r JOIN ${upstreams} x ON x.id = r.browser_session_id)
        INSERT INTO ${sessions} AS s (id, user_id, client_id, scopes, secret_hash, ip, user_agent, expires_at, token_epoch, auth_time, amr, oidc)
        SELECT $3::uuid, u.id, c.id, r.scopes, $4::bytea, $5::text, $6::text, now() + $7 * interval '1 second', u.token_epoch, r.auth_time, r.amr,
          json_build_object('nonce', NULL, 'authTime', floor(extract(epoch FROM r.auth_time))::bigint, 'claims', NULL)
        FROM redeemed r JOIN ${users} u ON u.id = r.user_id AND ${mayLogIn} AND u.token_epoch = r.token_epoch
          JOIN ${clients} c ON c.id = r.client_id AND c.revoked_at IS NULL
        RETURNING ${grantColumns}`,
      values: [hash, clientId, sessionId, secretHash, caller.ip, caller.userAgent, ttl]
    })
    return rows[0] ?? null
  }

  async function poll (hash: Uint8Array, clientId: string, penalty: number): Promise<DeviceState> {
    const { rows } = await pool.query<{ state: DeviceState }>({
      name: 'device-poll',
      // Locks the row first, so that each of several concurrent polls sees what the previous one recorded
      text: `WITH seen AS (SELECT hash, clock_timestamp() AS at, CASE
            WHEN expires_at <= now() THEN 'expired' WHEN denied_at IS NOT NULL THEN 'denied' WHEN redeemed_at IS NOT NULL THEN 'redeemed' WHEN approved_at IS NOT NULL THEN 'approved'
            WHEN last_polled_at + interval * interval '1 second' - ${EARLY} > clock_timestamp() THEN 'too soon' ELSE 'pending' END AS state
          FROM ${devices} WHERE hash = $1 AND client_id = $2 FOR UPDATE),
        noted AS (UPDATE ${devices} d SET last_polled_at = seen.at, interval = d.interval + CASE seen.state WHEN 'too soon' THEN $3 ELSE 0 END
          FROM seen WHERE d.hash = seen.hash AND seen.state IN ('pending', 'too soon'))
        SELECT state FROM seen`,
      values: [hash, clientId, penalty]
    })
    return rows[0]?.state ?? 'unknown'
  }

  return { create, claim, decision, decide, redeem, poll }
}

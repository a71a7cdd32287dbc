import type { Database } from '../database/client.ts'
import type { Revocation } from '../revocation/revocation-list.ts'
import type { Ended, SessionEndStore } from './end.ts'
import type { BrowserSession, BrowserSessionStore, BrowserStanding, NewBrowserSession } from './browser-sessions.ts'
import { mayLogIn } from '../users/deletion-sql.ts'
import { amrOf, provesFactor } from './session-sql.ts'
import type { UpstreamSessionStore } from './upstream-origin.ts'
import type { OutboxWrites } from '../outbox/ports.ts'
import type { RevocationStore } from '../revocation/revocations.store.ts'

export function createBrowserSessionStore (
  { pool, tables, rowTime }: Database,
  revocations: RevocationStore,
  outbox: Pick<OutboxWrites, 'writeWith'>,
  upstreams: Pick<UpstreamSessionStore, 'create'>,
  { factors }: { factors: boolean }
): BrowserSessionStore & SessionEndStore['browserSessions'] {
  const { browser_sessions: sessions, users } = tables
  const columns =
    `b.id, b.user_id AS "userId", b.token_epoch AS "tokenEpoch", b.auth_time AS "authTime", ${amrOf('b')} AS amr, b.remember, b.last_seen_at AS "lastSeenAt", b.expires_at AS "expiresAt"`

  async function create (
    { id, tokenHash, userId, passwordStamp, authTime, amr, remember, ttl, caller, notices, origin }: NewBrowserSession
  ): Promise<BrowserSession | null> {
    const creation = {
      name: 'browser-session-create',
      text: `INSERT INTO ${sessions} AS b (id, token_hash, user_id, token_epoch, auth_time, amr, remember, ip, user_agent, expires_at)
        SELECT $1::uuid, $2::bytea, u.id, u.token_epoch, $9::timestamptz, $10::text[], $3::bool, $4::text, $5::text, now() + $6 * interval '1 second'
        FROM ${users} u WHERE u.id = $7 AND u.password_stamp = $8 AND ${mayLogIn}${factors ? ` AND ${provesFactor('$10::text[]')}` : ''} ON CONFLICT (token_hash) DO NOTHING RETURNING ${columns}, false AS "lacksFactor"`,
      values: [id, tokenHash, remember, caller.ip, caller.userAgent, ttl, userId, passwordStamp, rowTime(authTime), amr]
    }
    const rows = origin
      ? await upstreams.create<BrowserSession>(creation, { id, userId, origin, ttl, notices })
      : await outbox.writeWith<BrowserSession>(creation, notices)
    return rows[0] ?? null
  }

  const findSql = `SELECT ${columns}, NOT ${provesFactor(amrOf('b'))} AS "lacksFactor" FROM ${sessions} b JOIN ${users} u ON u.id = b.user_id
    WHERE b.token_hash = $1 AND b.revoked_at IS NULL AND b.expires_at > now() AND (b.remember OR b.last_seen_at > now() - $2 * interval '1 second')
      AND ${mayLogIn} AND u.token_epoch = b.token_epoch`

  async function find (tokenHash: Uint8Array, idleTtl: number): Promise<BrowserSession | null> {
    const { rows } = await pool.query<BrowserSession>({ name: 'browser-session-find', text: findSql, values: [tokenHash, idleTtl] })
    return rows[0] ?? null
  }

  async function findFor (tokenHash: Uint8Array, idleTtl: number, passwordStamp: number): Promise<BrowserSession | null> {
    const { rows } = await pool.query<BrowserSession>({
      name: 'browser-session-find-for', text: `${findSql} AND u.password_stamp = $3`,
      values: [tokenHash, idleTtl, passwordStamp]
    })
    return rows[0] ?? null
  }

  async function ended (tokenHash: Uint8Array, idleTtl: number): Promise<'idle' | 'ended' | null> {
    const { rows } = await pool.query<{ idle: boolean }>({
      name: 'browser-session-ended',
      text: `SELECT b.revoked_at IS NULL AND b.expires_at > now() AND NOT b.remember AND ${mayLogIn} AND u.token_epoch = b.token_epoch
          AND b.last_seen_at <= now() - $2 * interval '1 second' AS idle
        FROM ${sessions} b JOIN ${users} u ON u.id = b.user_id WHERE b.token_hash = $1`,
      values: [tokenHash, idleTtl]
    })
    const [row] = rows
    return row ? (row.idle ? 'idle' : 'ended') : null
  }

  async function justEnded (tokenHash: Uint8Array): Promise<string | null> {
    const { rows } = await pool.query<{ id: string }>({
      name: 'browser-session-just-ended',
      text: `SELECT id FROM ${sessions} WHERE token_hash = $1 AND revoked_at > now() - interval '1 minute'`,
      values: [tokenHash]
    })
    return rows[0]?.id ?? null
  }

  async function standing (id: string): Promise<BrowserStanding | null> {
    const { rows } = await pool.query<BrowserStanding>({
      name: 'browser-session-standing',
      text: `SELECT b.token_epoch AS "tokenEpoch", ${amrOf('b')} AS amr, ${factors} AND NOT ${provesFactor(amrOf('b'))} AS "lacksFactor"
        FROM ${sessions} b JOIN ${users} u ON u.id = b.user_id WHERE b.id = $1 AND b.revoked_at IS NULL AND b.expires_at > now()`,
      values: [id]
    })
    return rows[0] ?? null
  }

  async function touch (id: string): Promise<void> {
    await pool.query({ name: 'browser-session-touch', text: `UPDATE ${sessions} SET last_seen_at = now() WHERE id = $1`, values: [id] })
  }

  async function revoke (id: string): Promise<Ended | null> {
    const [row] = await revocations.run<{ userId: string, revocation: Revocation | null }>({
      name: 'browser-session-revoke',
      text: `WITH ended AS (UPDATE ${sessions} SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING id, user_id, token_epoch),
        listed AS (${revocations.insertSql("SELECT 'session', id::text, user_id::text, token_epoch, '{}'::uuid[] FROM ended")})
        SELECT ended.user_id AS "userId", listed.revocation FROM ended LEFT JOIN listed ON true`,
      values: [id]
    })
    return row ? { userId: row.userId, clientId: null } : null
  }

  return { create, find, findFor, ended, justEnded, standing, touch, revoke }
}

import { hashSecret } from '../crypto/secrets.ts'
import type { Database } from '../database/client.ts'
import { inTransaction } from '../database/transaction.ts'
import type { OutboxWrites } from '../outbox/ports.ts'
import type { Revocation } from '../revocation/revocation-list.ts'
import type { RevocationStore } from '../revocation/revocations.store.ts'
import type { EndedUpstream, MeantUpstream, UpstreamOrigin, UpstreamSessionStore } from './upstream-origin.ts'

// No session has this name
const UNNAMED = ''
const keyOf = (...parts: (string | null)[]) => hashSecret(JSON.stringify(['ended', ...parts]))
const LONG_AGO = { issued: 0, at: 0 }

/** Under what an ended login is remembered. A session that the provider does not name ends with each of its user there. */
function endedKeys ({ provider, subject, sid }: MeantUpstream): Uint8Array[] {
  const key = keyOf(provider, subject, sid)
  return subject === null || sid === null ? [key] : [key, keyOf(provider, subject, UNNAMED)]
}

/** Each of which ends this login. */
function endingKeys ({ provider, subject, sid }: UpstreamOrigin): Uint8Array[] {
  const all = keyOf(provider, subject, null)
  return sid === null ? [all, keyOf(provider, subject, UNNAMED)] : [all, keyOf(provider, null, sid), keyOf(provider, subject, sid)]
}

/** Of a login that ends, and with `_shared` of one that begins: of the two, the later one sees the earlier one. In one order for all. */
function lockOf (keys: readonly Uint8Array[], shared: '_shared' | '' = '') {
  const numbers = keys.map((key) => Buffer.from(key).readBigInt64BE()).sort((one, other) => Number(one > other) - Number(one < other))
  return {
    name: `upstream-login-lock${shared}`, text: `SELECT pg_advisory_xact_lock${shared}(key) FROM unnest($1::bigint[]) AS key`,
    values: [numbers.map(String)]
  }
}

type Row = EndedUpstream & { isNew: boolean, revocation: Revocation | null }

/** Which login at a provider a session comes from. */
export function createUpstreamSessionStore (
  { pool, tables, rowTime }: Database, revocations: RevocationStore, outbox: Pick<OutboxWrites, 'write'>
): UpstreamSessionStore {
  const { sessions, browser_sessions: browsers, upstream_sessions: upstreams } = tables
  const { authorization_codes: codes, device_codes: devices, one_time_tokens: once } = tables

  const create: UpstreamSessionStore['create'] = async <Created extends object>(
    creation: Parameters<UpstreamSessionStore['create']>[0],
    { id, userId, origin, ttl, notices = [] }: Parameters<UpstreamSessionStore['create']>[1]
  ) => await inTransaction(pool, async (client) => {
    const { provider, subject, sid, sealed, since = LONG_AGO } = origin
    const keys = endingKeys(origin)
    await client.query(lockOf(keys, '_shared'))
    const { rowCount: ended } = await client.query({
      name: 'upstream-ended',
      text: `SELECT FROM ${once} WHERE hash = ANY ($1) AND expires_at > now()
        AND ((payload->>'issued')::bigint, (payload->>'at')::bigint) > ($2::bigint, $3::bigint)`,
      values: [keys, since.issued, since.at]
    })
    if (ended !== 0) return []
    const { rows } = await client.query<Created>(creation)
    if (rows.length === 0) return rows
    await client.query({
      name: 'upstream-session-create',
      text: `INSERT INTO ${upstreams} (id, user_id, provider, subject, sid, sealed, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 second')`,
      values: [id, userId, provider, subject, sid, sealed === undefined ? null : Buffer.from(sealed, 'base64url'), ttl]
    })
    if (notices.length > 0) await outbox.write(notices, client)
    return rows
  })

  async function find (id: string) {
    const { rows } = await pool.query<{ provider: string, subject: string, sid: string | null, sealed: Uint8Array | null }>({
      name: 'upstream-session-find', text: `SELECT provider, subject, sid, sealed FROM ${upstreams} WHERE id = $1`, values: [id]
    })
    return rows[0] ?? null
  }

  async function retire (id: string) {
    await pool.query({
      name: 'upstream-session-retire', text: `UPDATE ${upstreams} SET expires_at = least(expires_at, now() + interval '1 hour') WHERE id = $1`, values: [id]
    })
  }

  /** Waits for sessions that are being created, and for codes that are being issued and redeemed, so that all are seen and ended. */
  const end: UpstreamSessionStore['end'] = async (login, token) => {
    const { provider, subject, sid } = login
    const keys = endedKeys(login)
    // A session of which the provider has named none is ended with every session of its user there. Each side of OR has an index
    const meant = `x.provider = $1 AND ((x.subject = $2::text AND (x.sid IS NULL OR $3::text IS NULL OR x.sid = $3))
      OR ($2 IS NULL AND x.sid = $3))`
    const from = (table: string, column: string) => `${table} y USING meant WHERE y.${column} = meant.id`
    const ended = (table: string, client: string) => `UPDATE ${table} y SET revoked_at = now() FROM meant
      WHERE y.id = meant.id AND y.revoked_at IS NULL AND y.expires_at > now() RETURNING y.id, y.user_id, y.token_epoch, ${client} AS client_id`
    const rows = await revocations.runLocked<Row>([lockOf(keys), {
      name: 'upstream-lock',
      text: `WITH browser AS (SELECT y.id FROM ${browsers} y JOIN ${upstreams} x ON x.id = y.id WHERE ${meant} ORDER BY y.id FOR NO KEY UPDATE OF y),
          code AS (SELECT y.hash FROM ${codes} y JOIN ${upstreams} x ON x.id = y.session_id WHERE ${meant} ORDER BY y.hash FOR UPDATE OF y),
          device AS (SELECT y.hash FROM ${devices} y JOIN ${upstreams} x ON x.id = y.browser_session_id WHERE ${meant} ORDER BY y.hash FOR UPDATE OF y)
        SELECT (SELECT count(*) FROM browser), (SELECT count(*) FROM code), (SELECT count(*) FROM device)`,
      values: [provider, subject, sid]
    }], {
      name: 'upstream-end',
      text: `WITH used AS (INSERT INTO ${once} (hash, purpose, expires_at) VALUES ($4, 'logout', $5) ON CONFLICT (hash) DO NOTHING RETURNING hash),
          remembered AS (INSERT INTO ${once} AS r (hash, purpose, payload, expires_at)
            SELECT key, 'logout', $7::jsonb, now() + interval '1 day' FROM unnest($6::bytea[]) AS key WHERE EXISTS (SELECT FROM used)
            ON CONFLICT (hash) DO UPDATE SET expires_at = excluded.expires_at, payload = CASE WHEN
              (r.payload->>'issued')::bigint > (excluded.payload->>'issued')::bigint THEN r.payload ELSE excluded.payload END),
          meant AS (DELETE FROM ${upstreams} x WHERE ${meant} AND EXISTS (SELECT FROM used) RETURNING x.id),
          ended_session AS (${ended(sessions, 'y.client_id')}),
          ended_browser AS (${ended(browsers, 'NULL::text')}),
          ended AS (SELECT * FROM ended_session UNION ALL SELECT * FROM ended_browser),
          codes_unspent AS (DELETE FROM ${from(codes, 'session_id')} AND y.redeemed_at IS NULL),
          devices_unspent AS (DELETE FROM ${from(devices, 'browser_session_id')} AND y.redeemed_at IS NULL),
          listed AS (${revocations.insertSql("SELECT 'session', id::text, user_id::text, token_epoch, '{}'::uuid[] FROM ended")})
        SELECT true AS "isNew", NULL::uuid AS "sessionId", NULL::uuid AS "userId", NULL::text AS "clientId", NULL::json AS revocation FROM used
        UNION ALL SELECT true, id, user_id, client_id, NULL FROM ended UNION ALL SELECT true, NULL, NULL, NULL, revocation::json FROM listed`,
      values: [provider, subject, sid, token.hash, rowTime(token.expiresAt), keys, JSON.stringify(token.signed)]
    })
    if (rows.length === 0) return null
    return rows.flatMap(({ sessionId, userId, clientId }) => sessionId === null ? [] : [{ sessionId, userId, clientId }])
  }

  return { create, find, retire, end }
}

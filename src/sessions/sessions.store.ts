import type { Database } from '../database/client.ts'
import type { Caller, ClaimsRequest, CreatedSession, SessionState, NewSession, Rotation, Sessions, Superseded } from '../oauth/ports.ts'
import type { Revocation } from '../revocation/revocation-list.ts'
import type { Ended, SessionEndStore } from './end.ts'
import { auditSql } from '../events/audit.store.ts'
import type { OutboxWrites } from '../outbox/ports.ts'
import type { RevocationStore } from '../revocation/revocations.store.ts'
import { mayLogIn } from '../users/deletion-sql.ts'
import { createRotate } from './rotations.store.ts'
import type { UpstreamSessionStore } from './upstream-origin.ts'
import { amrOf, authenticationColumns, grantColumns, inTime, isPredecessor, lastUsed, ownersAlive, provesFactor, SKIPPED } from './session-sql.ts'

// Each lost response in a row adds two
const MAX_TIMES = 64

type Revoked = { userId: string | null, clientId: string | null, revocation: Revocation | null }

/** Sessions, in single prepared statements. Each re-checks whatever may have changed since the last one. */
export function createSessionStore (
  database: Database, revocations: RevocationStore, outbox: Pick<OutboxWrites, 'writeWith'>, upstreams: Pick<UpstreamSessionStore, 'create'>,
  { factors }: { factors: boolean }
): Sessions & SessionEndStore['sessions'] {
  const { pool, tables } = database
  const sql = statements(tables, revocations, factors)

  async function create (
    { id, userId, passwordStamp, amr, authTime, clientId, scopes, resources, secretHash, ttl, caller, notices, origin }: NewSession
  ) {
    const values = [id, userId, clientId, scopes, resources, secretHash, caller.ip, caller.userAgent, ttl, passwordStamp, amr, authTime]
    const creation = { name: 'session-create', text: sql.create, values }
    const rows = origin
      ? await upstreams.create<CreatedSession>(creation, { id, userId, origin: { ...origin, sealed: undefined }, ttl, notices })
      : await outbox.writeWith<CreatedSession>(creation, notices)
    return rows[0] ?? null
  }

  async function inspect ({ id, generation, secretHash, idleTtl }: Rotation) {
    const { rows } = await pool.query<Superseded>({
      name: 'session-inspect', text: sql.inspect, values: [id, generation, secretHash, idleTtl]
    })
    return rows[0] ?? null
  }

  async function recover ({ id, generation, secretHash, clientId, idleTtl }: Rotation, current: number, caller: Caller) {
    const { rows } = await pool.query<SessionState>({
      name: 'session-recover', text: sql.recover,
      values: [id, generation, secretHash, clientId, idleTtl, current, caller.ip, caller.userAgent]
    })
    return rows[0] ?? null
  }

  async function requestedClaims (id: string) {
    const { rows } = await pool.query<{ claims: ClaimsRequest | null, scopes: string[] }>({
      name: 'session-claims', text: sql.requestedClaims, values: [id]
    })
    return rows[0] ?? null
  }

  async function revoke (id: string) {
    return ended(await revocations.run<Revoked>({ name: 'session-revoke', text: sql.revoke, values: [id] }))
  }

  async function revokeBySecret (id: string, secretHash: Uint8Array, clientId: string) {
    return ended(
      await revocations.run<Revoked>({ name: 'session-revoke-by-secret', text: sql.revokeBySecret, values: [id, secretHash, clientId] })
    )
  }

  async function standing (id: string) {
    const { rows } = await pool.query<{ scopes: string[], tokenEpoch: number, amr: string[], lacksFactor: boolean }>({
      name: 'session-standing', text: sql.standing, values: [id]
    })
    return rows[0] ?? null
  }

  async function revokeReused (id: string, caller: Caller) {
    return ended(
      await revocations.run<Revoked>({ name: 'session-reused', text: sql.revokeReused, values: [id, caller.ip, caller.userAgent] })
    )
  }

  async function noteReplay (id: string, caller: Caller) {
    await pool.query({ name: 'session-replayed', text: sql.noteReplay, values: [id, caller.ip, caller.userAgent] })
  }

  return {
    create, rotate: createRotate(database), inspect, recover, requestedClaims, revoke, revokeBySecret, standing, revokeReused,
    noteReplay
  }
}

function ended ([row]: Revoked[]): Ended | null {
  return row?.userId ? { userId: row.userId, clientId: row.clientId } : null
}

function statements ({ sessions, users, clients, audit_events: events }: Database['tables'], { insertSql }: RevocationStore, factors: boolean) {
  const end = (condition = '') =>
    `UPDATE ${sessions} SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL ${condition} RETURNING id, user_id, client_id, token_epoch`
  const revoke = (condition = '') =>
    `WITH ended AS (${end(condition)}),
    listed AS (${insertSql("SELECT 'session', id::text, user_id::text, token_epoch, '{}'::uuid[] FROM ended")})`
  const revoked = 'SELECT ended.user_id AS "userId", ended.client_id AS "clientId", listed.revocation FROM ended LEFT JOIN listed ON true'

  return {
    create: `INSERT INTO ${sessions} AS s (id, user_id, client_id, scopes, resources, secret_hash, ip, user_agent, expires_at, token_epoch, auth_time, amr)
      SELECT $1::uuid, u.id, c.id, $4::text[], $5::text[], $6::bytea, $7::text, $8::text, now() + $9 * interval '1 second', u.token_epoch, least($12, now()), $11::text[] FROM ${users} u, ${clients} c
      WHERE u.id = $2 AND u.password_stamp = $10 AND ${mayLogIn} AND c.id = $3 AND c.revoked_at IS NULL${factors ? ` AND ${provesFactor('$11::text[]')}` : ''}
      FOR KEY SHARE OF u
      RETURNING token_epoch AS "tokenEpoch", expires_at AS "expiresAt", ${authenticationColumns}`,

    inspect: `SELECT ${grantColumns}, s.client_id AS "clientId", s.ip, s.user_agent AS "userAgent", ${lastUsed} AS "lastUsedAt",
        (${inTime('$4')} AND c.id IS NOT NULL AND coalesce(${ownersAlive}, false)) AS alive,
        CASE WHEN s.generation <= $2 THEN NULL
          ELSE greatest(0, coalesce(extract(epoch FROM now() - s.rotations[s.generation - $2]), 'infinity')::float8) END AS "supersededFor",
        ${isPredecessor('$2')} AS "successorUnused"
      FROM ${sessions} s LEFT JOIN ${users} u ON u.id = s.user_id LEFT JOIN ${clients} c ON c.id = s.client_id
      WHERE s.id = $1 AND s.secret_hash = $3`,

    // The skipped token has no grace, and the grace of the presented one starts again
    recover: `WITH recovered AS (
        UPDATE ${sessions} s SET generation = s.generation + 2, ip = $7, user_agent = $8,
          rotations = (ARRAY[now()] || array_fill(${SKIPPED}, ARRAY[s.generation - $2::int]) || now() || s.rotations[s.generation - $2 + 1:8])[1:${MAX_TIMES}]
        FROM ${users} u, ${clients} c
        WHERE s.id = $1 AND s.generation = $6 AND s.secret_hash = $3 AND s.client_id = $4 AND ${isPredecessor('$2::int')} AND ${inTime('$5')}
          AND u.id = s.user_id AND c.id = s.client_id AND ${ownersAlive}
        RETURNING ${grantColumns}),
      noted AS (${auditSql(events, 'SELECT \'session.recovered\', "userId", $4, "sessionId", $7, $8 FROM recovered')})
      SELECT * FROM recovered`,

    requestedClaims: `SELECT oidc->'claims' AS claims, scopes FROM ${sessions} WHERE id = $1`,

    standing: `SELECT s.scopes, s.token_epoch AS "tokenEpoch", ${amrOf('s')} AS amr, ${factors} AND u.id IS NOT NULL AND NOT ${provesFactor(amrOf('s'))} AS "lacksFactor"
      FROM ${sessions} s LEFT JOIN ${users} u ON u.id = s.user_id WHERE s.id = $1 AND s.revoked_at IS NULL AND s.expires_at > now()`,

    // Listed even when there is no row: a token may outlive a session that is missing from a restored backup
    revoke: `WITH ended AS (${end()}),
      unknown AS (SELECT $1::uuid AS id WHERE NOT EXISTS (SELECT FROM ${sessions} WHERE id = $1)),
      listed AS (${insertSql(`SELECT 'session', id::text, user_id::text, token_epoch, '{}'::uuid[] FROM ended
        UNION ALL SELECT 'session', id::text, NULL, 2147483647, '{}' FROM unknown`)})
      SELECT ended.user_id AS "userId", ended.client_id AS "clientId", listed.revocation FROM listed LEFT JOIN ended ON true`,

    revokeBySecret: `${revoke('AND secret_hash = $2 AND client_id = $3')} ${revoked}`,

    revokeReused: `${revoke()},
      noted AS (${auditSql(events, "SELECT 'session.reused', user_id, client_id, id, $2, $3 FROM ended")}) ${revoked}`,

    noteReplay: auditSql(events, `SELECT 'session.replayed_elsewhere', user_id, client_id, id, $2, $3 FROM ${sessions} WHERE id = $1`)
  }
}

import type { Database, Tables } from '../database/client.ts'
import type { AuthSession, AuthSessionStore } from './auth-sessions.ts'

const columns = 'a.hash, a.user_id AS "userId", a.password_stamp AS "passwordStamp", a.client_id AS "clientId", a.proven, a.pending'
const isValid = 'a.hash = $1 AND a.expires_at > now()'
const isTheirs = `${isValid} AND a.client_id IS NOT DISTINCT FROM $2`
const unchanged = 'u.disabled_at IS NULL AND u.password_stamp = a.password_stamp AND u.token_epoch = a.token_epoch'

/** Of two at once, one finds it. $1: its hash, $2: its client. */
export const consumeSql = ({ auth_sessions: sessions, users }: Tables) =>
  `DELETE FROM ${sessions} a USING ${users} u WHERE ${isTheirs} AND u.id = a.user_id AND ${unchanged} RETURNING ${columns}`

export function createAuthSessionStore ({ pool, tables }: Database): AuthSessionStore {
  const { auth_sessions: sessions, users } = tables

  const create: AuthSessionStore['create'] = async ({ hash, user, clientId, proven, pending, caller, ttl }) => {
    await pool.query({
      name: 'auth-session-create',
      text: `INSERT INTO ${sessions} AS a (hash, client_id, user_id, password_stamp, token_epoch, proven, pending, ip, user_agent, expires_at)
        SELECT $1::bytea, $2::text, u.id, u.password_stamp, u.token_epoch, $3::text[], $4::jsonb, $5::text, $6::text, now() + $7 * interval '1 second'
        FROM (VALUES ($8::uuid)) AS w (id) LEFT JOIN ${users} u ON u.id = w.id AND u.password_stamp = $9 AND u.disabled_at IS NULL
        ON CONFLICT (hash) DO UPDATE SET user_id = excluded.user_id, password_stamp = excluded.password_stamp, token_epoch = excluded.token_epoch
        WHERE a.user_id IS NULL AND excluded.user_id IS NOT NULL`,
      values: [hash, clientId, proven, JSON.stringify(pending), caller.ip, caller.userAgent, ttl, user?.userId, user?.passwordStamp]
    })
  }

  const find: AuthSessionStore['find'] = async (hash, clientId) => {
    const { rows } = await pool.query<AuthSession>({
      name: 'auth-session-find',
      text: `SELECT ${columns} FROM ${sessions} a LEFT JOIN ${users} u ON u.id = a.user_id
        WHERE ${isValid} AND ($3 OR a.client_id IS NOT DISTINCT FROM $2) AND (a.user_id IS NULL OR (${unchanged}))`,
      values: [hash, clientId, clientId === undefined]
    })
    return rows[0] ?? null
  }

  const consume: AuthSessionStore['consume'] = async (hash, clientId) => {
    const { rows } = await pool.query<AuthSession & { userId: string }>({
      name: 'auth-session-consume',
      text: consumeSql(tables),
      values: [hash, clientId]
    })
    return rows[0] ?? null
  }

  const countTry: AuthSessionStore['countTry'] = async (hash, clientId, max) => {
    const { rowCount } = await pool.query({
      name: 'auth-session-try', text: `UPDATE ${sessions} a SET tries = a.tries + 1 WHERE ${isTheirs} AND a.tries < $3`, values: [hash, clientId, max]
    })
    return rowCount === 1
  }

  return { create, find, consume, countTry }
}

import type { Database } from '../../database/client.ts'
import type { Codes, NewCode, SpentCode } from '../ports.ts'
import { mayLogIn } from '../../users/deletion-sql.ts'
import { createRedeem } from './redemptions.store.ts'

/** Authorization codes. */
export function createCodeStore (database: Database): Codes {
  const { pool, rowTime, tables } = database
  const { authorization_codes: codes, browser_sessions: browsers, upstream_sessions: upstreams, users } = tables

  async function create (code: NewCode): Promise<boolean> {
    const { oidc } = code
    const text = `INSERT INTO ${codes} (hash, client_id, user_id, session_id, token_epoch, redirect_uri, scopes, resources, code_challenge, nonce, auth_time, amr, claims, expires_at)
        SELECT $1::bytea, $2::text, u.id, $3::uuid, u.token_epoch, $4::text, $5::text[], $6::text[], $7::text, $8::text, $9::timestamptz, b.amr, $10::jsonb, now() + $11 * interval '1 second'
        FROM ${browsers} b JOIN ${users} u ON u.id = b.user_id AND u.token_epoch = b.token_epoch AND ${mayLogIn}
        WHERE b.id = $12 AND b.user_id = $13 AND b.revoked_at IS NULL AND b.expires_at > now()`
    const values = [
      code.hash, code.clientId, code.sessionId, code.redirectUri, code.scopes, code.resources, code.codeChallenge,
      oidc.nonce, rowTime(new Date(oidc.authTime * 1000)), oidc.claims, code.ttl, code.browserSessionId, code.userId
    ]
    const { rowCount } = await pool.query(code.upstreamTtl === null
      ? { name: 'code-create', text, values }
      : { name: 'code-create-upstream', text: upstreamSql(text), values: [...values, code.upstreamTtl] })
    return rowCount === 1
  }

  /** The session will come from the same login at a provider. Waits for one that ends it, and is then refused. */
  function upstreamSql (create: string): string {
    return `WITH code AS (${create} FOR SHARE OF b RETURNING session_id),
      kept AS (INSERT INTO ${upstreams} (id, user_id, provider, subject, sid, expires_at)
        SELECT code.session_id, x.user_id, x.provider, x.subject, x.sid, now() + $14 * interval '1 second' FROM code, ${upstreams} x WHERE x.id = $12)
      SELECT FROM code`
  }

  async function inspect (hash: Uint8Array): Promise<SpentCode | null> {
    const { rows } = await pool.query<SpentCode>({
      name: 'code-inspect',
      text: `SELECT client_id AS "clientId", redirect_uri AS "redirectUri", code_challenge AS "codeChallenge", session_id AS "sessionId", resources,
          redeemed_at IS NOT NULL AS redeemed, expires_at <= now() AS expired FROM ${codes} WHERE hash = $1`,
      values: [hash]
    })
    return rows[0] ?? null
  }

  return { create, redeem: createRedeem(database), inspect }
}

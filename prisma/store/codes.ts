import type { Database } from '../../src/database/client.ts'
import type { Codes, Grant, NewCode, Redemption, SpentCode } from '../../src/oauth/ports.ts'

/** Authorization codes. Redeeming one and making its session are one statement: a replay always finds something to revoke. */
export function createCodeStore ({ pool, tables }: Database): Codes {
  const { authorization_codes: codes, browser_sessions: browsers, sessions, users, clients } = tables

  async function create (code: NewCode): Promise<boolean> {
    const { oidc } = code
    const { rowCount } = await pool.query({
      name: 'code-create',
      text: `INSERT INTO ${codes} (hash, client_id, user_id, session_id, token_epoch, redirect_uri, scopes, resources, code_challenge, nonce, auth_time, claims, expires_at)
        SELECT $1::bytea, $2::text, u.id, $3::uuid, u.token_epoch, $4::text, $5::text[], $6::text[], $7::text, $8::text, to_timestamp($9), $10::jsonb, now() + $11 * interval '1 second'
        FROM ${browsers} b JOIN ${users} u ON u.id = b.user_id AND u.token_epoch = b.token_epoch AND u.disabled_at IS NULL
        WHERE b.id = $12 AND b.user_id = $13 AND b.revoked_at IS NULL AND b.expires_at > now()`,
      values: [code.hash, code.clientId, code.sessionId, code.redirectUri, code.scopes, code.resources, code.codeChallenge,
        oidc.nonce, oidc.authTime, oidc.claims, code.ttl, code.browserSessionId, code.userId]
    })
    return rowCount === 1
  }

  async function redeem ({ hash, clientId, redirectUri, codeChallenge, secretHash, ttl, caller }: Redemption): Promise<Grant | null> {
    const { rows } = await pool.query<Grant>({
      name: 'code-redeem',
      text: `WITH redeemed AS (UPDATE ${codes} SET redeemed_at = now()
          WHERE hash = $1 AND redeemed_at IS NULL AND expires_at > now() AND client_id = $2 AND ($3::text IS NULL OR redirect_uri = $3) AND code_challenge IS NOT DISTINCT FROM $4
          RETURNING *)
        INSERT INTO ${sessions} AS s (id, user_id, client_id, scopes, resources, secret_hash, ip, user_agent, expires_at, token_epoch, oidc)
        SELECT r.session_id, u.id, c.id, r.scopes, r.resources, $5::bytea, $6::text, $7::text, now() + $8 * interval '1 second', u.token_epoch,
          json_build_object('nonce', r.nonce, 'authTime', floor(extract(epoch FROM r.auth_time))::bigint, 'claims', r.claims)
        FROM redeemed r JOIN ${users} u ON u.id = r.user_id AND u.disabled_at IS NULL AND u.token_epoch = r.token_epoch
          JOIN ${clients} c ON c.id = r.client_id AND c.revoked_at IS NULL
        RETURNING s.id AS "sessionId", s.user_id AS "userId", s.scopes, s.resources, s.token_epoch AS "tokenEpoch", s.oidc, s.generation, s.expires_at AS "expiresAt"`,
      values: [hash, clientId, redirectUri, codeChallenge, secretHash, caller.ip, caller.userAgent, ttl]
    })
    return rows[0] ?? null
  }

  async function inspect (hash: Uint8Array): Promise<SpentCode | null> {
    const { rows } = await pool.query<SpentCode>({
      name: 'code-inspect',
      text: `SELECT client_id AS "clientId", redirect_uri AS "redirectUri", code_challenge AS "codeChallenge", session_id AS "sessionId",
          redeemed_at IS NOT NULL AS redeemed, expires_at <= now() AS expired FROM ${codes} WHERE hash = $1`,
      values: [hash]
    })
    return rows[0] ?? null
  }

  return { create, redeem, inspect }
}

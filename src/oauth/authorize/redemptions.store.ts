import type { Database } from '../../database/client.ts'
import type { SessionState, Redemption } from '../ports.ts'
import { createBatch } from '../../runtime/batch.ts'
import { grantColumns, targets } from '../../sessions/session-sql.ts'
import { mayLogIn } from '../../users/deletion-sql.ts'

type Row = Omit<SessionState, 'expiresAt' | 'authTime'> & { expiresAt: string, authTime: string }

const BATCH = 100

/**
 * Redeems a code and creates its session in one statement, so that a replay always finds a session to revoke. Codes that arrive in the same
 * tick share a statement. A code that is locked or does not match is redeemed by a statement of its own, as are all codes when the shared
 * statement fails.
 */
export function createRedeem ({ pool, tables, readTime }: Database): (redemption: Redemption) => Promise<SessionState | null> {
  const sql = statements(tables)

  async function alone (
    { hash, clientId, redirectUri, codeChallenge, secretHash, resources, ttl, caller }: Redemption
  ): Promise<SessionState | null> {
    const { rows } = await pool.query<SessionState>({
      name: 'code-redeem',
      text: sql.redeem,
      values: [hash, clientId, redirectUri, codeChallenge, secretHash, caller.ip, caller.userAgent, ttl, resources]
    })
    return rows[0] ?? null
  }

  async function together (all: Redemption[]): Promise<Array<SessionState | null>> {
    const { rows: [answer] } = await pool.query<{ rows: (Row & { secret: string })[] | null }>({
      name: 'code-redeem-many', text: sql.redeemMany, values: [JSON.stringify(all.map(parameters)), all[0]!.ttl]
    })
    // Matched by the session secret, which each request generates for itself
    const found = new Map(answer?.rows?.map((row) => [row.secret, row]))
    return all.map(({ secretHash }) => {
      const row = found.get(hex(secretHash))
      return row ? Object.assign(row, { expiresAt: readTime(new Date(row.expiresAt)), authTime: readTime(new Date(row.authTime)) }) : null
    })
  }

  const batch = createBatch({ size: BATCH, keyOf: ({ hash }: Redemption) => hex(hash), alone, together })
  // Narrowing the resources is rare
  return (redemption) => redemption.resources ? alone(redemption) : batch(redemption)
}

const hex = ({ buffer, byteOffset, byteLength }: Uint8Array) => Buffer.from(buffer, byteOffset, byteLength).toString('hex')

const parameters = ({ hash, clientId, redirectUri, codeChallenge, secretHash, caller }: Redemption) => ({
  code: hex(hash),
  client: clientId,
  uri: redirectUri,
  challenge: codeChallenge,
  secret: hex(secretHash),
  ip: caller.ip,
  agent: caller.userAgent
})

function statements ({ authorization_codes: codes, sessions, users, clients }: Database['tables']) {
  // PKCE (RFC 7636 section 4.6) is verified here only: the challenge of the presented verifier is compared in the statement that redeems
  const fits = (client: string, uri: string, challenge: string) => `redeemed_at IS NULL AND expires_at > now() AND client_id = ${client}
    AND (${uri} IS NULL OR redirect_uri = ${uri}) AND code_challenge IS NOT DISTINCT FROM ${challenge}`
  const start = (secret: string, ip: string, agent: string, ttl: string) =>
    `INSERT INTO ${sessions} AS s (id, user_id, client_id, scopes, resources, secret_hash, ip, user_agent, expires_at, token_epoch, auth_time, amr, oidc)
    SELECT r.session_id, u.id, c.id, r.scopes, r.resources, ${secret}, ${ip}, ${agent}, now() + ${ttl} * interval '1 second', u.token_epoch, r.auth_time, r.amr,
      json_build_object('nonce', r.nonce, 'authTime', floor(extract(epoch FROM r.auth_time))::bigint, 'claims', r.claims)
    FROM redeemed r JOIN ${users} u ON u.id = r.user_id AND ${mayLogIn} AND u.token_epoch = r.token_epoch
      JOIN ${clients} c ON c.id = r.client_id AND c.revoked_at IS NULL`

  return {
    redeem: `WITH redeemed AS (UPDATE ${codes} SET redeemed_at = now() WHERE hash = $1 AND ${fits('$2', '$3::text', '$4')} AND ${targets('resources', '$9')} RETURNING *)
      ${start('$5::bytea', '$6::text', '$7::text', '$8')} RETURNING ${grantColumns}`,

    redeemMany: `WITH presented AS MATERIALIZED (
        SELECT decode(code, 'hex') AS code, client, uri, challenge, decode(secret, 'hex') AS secret, ip, agent
        FROM json_to_recordset($1::json) AS a(code text, client text, uri text, challenge text, secret text, ip text, agent text)),
      locked AS MATERIALIZED (
        SELECT hash FROM ${codes} WHERE hash IN (SELECT code FROM presented) ORDER BY hash FOR NO KEY UPDATE SKIP LOCKED),
      redeemed AS (
        UPDATE ${codes} SET redeemed_at = now() FROM locked JOIN presented a ON a.code = locked.hash
        WHERE ${codes}.hash = locked.hash AND ${fits('a.client', 'a.uri', 'a.challenge')} RETURNING ${codes}.*, a.secret, a.ip, a.agent),
      started AS (${start('r.secret', 'r.ip', 'r.agent', '$2')} RETURNING ${grantColumns}, encode(s.secret_hash, 'hex') AS secret)
      SELECT json_agg(started) AS rows FROM started`
  }
}

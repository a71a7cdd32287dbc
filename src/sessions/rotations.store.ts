import type { Database } from '../database/client.ts'
import type { Caller, Rotated, Rotation } from '../oauth/ports.ts'
import { createBatch } from '../runtime/batch.ts'
import { grantColumns, inTime, ownersAlive, targets } from './session-sql.ts'

type RotationRequest = Rotation & { caller: Caller }
type Times<Time> = { expiresAt: Time, authTime: Time }
type Row<Time> = Omit<Rotated, 'wentBack' | keyof Times<Time>> & Times<Time> & { known: number }

// PostgreSQL plans the statement for about this many rows
const BATCH = 100

/**
 * Rotates a session in one statement, shared by rotations that arrive in the same tick. A locked row and a session presented twice get a
 * statement of their own, as do all of them when the shared statement fails.
 */
export function createRotate ({ pool, tables, readTime }: Database): (rotation: Rotation, caller: Caller) => Promise<Rotated | null> {
  const sql = statements(tables)

  async function alone (
    { id, generation, secretHash, clientId, idleTtl, requestedScopes: requested, ofAny, resources, caller }: RotationRequest
  ): Promise<Rotated | null> {
    const { rows } = await pool.query<Row<Date>>({
      name: 'session-rotate',
      text: sql.rotate,
      values: [id, generation, secretHash, clientId, idleTtl, requested, caller.ip, caller.userAgent, resources, ofAny]
    })
    return rows[0] ? rotated(rows[0], rows[0], generation) : null
  }

  const timesOf = ({ expiresAt, authTime }: Times<string>): Times<Date> =>
    ({ expiresAt: readTime(new Date(expiresAt)), authTime: readTime(new Date(authTime)) })

  /** Rotates the rows that can be locked immediately; waiting for others could make two batches wait for each other. */
  async function together (all: RotationRequest[]): Promise<Array<Rotated | null>> {
    const { rows: [answer] } = await pool.query<{ rows: Row<string>[] | null }>({
      name: 'session-rotate-many', text: sql.rotateMany, values: [JSON.stringify(all.map(parameters)), all[0]!.idleTtl]
    })
    const found = new Map(answer?.rows?.map((row) => [row.sessionId, row]))
    return all.map(({ id, generation }) => {
      const row = found.get(id)
      return row ? rotated(row, timesOf(row), generation) : null
    })
  }

  const batch = createBatch({ size: BATCH, keyOf: ({ id }: RotationRequest) => id, alone, together })
  // Narrowing is rare
  return (rotation, caller) =>
    rotation.requestedScopes ?? rotation.resources ? alone({ ...rotation, caller }) : batch({ ...rotation, caller })
}

const parameters = ({ id, generation, secretHash, clientId, caller }: RotationRequest) => ({
  id, generation, secret: base64(secretHash), client: clientId, ip: caller.ip, agent: caller.userAgent
})

const base64 = ({ buffer, byteOffset, byteLength }: Uint8Array) => Buffer.from(buffer, byteOffset, byteLength).toString('base64')

// The list of times starts anew when the row was behind the token, so a later generation with a single time shows that
const rotated = (row: Row<unknown>, { expiresAt, authTime }: Times<Date>, generation: number): Rotated =>
  Object.assign(row, { expiresAt, authTime, wentBack: row.known === 1 && generation > 0 })

function statements ({ sessions, users, clients }: Database['tables']) {
  const set = (generation: string, ip: string, agent: string) => `generation = ${generation} + 1,
    rotations = CASE WHEN s.generation = ${generation} THEN array_prepend(now(), s.rotations[1:7]) ELSE ARRAY[now()] END, ip = ${ip}, user_agent = ${agent}`
  const owners = `u.id = s.user_id AND c.id = s.client_id AND ${ownersAlive}`

  return {
    rotate: `UPDATE ${sessions} s SET ${set('$2', '$7', '$8')}
      FROM ${users} u, ${clients} c
      WHERE s.id = $1 AND s.generation <= $2 AND s.secret_hash = $3 AND s.client_id = $4 AND ${inTime('$5')}
        AND ($6::text[] IS NULL OR s.scopes @> $6 OR ('*' = ANY (s.scopes) AND s.scopes || $10::text[] @> $6)) AND ${targets('s.resources', '$9')}
        AND ${owners}
      RETURNING ${grantColumns}, cardinality(s.rotations) AS known`,

    rotateMany: `WITH presented AS MATERIALIZED (
        SELECT * FROM json_to_recordset($1::json) AS a(id uuid, generation int, secret text, client text, ip text, agent text)),
      locked AS MATERIALIZED (
        SELECT id FROM ${sessions} WHERE id IN (SELECT id FROM presented) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED),
      rotated AS (
        UPDATE ${sessions} s SET ${set('a.generation', 'a.ip', 'a.agent')}
        FROM locked l JOIN presented a USING (id), ${users} u, ${clients} c
        WHERE s.id = l.id AND s.generation <= a.generation AND s.secret_hash = decode(a.secret, 'base64') AND s.client_id = a.client AND ${inTime('$2')}
          AND ${owners}
        RETURNING ${grantColumns}, cardinality(s.rotations) AS known)
      SELECT json_agg(rotated) AS rows FROM rotated`
  }
}

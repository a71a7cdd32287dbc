import type { FastifyInstance } from 'fastify'
import { claimsOf, refresh, token, type Tokens } from './start-server.ts'
import { internals } from '../../plugins/internals.ts'

export type SessionRow = {
  id: string, user_id: string, client_id: string, scopes: string[], generation: number, rotations: Date[], token_epoch: number
  ip: string, user_agent: string, created_at: Date, expires_at: Date, revoked_at: Date | null
}

type Access = Pick<Tokens, 'access_token'>

export const sessionId = ({ access_token: accessToken }: Access) => claimsOf(accessToken)['sid'] as string

export async function sql<Row extends object = Record<string, unknown>> (
  app: FastifyInstance,
  text: string,
  values: unknown[] = []
): Promise<Row[]> {
  return (await internals(app).database.pool.query<Row>(text, values)).rows
}

/** The session row of a token. */
export async function sessionOf (app: FastifyInstance, tokens: Access): Promise<SessionRow> {
  const [row] = await sql<SessionRow>(app, 'SELECT * FROM sessions WHERE id = $1', [sessionId(tokens)])
  return row!
}

/** Moves all times of a session back, instead of waiting. */
export async function age (app: FastifyInstance, tokens: Access, seconds: number): Promise<void> {
  await sql(
    app,
    `UPDATE sessions SET created_at = created_at - $2 * interval '1 second',
    rotations = ARRAY(SELECT at - $2 * interval '1 second' FROM unnest(rotations) WITH ORDINALITY AS r (at, position) ORDER BY position) WHERE id = $1`,
    [sessionId(tokens), seconds]
  )
}

/** Saves the row as a backup would. @returns a function that restores it */
export async function backup (app: FastifyInstance, tokens: Access): Promise<() => Promise<void>> {
  const { id, generation, rotations } = await sessionOf(app, tokens)
  return async () => { await sql(app, 'UPDATE sessions SET generation = $2, rotations = $3 WHERE id = $1', [id, generation, rotations]) }
}

export type AuditRow = { type: string, user_id: string, client_id: string, session_id: string, ip: string, user_agent: string }

/** The audit events of statements on refresh tokens. */
export const auditEvents = (app: FastifyInstance) =>
  sql<AuditRow>(
    app,
    "SELECT type, user_id, client_id, session_id, ip, user_agent FROM audit_events WHERE type LIKE 'session.re%' ORDER BY created_at"
  )

export const eventTypes = async (app: FastifyInstance) => (await auditEvents(app)).map(({ type }) => type)

export const revocations = (app: FastifyInstance) =>
  sql<{ kind: string, subject: string, epoch: number, except_sessions: string[] }>(
    app,
    'SELECT kind, subject, epoch, except_sessions FROM revocations'
  )

/** Refreshes at the proxy of `web`; fails the test when refused. */
export async function rotated (app: FastifyInstance, refreshToken: string): Promise<Tokens> {
  const answer = await refresh(app, refreshToken)
  if (answer.statusCode !== 200) throw new Error(`refused: ${answer.body}`)
  return answer.json<Tokens>()
}

/** Refreshes at the token endpoint. */
export const refreshGrant = (app: FastifyInstance, refreshToken: string, authorization: string, more: Record<string, string> = {}) =>
  token(app, { grant_type: 'refresh_token', refresh_token: refreshToken, ...more }, authorization)

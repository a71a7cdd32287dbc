import { hash } from 'node:crypto'
import t from 'tap'
import type { FastifyInstance } from 'fastify'
import { build, claimsOf, makeClient, signedIn, token, type Tokens } from '../../../support/start-server.ts'
import { sql } from '../../../support/session-rows.ts'
import { statementsDuring } from '../../../support/statements.ts'
import { internals } from '../../../../plugins/internals.ts'

const VERIFIER = 'a-verifier-of-forty-three-characters-or-more'

/** Codes `lk_ac_1` … as the authorization endpoint leaves them. */
async function prepare (t: Parameters<typeof build>[0], count: number) {
  const { app } = await build(t)
  await signedIn(app)
  const client = await makeClient(app, { grantTypes: ['authorization_code', 'refresh_token'] })
  await sql(
    app,
    `INSERT INTO authorization_codes (hash, client_id, user_id, session_id, token_epoch, redirect_uri, scopes, code_challenge, auth_time, expires_at)
    SELECT sha256(('lk_ac_' || n)::bytea), $1, u.id, gen_random_uuid(), u.token_epoch, 'http://127.0.0.1/callback', '{}', $2, now(), now() + interval '1 minute'
    FROM generate_series(1, $3::int) n, users u`,
    [client.id, hash('sha256', VERIFIER, 'base64url'), count]
  )
  const redeem = (n: number, more: Record<string, string> = {}) =>
    token(app, {
      grant_type: 'authorization_code', client_id: client.id, client_secret: client.secret!, code: `lk_ac_${n}`,
      code_verifier: VERIFIER, ...more
    })
  return { app, redeem }
}

const sessionOfCode = async (app: FastifyInstance, n: number) =>
  (await sql<{ id: string }>(app, 'SELECT session_id AS id FROM authorization_codes WHERE hash = sha256($1::text::bytea)', [`lk_ac_${n}`]))[
    0
  ]!.id

t.test('concurrent exchanges of codes share a statement, and each creates its own session', async (t) => {
  const { app, redeem } = await prepare(t, 12)
  await redeem(12)
  let answers: Awaited<ReturnType<typeof redeem>>[] = []
  const statements = await statementsDuring(app, async () => {
    answers = await Promise.all(Array.from({ length: 11 }, (_, index) => redeem(index + 1)))
  })
  t.ok(statements < 11, `${statements} statements for 11 codes`)
  for (const [index, answer] of answers.entries()) {
    t.equal(answer.statusCode, 200)
    const tokens = answer.json<Tokens>()
    t.equal(claimsOf(tokens.access_token)['sid'], await sessionOfCode(app, index + 1))
  }
  t.equal(new Set(answers.map((answer) => claimsOf(answer.json<Tokens>().access_token)['sid'])).size, 11)
})

t.test('a wrong verifier, a wrong redirect URI and an unknown code do not affect other exchanges in the same statement', async (t) => {
  const { app, redeem } = await prepare(t, 5)
  const answers = await Promise.all([
    redeem(1),
    redeem(2, { code_verifier: VERIFIER.toUpperCase() }),
    redeem(3),
    redeem(4, { redirect_uri: 'http://127.0.0.1/elsewhere' }),
    redeem(99),
    redeem(5, { redirect_uri: 'http://127.0.0.1/callback' })
  ])
  t.same(answers.map(({ statusCode }) => statusCode), [200, 400, 200, 400, 400, 200])
  t.equal((await redeem(2)).statusCode, 200, 'a wrong verifier does not spend the code')
  t.equal((await redeem(1)).statusCode, 400)
  const [ended] = await sql<{ revoked: boolean }>(
    app,
    'SELECT revoked_at IS NOT NULL AS revoked FROM sessions WHERE id = $1',
    [await sessionOfCode(app, 1)]
  )
  t.equal(ended!.revoked, true, 'a replay ends what the first use made')
})

t.test('a locked code delays only its own exchange', async (t) => {
  const { app, redeem } = await prepare(t, 4)
  const holder = await internals(app).database.pool.connect()
  await holder.query('BEGIN')
  await holder.query("SELECT 1 FROM authorization_codes WHERE hash = sha256('lk_ac_1') FOR UPDATE")
  const held = redeem(1)
  const others = await Promise.all([2, 3, 4].map((n) => redeem(n)))
  t.same(others.map(({ statusCode }) => statusCode), [200, 200, 200])
  await holder.query('COMMIT')
  holder.release()
  t.equal((await held).statusCode, 200)
})

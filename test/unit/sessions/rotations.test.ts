import t from 'tap'
import { build, claimsOf, login, refresh, signedIn, type Tokens } from '../../support/start-server.ts'
import { sessionId, sessionOf, sql } from '../../support/session-rows.ts'
import { statementsDuring } from '../../support/statements.ts'
import { internals } from '../../../plugins/internals.ts'

async function prepare (t: Parameters<typeof build>[0], count: number) {
  const { app, databaseUrl } = await build(t)
  const first = await signedIn(app)
  const rest = await Promise.all(Array.from({ length: count - 1 }, async () => (await login(app)).json<Tokens>()))
  return { app, databaseUrl, tokens: [first, ...rest] }
}

t.test('rotations of one tick share a statement, and each gets its own answer', async (t) => {
  const { app, tokens } = await prepare(t, 20)
  const { sessions: { refreshTokens }, store: { sessions } } = internals(app)
  // A session of its own age each
  for (const [index, { refresh_token: text }] of tokens.entries()) {
    if (index % 3 === 0) tokens[index] = (await refresh(app, text)).json<Tokens>()
  }
  const rotations = await Promise.all(tokens.map(async (each) => {
    const { generation } = refreshTokens.decode(each.refresh_token)!
    const [row] = await sql<{ secretHash: Buffer, clientId: string }>(
      app,
      'SELECT secret_hash AS "secretHash", client_id AS "clientId" FROM sessions WHERE id = $1',
      [sessionId(each)]
    )
    return { id: sessionId(each), generation, ...row!, idleTtl: 1000, requestedScopes: null, ofAny: null, resources: null }
  }))
  let answers: Awaited<ReturnType<typeof sessions.rotate>>[] = []
  const statements = await statementsDuring(app, async () => {
    answers = await Promise.all(
      rotations.map((rotation, index) =>
        sessions.rotate(rotation, { ip: `192.0.2.${index}`, userAgent: index === 0 ? undefined : `agent "${index}" \\ ü` })
      )
    )
  })
  t.equal(statements, 1)
  for (const [index, answer] of answers.entries()) {
    t.equal(answer?.sessionId, rotations[index]!.id)
    t.equal(answer?.generation, rotations[index]!.generation + 1)
    t.ok(answer!.expiresAt.getTime() > Date.now())
    t.match(await sessionOf(app, tokens[index]!), {
      generation: answer!.generation, ip: `192.0.2.${index}`, user_agent: index === 0 ? null : `agent "${index}" \\ ü`
    })
  }
})

t.test('a refused rotation does not affect the others in its statement, and a second one of the same session is a replay', async (t) => {
  const { app, tokens } = await prepare(t, 6)
  const [dead, twice, ...good] = tokens
  await internals(app).store.sessions.revoke(sessionId(dead!))
  const asked = [dead!, twice!, ...good, twice!]
  const answers = await Promise.all(asked.map(({ refresh_token: text }) => refresh(app, text)))
  t.same(answers.map(({ statusCode }) => statusCode), [401, 200, 200, 200, 200, 200, 200])
  t.equal(answers[1]!.json<Tokens>().refresh_token, answers.at(-1)!.json<Tokens>().refresh_token)
  for (const [index, answer] of answers.entries()) {
    if (index > 0) t.equal(claimsOf(answer.json<Tokens>().access_token)['sid'], sessionId(asked[index]!))
  }
})

t.test('a locked session delays only its own rotation', async (t) => {
  const { app, tokens } = await prepare(t, 5)
  const holder = await internals(app).database.pool.connect()
  await holder.query('BEGIN')
  await holder.query('SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE', [sessionId(tokens[0]!)])
  let heldAnswered = false
  const held = refresh(app, tokens[0]!.refresh_token).then((answer) => {
    heldAnswered = true
    return answer
  })
  const others = await Promise.all(tokens.slice(1).map(({ refresh_token: text }) => refresh(app, text)))
  t.same(others.map(({ statusCode }) => statusCode), [200, 200, 200, 200])
  t.notOk(heldAnswered)
  await holder.query('COMMIT')
  holder.release()
  t.equal((await held).statusCode, 200)
})

t.test('when the shared statement fails, each rotation is tried alone', async (t) => {
  const { app, tokens } = await prepare(t, 4)
  // Fails for one of them only, whoever shares a statement with it
  await sql(
    app,
    `CREATE FUNCTION refuse_one () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = '${sessionId(tokens[2]!)}' THEN RAISE 'refused'; END IF; RETURN NEW; END $$`
  )
  await sql(app, 'CREATE TRIGGER refuse_one BEFORE UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION refuse_one()')
  const answers = await Promise.all(tokens.map(({ refresh_token: text }) => refresh(app, text)))
  t.same(answers.map(({ statusCode }) => statusCode), [200, 200, 500, 200])
  for (const each of [tokens[0]!, tokens[1]!, tokens[3]!]) t.equal((await sessionOf(app, each)).generation, 1)
  t.equal((await sessionOf(app, tokens[2]!)).generation, 0)
})

t.test('a rotation that fails by a deadlock is tried once more', async (t) => {
  const { app, tokens } = await prepare(t, 1)
  await sql(app, 'CREATE SEQUENCE tries')
  // A sequence remembers what is rolled back
  await sql(
    app,
    "CREATE FUNCTION deadlock () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('tries') = 1 THEN RAISE 'deadlock detected' USING ERRCODE = '40P01'; END IF; RETURN NEW; END $$"
  )
  await sql(app, 'CREATE TRIGGER deadlock BEFORE UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION deadlock()')
  t.equal((await refresh(app, tokens[0]!.refresh_token)).statusCode, 200)
  t.equal((await sessionOf(app, tokens[0]!)).generation, 1)
})

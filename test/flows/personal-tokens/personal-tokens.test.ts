import t from 'tap'
import { personalToken } from '../../support/machines.ts'
import { build, createDatabase, eventually, PASSWORD, profile, signedIn } from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'
import { statementsDuring } from '../../support/statements.ts'
import { internals } from '../../../plugins/internals.ts'
import { advanceTime } from '../../../src/testing.ts'

async function two (t: Parameters<typeof build>[0]) {
  const databaseUrl = await createDatabase(t)
  const [{ app: first }, { app: second }] = [await build(t, { databaseUrl }), await build(t, { databaseUrl })]
  const { access_token: bearer, user } = await signedIn(first)
  const { access_token: text, token: { id } } = await personalToken(first, bearer)
  t.equal((await profile(second, text)).statusCode, 200, 'remembered there')
  return { first, second, bearer, user, text, id }
}

const gone = (app: Parameters<typeof profile>[0], text: string) =>
  eventually(async () => (await profile(app, text)).statusCode === 401, 1500)

t.test('a revoked personal access token is refused in other processes within a moment', async (t) => {
  const { first, second, user, text, id } = await two(t)
  await internals(first).personalTokens.revoke(id, user.id)
  t.ok(await gone(second, text))
})

t.test('disabling the user, changing the password and logging out everywhere end a personal access token in every process', async (t) => {
  const { first, second, bearer, user, text } = await two(t)
  await first.inject({
    method: 'PATCH', url: '/v1/profile/password', headers: { authorization: `Bearer ${bearer}` },
    payload: { current_password: PASSWORD, new_password: 'another good password' }
  })
  t.ok(await gone(second, text), 'changed password')
  t.equal((await profile(first, bearer)).statusCode, 200)
  const { access_token: next } = await personalToken(first, bearer)
  t.equal((await profile(second, next)).statusCode, 200, 'a new one works')
  await internals(first).store.access.endAll(user.id, null)
  t.ok(await gone(second, next), 'logged out everywhere')
  const third = await signedIn(first, { email: 'grace@example.com' })
  const { access_token: last } = await personalToken(first, third.access_token)
  t.equal((await profile(second, last)).statusCode, 200)
  await internals(first).store.users.setDisabled(third.user.id, true)
  t.ok(await gone(second, last), 'disabled')
  await internals(first).store.users.setDisabled(third.user.id, false)
  t.equal((await profile(first, last)).statusCode, 401, 'and enabling brings none back')
})

t.test("a personal access token remains valid when its user's revocations are folded, cached or not", async (t) => {
  const { first, second, user, text, id } = await two(t)
  await internals(first).store.users.foldRevocations(user.id)
  t.ok(await eventually(() => [...internals(second).revocation.list.rows()].some(({ kind }) => kind === 'user')))
  t.equal((await profile(second, text)).statusCode, 200)
  t.match(
    await sql(
      first,
      'SELECT p.token_epoch = u.token_epoch AND u.token_epoch > 0 AS goes_on FROM personal_access_tokens p JOIN users u ON u.id = p.user_id WHERE p.id = $1',
      [id]
    ),
    [{ goes_on: true }]
  )
  const { app: third } = await build(t, { databaseUrl: internals(first).config.databaseUrl! })
  t.equal((await profile(third, text)).statusCode, 200)
  await internals(first).store.access.endAll(user.id, null)
  for (const app of [first, second, third]) t.ok(await gone(app, text))
})

t.test('a request with a cached token runs no statement, and its use is recorded at most once a minute', async (t) => {
  const { first, second, text, id } = await two(t)
  const lastUsed = async () =>
    (await sql<{ last_used_at: Date | null }>(first, 'SELECT last_used_at FROM personal_access_tokens WHERE id = $1', [id]))[0]!
      .last_used_at
  t.ok(await eventually(async () => await lastUsed() !== null))
  const noted = await lastUsed()
  const verify = internals(second).personalTokens.verify
  t.equal(await statementsDuring(second, async () => { for (let i = 0; i < 50; i++) t.ok(await verify(text)) }), 0)
  const { personalTokens, database: { pool } } = internals(first)
  await personalTokens.verify(text)
  t.ok(await eventually(() => pool.waitingCount === 0 && pool.idleCount === pool.totalCount))
  t.same(await lastUsed(), noted, 'another process does not write it again')
  await advanceTime(first, 61)
  await personalTokens.verify(text)
  t.ok(await eventually(async () => (await lastUsed())!.getTime() > noted!.getTime()), 'after a minute')
})

t.test('a request succeeds when the use of its token cannot be recorded', async (t) => {
  const { first, text } = await two(t)
  await sql(first, "CREATE FUNCTION no () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$")
  await sql(first, 'CREATE TRIGGER no BEFORE UPDATE ON personal_access_tokens FOR EACH ROW EXECUTE FUNCTION no()')
  const { app, logs } = await build(t, { databaseUrl: internals(first).config.databaseUrl! })
  await sql(
    first,
    'ALTER TABLE personal_access_tokens DISABLE TRIGGER no; UPDATE personal_access_tokens SET last_used_at = NULL; ALTER TABLE personal_access_tokens ENABLE TRIGGER no'
  )
  t.equal((await profile(app, text)).statusCode, 200)
  t.ok(await eventually(() => logs().includes('could not be recorded')))
})

t.test('no token is created with an outdated token epoch', async (t) => {
  const { first, user } = await two(t)
  const made = await internals(first).personalTokens.create({ owner: { userId: user.id, tokenEpoch: 7 }, name: 'x', scopes: [], ttl: null })
  t.equal(made, null)
})

import t from 'tap'
import { EmailSchema, readyAttributes } from '../../src/schemas/identifiers.ts'
import { call } from '../support/machines.ts'
import { sharedServers } from '../support/shared-server.ts'
import { login, PASSWORD, profile, refresh, register, signedIn, type Tokens } from '../support/start-server.ts'
import { sql } from '../support/session-rows.ts'
import { internals } from '../../plugins/internals.ts'

const build = sharedServers(t)

const LOGIN = { login: { attributes: readyAttributes } }
const patch = (app: Parameters<typeof call>[0], bearer: string, body: object) => call(app, 'PATCH', '/v1/profile', bearer, body)

t.test('the name can be changed or removed without a password', async (t) => {
  const { app } = await build(t, LOGIN)
  const { access_token: bearer } = await signedIn(app)
  t.match((await patch(app, bearer, { name: ' Ada Lovelace ' })).json(), { name: 'Ada Lovelace', email: 'ada@example.com' })
  t.match((await profile(app, bearer)).json(), { name: 'Ada Lovelace' })
  t.match((await patch(app, bearer, { name: null })).json(), { name: null })
})

t.test('changing an identifier requires a recent login or the current password, and takes effect at once where nothing can be sent', async (t) => {
  const { app } = await build(t, LOGIN)
  const { access_token: bearer, user } = await signedIn(app)
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  const aged = await refreshedAfterAnHour(app)
  t.match((await patch(app, aged, { email: 'lovelace@example.com' })).json(), { statusCode: 401, code: 'LK_LOGIN_TOO_OLD' })
  t.match((await patch(app, bearer, { email: 'lovelace@example.com', current_password: 'wrong' })).json(), {
    statusCode: 422,
    errors: { current_password: ['is not your password'] }
  })
  t.equal((await login(app)).statusCode, 200, 'nothing has changed')
  const answer = await patch(app, aged, {
    email: ' Lovelace@Example.com', phone: '+49 170 1234567', username: 'ada', current_password: PASSWORD
  })
  t.match([answer.statusCode, answer.json()], [200, {
    id: user.id, email: 'lovelace@example.com', phone: '+491701234567', username: 'ada'
  }])
  t.equal((await login(app)).statusCode, 401, 'the old one logs nobody in')
  for (const fields of [{ email: 'lovelace@example.com' }, { phone: '+491701234567' }, { username: 'ada' }]) {
    t.equal((await login(app, fields)).statusCode, 200)
  }
  t.equal((await profile(app, bearer)).statusCode, 200, 'sessions go on')
  t.same(
    await sql(app, 'SELECT attribute, verified_at FROM identifiers WHERE user_id IS NOT NULL ORDER BY attribute'),
    ['email', 'phone', 'username'].map((attribute) => ({ attribute, verified_at: null })),
    'a new one is not verified'
  )
})

/** The access token of a session whose login is an hour old. */
async function refreshedAfterAnHour (app: Parameters<typeof call>[0]): Promise<string> {
  const { refresh_token: refreshToken } = (await login(app)).json<Tokens>()
  await sql(app, "UPDATE sessions SET auth_time = now() - interval '1 hour', created_at = now() - interval '1 hour'")
  return (await refresh(app, refreshToken)).json<Tokens>().access_token
}

t.test('an attribute is changed at most ten times in 30 days, since what is given up is held', async (t) => {
  const { app } = await build(t, LOGIN)
  const { access_token: bearer } = await signedIn(app)
  for (let index = 0; index <= 10; index++) t.equal((await patch(app, bearer, { username: `name${index}` })).statusCode, 200)
  t.match((await patch(app, bearer, { username: 'another' })).json(), { errors: { username: [/too often/] } })
  t.match((await patch(app, bearer, { username: null })).json(), { errors: { username: [/too often/] } })
  t.equal((await patch(app, bearer, { phone: '+491701234567' })).statusCode, 200, 'another attribute')
})

t.test('setting the same value again keeps it verified', async (t) => {
  const { app } = await build(t, LOGIN)
  const { access_token: bearer } = await signedIn(app)
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  t.equal((await patch(app, bearer, { email: 'ADA@example.com', current_password: PASSWORD })).statusCode, 200)
  t.ok((await sql(app, 'SELECT verified_at FROM identifiers'))[0]!['verified_at'])
})

t.test('an identifier of another user is 422, also when two users set it at once', async (t) => {
  const { app } = await build(t, LOGIN)
  const { access_token: bearer } = await signedIn(app)
  await register(app, { email: 'grace@example.com', username: 'grace' })
  const answer = await patch(app, bearer, { email: 'grace@example.com', name: 'Eve', current_password: PASSWORD })
  t.match(answer.json(), { statusCode: 422, code: 'LK_VALIDATION', errors: { email: ['The email has already been taken.'] } })
  t.match((await profile(app, bearer)).json(), { name: null, email: 'ada@example.com' })

  const bearers = await Promise.all(
    ['one', 'two', 'three'].map(async (name) => (await signedIn(app, { email: `${name}@example.com` })).access_token)
  )
  const answers = await Promise.all(bearers.map((each) => patch(app, each, { username: 'wanted', current_password: PASSWORD })))
  t.same(answers.map(({ statusCode }) => statusCode).sort(), [200, 422, 422])
})

t.test('invalid fields are 422, by field', async (t) => {
  const { app } = await build(t, LOGIN)
  const { access_token: bearer } = await signedIn(app)
  const bad: [object, object][] = [
    [{}, { body: [/name, locale, email, phone, username/] }],
    [{ email: 'nonsense', current_password: PASSWORD }, { email: ['must be an e-mail address'] }],
    [{ email: null }, { email: [/all that is left/] }],
    [{ email: '' }, { email: [/all that is left/] }],
    [{ email: 7 }, { email: [String] }],
    [{ name: 'x'.repeat(101) }, { name: [String] }],
    [{ name: 'Ada\u001b[0m' }, { name: [/contains invisible/] }],
    [{ username: 'x', current_password: '' }, { current_password: [String] }]
  ]
  for (const [body, errors] of bad) {
    t.match((await patch(app, bearer, body)).json(), { statusCode: 422, errors }, JSON.stringify(body).slice(0, 60))
  }
})

t.test('an identifier can be removed while another one is left; one that was proven is then held for 30 days', async (t) => {
  const { app } = await build(t, LOGIN)
  const { access_token: bearer } = await signedIn(app, { email: 'ada@example.com', phone: '+491701234567', username: 'ada' })
  await sql(app, "UPDATE identifiers SET verified_at = now() WHERE attribute = 'phone'")
  t.match((await patch(app, bearer, { phone: null, current_password: 'wrong' })).json(), {
    statusCode: 422,
    errors: { current_password: ['is not your password'] }
  })
  const answer = await patch(app, bearer, { phone: null, current_password: PASSWORD })
  t.equal(answer.statusCode, 200)
  t.same(Object.keys(answer.json()).sort(), ['created_at', 'email', 'id', 'locale', 'name', 'username'])
  t.equal((await login(app, { phone: '+491701234567' })).statusCode, 401)
  t.equal((await login(app, { username: 'ada' })).statusCode, 200)
  t.equal((await register(app, { phone: '+491701234567' })).statusCode, 422, 'nobody else gets the number')
  t.equal((await patch(app, bearer, { phone: '+491701234567' })).statusCode, 200, 'its user does')
  t.equal((await patch(app, bearer, { phone: null })).statusCode, 200)
  await sql(app, "UPDATE identifiers SET released_at = now() - interval '31 days' WHERE released_at IS NOT NULL")
  await internals(app).store.purge.steps({ expired: true, revoked: false, keep: 0, auditRetention: 1 }).find(({ table }) => table === 'identifiers')!
    .batch(10, null)
  t.equal((await register(app, { phone: '+491701234567' })).statusCode, 201, 'after 30 days anybody does')
  t.equal(
    (await patch(app, bearer, { phone: '', username: '', current_password: PASSWORD })).statusCode,
    200,
    'an empty text is none, and one that is not there goes, too'
  )
  t.match((await patch(app, bearer, { email: null, current_password: PASSWORD })).json(), {
    statusCode: 422,
    errors: { email: [/all that is left to log in with/] }
  })
  t.match((await patch(app, bearer, { email: null, name: 'Eve', current_password: PASSWORD })).json(), { statusCode: 422 })
  t.match((await profile(app, bearer)).json(), { email: 'ada@example.com', name: null }, 'and nothing is written')
  t.equal((await patch(app, bearer, { email: null, username: 'ada', current_password: PASSWORD })).statusCode, 200, 'one for the other')
  t.equal((await login(app, { username: 'ada' })).statusCode, 200)
})

t.test('what nobody has proven and nobody can get back is free at once; a user name is held', async (t) => {
  const { app } = await build(t, LOGIN)
  const { access_token: bearer } = await signedIn(app, { email: 'ada@example.com', phone: '+491701234567', username: 'ada' })
  t.equal((await patch(app, bearer, { phone: null })).statusCode, 200)
  t.equal((await patch(app, bearer, { email: 'lovelace@example.com', username: 'lovelace' })).statusCode, 200)
  t.equal((await login(app, { email: 'ada@example.com' })).statusCode, 401)
  t.equal((await register(app, { email: 'grace@example.com', phone: '+491701234567' })).statusCode, 201)
  t.equal((await register(app, { email: 'ada@example.com' })).statusCode, 201)
  t.equal((await register(app, { email: 'joan@example.com', username: 'ada' })).statusCode, 422)
  t.match((await patch(app, bearer, { phone: '+491701234567' })).json(), { statusCode: 422, errors: { phone: [/taken/] } })
})

t.test('of two concurrent removals of the last two identifiers one succeeds', async (t) => {
  const { app } = await build(t, LOGIN)
  const { access_token: bearer } = await signedIn(app, { email: 'ada@example.com', username: 'ada' })
  const answers = await Promise.all(
    [{ email: null }, { username: null }].map((body) => patch(app, bearer, { ...body, current_password: PASSWORD }))
  )
  t.same(answers.map(({ statusCode }) => statusCode).sort(), [200, 422])
  t.equal((await sql(app, 'SELECT 1 FROM identifiers WHERE user_id IS NOT NULL')).length, 1)
})

t.test('an identifier whose attribute is no longer configured is not counted as the last one', async (t) => {
  const { app, databaseUrl } = await build(t, LOGIN)
  const { access_token: bearer } = await signedIn(app, { email: 'ada@example.com', username: 'ada' })
  const { app: email } = await build(t, { databaseUrl, login: { attributes: { email: EmailSchema } } })
  t.equal((await patch(email, bearer, { email: null, current_password: PASSWORD })).statusCode, 422)
})

t.test('a change is refused when the password changes during the request', async (t) => {
  const { app } = await build(t, LOGIN)
  const { user } = await signedIn(app)
  const { store } = internals(app)
  const change = {
    userId: user.id, passwordStamp: 7, name: 'Eve',
    identifiers: [{ attribute: 'email', value: 'eve@example.com', display: 'eve@example.com' }], removed: [], configured: ['email'], isHeld: () => true
  }
  t.equal(await store.users.changeProfile(change), 'stale')
  t.same(await sql(app, 'SELECT name FROM users'), [{ name: null }])
})

t.test('wrong current passwords are counted', async (t) => {
  const { app } = await build(t, { ...LOGIN, rateLimit: 'on' })
  const { access_token: bearer } = await signedIn(app)
  const guess = () => patch(app, bearer, { email: 'eve@example.com', current_password: 'wrong' })
  for (let index = 0; index < 5; index++) t.equal((await guess()).statusCode, 422)
  const answer = await guess()
  t.match([answer.statusCode, answer.json()], [429, { code: 'LK_TOO_MANY_ATTEMPTS' }])
})

t.test('OpenID Connect Core section 5.1: updated_at is the time of the last change of the name or an identifier, and of nothing else', async (t) => {
  const { app } = await build(t, LOGIN)
  await register(app, { email: 'ada@example.com', name: 'Ada' })
  const { access_token: bearer } = (await login(app, { email: 'ada@example.com', scope: 'openid profile *' })).json<Tokens>()
  // As if the user had been made a day ago, and every change a day after the one before
  const aDayPasses = () =>
    sql(app, "UPDATE users SET created_at = created_at - interval '1 day', claims_changed_at = claims_changed_at - interval '1 day'")
  const updatedAt = async () => (await call(app, 'GET', '/v1/oauth/userinfo', bearer)).json<{ updated_at: number }>().updated_at
  const isNow = async () => Math.abs(await updatedAt() - Date.now() / 1000) < 3600
  await aDayPasses()
  t.notOk(await isNow(), 'not since the user was made')
  const same = { name: 'Ada', email: 'ada@example.com', phone: null, current_password: PASSWORD }
  const changes: [string, object, boolean][] = [
    ['the same again', same, false],
    ['a name', { name: 'Ada Lovelace' }, true],
    ['no name', { name: null }, true],
    ['one more', { username: 'ada', current_password: PASSWORD }, true],
    ['another', { email: 'lovelace@example.com', current_password: PASSWORD }, true],
    ['one taken off', { username: null, current_password: PASSWORD }, true],
    ['one taken off that was not there', { username: null, current_password: PASSWORD }, false]
  ]
  for (const [name, body, isChange] of changes) {
    await aDayPasses()
    t.equal((await patch(app, bearer, body)).statusCode, 200, name)
    t.equal(await isNow(), isChange, name)
  }
  await aDayPasses()
  t.equal(
    (await call(app, 'PATCH', '/v1/profile/password', bearer, { current_password: PASSWORD, new_password: `${PASSWORD} changed` }))
      .statusCode,
    200
  )
  t.notOk(await isNow(), 'a password is none')
})

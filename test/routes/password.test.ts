import t from 'tap'
import { sharedServers } from '../support/shared-server.ts'
import { login, makeClient, PASSWORD, profile, refresh, signedIn, token, type Built, type Tokens } from '../support/start-server.ts'

const build = sharedServers(t)

const NEW = 'another correct horse battery'
const patch = (app: Built['app'], accessToken: string, payload: object) =>
  app.inject({ method: 'PATCH', url: '/v1/profile/password', payload, headers: { authorization: `Bearer ${accessToken}` } })

t.test('after a change only the new password logs in, this session continues, and the others end', async (t) => {
  const { app, logs } = await build(t)
  const here = await signedIn(app)
  const there = (await login(app)).json<Tokens>()
  const answer = await patch(app, here.access_token, { current_password: PASSWORD, new_password: NEW })
  t.equal(answer.statusCode, 200)
  t.same(answer.json(), { message: 'Password changed. Other sessions have ended.' })
  t.equal((await login(app)).statusCode, 401)
  t.equal((await login(app, { email: 'ada@example.com', password: NEW })).statusCode, 200)
  t.equal((await profile(app, here.access_token)).statusCode, 200)
  t.equal((await refresh(app, here.refresh_token)).statusCode, 200)
  t.equal((await profile(app, there.access_token)).statusCode, 401)
  t.equal((await refresh(app, there.refresh_token)).statusCode, 401)
  t.notOk(logs().includes(PASSWORD) || logs().includes(NEW), 'no password is in the log')
})

t.test('invalid fields are reported per field, and nothing changes', async (t) => {
  const { app } = await build(t)
  const { access_token: accessToken } = await signedIn(app)
  const table: [object, Record<string, RegExp[]>][] = [
    [{}, { current_password: [/^The current password field is required\.$/], new_password: [/^The new password field is required\.$/] }],
    [{ current_password: PASSWORD }, { new_password: [/required/] }],
    [{ current_password: '', new_password: '' }, { current_password: [/^must not be empty$/], new_password: [/^must not be empty$/] }],
    [{ current_password: 5, new_password: [NEW] }, { current_password: [/string/], new_password: [/string/] }],
    [{ current_password: 'wrong', new_password: NEW }, { current_password: [/^is not your password$/] }],
    [{ current_password: `${PASSWORD} `, new_password: NEW }, { current_password: [/^is not your password$/] }],
    [{ current_password: PASSWORD, new_password: 'short' }, { new_password: [/at least 8/] }],
    [{ current_password: PASSWORD, new_password: 'password' }, { new_password: [/most used/] }],
    [{ current_password: PASSWORD, new_password: 'x'.repeat(1001) }, { new_password: [/at most 1000/] }],
    [{ current_password: 'wrong', new_password: 'short' }, { current_password: [/^is not your password$/] }]
  ]
  for (const [body, errors] of table) {
    const answer = await patch(app, accessToken, body)
    t.match(answer.json(), { statusCode: 422, code: 'LK_VALIDATION', errors }, JSON.stringify(body).slice(0, 90))
    t.same(Object.keys(answer.json<{ errors: object }>().errors), Object.keys(errors), JSON.stringify(body).slice(0, 90))
  }
  t.equal((await login(app)).statusCode, 200)
})

t.test('only a user can change the password', async (t) => {
  const { app } = await build(t)
  const ada = await signedIn(app)
  const bob = await signedIn(app, { email: 'bob@example.com' })
  const machine = await makeClient(app, { grantTypes: ['client_credentials'] })
  const own = (await token(app, { grant_type: 'client_credentials' }, machine.basic)).json<Tokens>()
  const body = { current_password: PASSWORD, new_password: NEW }
  t.equal((await app.inject({ method: 'PATCH', url: '/v1/profile/password', payload: body })).statusCode, 401)
  for (const accessToken of ['x', own.access_token, ada.refresh_token]) t.equal((await patch(app, accessToken, body)).statusCode, 401)
  t.equal((await patch(app, bob.access_token, { ...body, id: ada.user.id, userId: ada.user.id, email: 'ada@example.com' })).statusCode, 200)
  t.equal((await login(app)).statusCode, 200, 'ada has her own still')
  t.equal((await login(app, { email: 'bob@example.com' })).statusCode, 401)
})

t.test('wrong current passwords are limited with 429, unlike a single one', async (t) => {
  const { app } = await build(t, { rateLimit: 'on' })
  const { access_token: accessToken } = await signedIn(app)
  const statuses: number[] = []
  for (let i = 0; i < 70 && !statuses.includes(429); i++) {
    statuses.push((await patch(app, accessToken, { current_password: 'wrong', new_password: NEW })).statusCode)
  }
  t.same([...new Set(statuses)], [422, 429])
  const answer = await patch(app, accessToken, { current_password: PASSWORD, new_password: NEW })
  t.match(answer.json(), { statusCode: 429, code: /^LK_TOO_MANY_/ })
  t.ok(Number(answer.headers['retry-after']) >= 1)
})

import t from 'tap'
import { build, makeClient, PASSWORD, signedIn } from '../../support/start-server.ts'
import { all, ON, times, WRONG } from '../../support/throttled.ts'
import { statementsDuring } from '../../support/statements.ts'
import { internals } from '../../../plugins/internals.ts'

const NEXT = 'another password entirely'

t.test('wrong current passwords are counted by user and session', async (t) => {
  const { app } = await build(t, ON)
  const ada = await signedIn(app)
  const grace = await signedIn(app, { email: 'grace@example.com' })
  const change = (token: string, current: string, next = NEXT, from = '203.0.113.1') => app.inject({
    method: 'PATCH', url: '/v1/profile/password', remoteAddress: from,
    headers: { authorization: `Bearer ${token}` }, payload: { current_password: current, new_password: next }
  })
  t.same(await times(10, () => change(ada.access_token, PASSWORD, 'short')), all(10, 422), 'a weak new password is no guess')
  t.same(await times(5, () => change(ada.access_token, WRONG)), all(5, 422))
  const refused = await change(ada.access_token, PASSWORD, NEXT, '203.0.113.2')
  t.match(refused.json(), { statusCode: 429, code: 'LK_TOO_MANY_ATTEMPTS' })
  t.ok(refused.headers['retry-after'])
  t.equal((await change(grace.access_token, PASSWORD)).statusCode, 200, 'another user')
})

t.test('RFC 6749 section 2.3.1: wrong client secrets are counted by client and address', async (t) => {
  const { app } = await build(t, ON)
  const client = await makeClient(app, { grantTypes: ['client_credentials'] })
  const other = await makeClient(app, { grantTypes: ['client_credentials'] })
  const post = (path: string, id: string, secret: string, from = '203.0.113.1') => app.inject({
    method: 'POST', url: `/v1/oauth/${path}`, remoteAddress: from,
    payload: { client_id: id, client_secret: secret, token: 'x', grant_type: 'client_credentials' }
  })
  t.equal((await post('token', client.id, client.secret)).statusCode, 200)
  t.equal(
    await statementsDuring(app, () => times(3, () => post('token', client.id, client.secret))),
    0,
    'a right secret costs no statement'
  )

  const paths = ['token', 'introspect', 'revoke']
  t.same(await times(31, (index) => post(paths[index % 3]!, client.id, 'wrong')), [...all(30, 401), 429])
  const refused = await post('token', client.id, client.secret)
  t.match(refused.json(), { error: 'temporarily_unavailable' })
  t.equal(refused.statusCode, 429, 'refused before it is compared')
  t.ok(refused.headers['retry-after'])
  t.equal(await statementsDuring(app, () => times(5, () => post('token', client.id, 'wrong'))), 0)
  t.equal((await post('token', client.id, client.secret, '203.0.113.2')).statusCode, 200, 'another address')
  t.equal((await post('token', other.id, other.secret)).statusCode, 200, 'another client')
})

t.test('unknown client ids share one counter', async (t) => {
  const { app } = await build(t, ON)
  const guess = (index: number) =>
    app.inject({
      method: 'POST',
      url: '/v1/oauth/token',
      payload: { client_id: `lk_client_${index}`, client_secret: 'x', grant_type: 'client_credentials' }
    })
  t.same(await times(31, guess), [...all(30, 401), 429])
  t.equal(await (await internals(app).database.prisma()).rateLimit.count(), 2, 'one row for each tier')
})

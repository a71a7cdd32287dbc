import t from 'tap'
import { call, passwordGrant, personalToken } from '../support/machines.ts'
import { sharedServers } from '../support/shared-server.ts'
import {
  basic, createDatabase, eventually, login, makeClient, profile, refresh, signedIn, token,
  type Tokens
} from '../support/start-server.ts'
import { sessionId, sql } from '../support/session-rows.ts'
import { internals } from '../../plugins/internals.ts'

const build = sharedServers(t)

type Item = {
  id: string, kind: string, client: { id: string, name: string, first_party: boolean } | null, current: boolean,
  scopes: string[], last_used_at: string
}

t.test("the list has the user's sessions in applications and browsers, the last used first", async (t) => {
  const { app } = await build(t, { scopes: { 'orders:read': 'See your orders' } })
  const { access_token: bearer, refresh_token: text, user } = await signedIn(app)
  const other = (await login(app, { email: 'ada@example.com' }, 'mobile')).json<Tokens>()
  const browser = await internals(app).sessions.browser.start({ userId: user.id, passwordStamp: 0 }, false, {
    ip: '203.0.113.5',
    userAgent: 'Firefox'
  })
  await refresh(app, text)
  const answer = await call(app, 'GET', 'tokens', bearer)
  t.equal(answer.statusCode, 200, answer.body)
  const items = answer.json<Item[]>()
  t.match(items, [
    {
      id: sessionId({ access_token: bearer }), kind: 'session', client: { name: 'Web Password Grant Client', first_party: true },
      current: true
    },
    { id: browser!.session.id, kind: 'browser', client: null, ip: '203.0.113.5', user_agent: 'Firefox', current: false },
    { id: sessionId(other), kind: 'session', client: { name: 'Mobile Password Grant Client' }, current: false }
  ])
  t.equal(items.length, 3)
  t.notMatch(answer.body, /secret|hash/)
})

t.test('ending a session refuses its tokens at once in every process; a second time it is 404', async (t) => {
  const databaseUrl = await createDatabase(t)
  const [{ app }, { app: second }] = [await build(t, { databaseUrl }), await build(t, { databaseUrl })]
  const { access_token: bearer } = await signedIn(app)
  const other = (await login(app)).json<Tokens>()
  t.equal((await profile(second, other.access_token)).statusCode, 200)
  t.equal((await call(app, 'DELETE', `tokens/${sessionId(other)}`, bearer)).statusCode, 204)
  t.equal((await profile(app, other.access_token)).statusCode, 401)
  t.equal((await refresh(app, other.refresh_token)).statusCode, 401)
  t.ok(await eventually(async () => (await profile(second, other.access_token)).statusCode === 401, 1500))
  t.match((await call(app, 'DELETE', `tokens/${sessionId(other)}`, bearer)).json(), { statusCode: 404, code: 'LK_NOT_FOUND' })
  t.equal((await call(app, 'DELETE', `tokens/${sessionId({ access_token: bearer })}`, bearer)).statusCode, 204, 'also the own one')
  t.equal((await profile(app, bearer)).statusCode, 401)
})

t.test('a browser session is ended in the same way', async (t) => {
  const { app } = await build(t)
  const { access_token: bearer, user } = await signedIn(app)
  const browser =
    (await internals(app).sessions.browser.start({ userId: user.id, passwordStamp: 0 }, true, { ip: '203.0.113.5', userAgent: undefined }))!
  t.ok(await internals(app).sessions.browser.find(browser.token))
  t.equal((await call(app, 'DELETE', `tokens/${browser.session.id}`, bearer)).statusCode, 204)
  t.equal(await internals(app).sessions.browser.find(browser.token), null)
})

t.test('ending the session of a third-party application withdraws consent, of a first-party one it does not', async (t) => {
  const { app } = await build(t)
  const { access_token: bearer, user } = await signedIn(app)
  const theirs = await makeClient(app)
  const tokens = await passwordGrant(app, theirs.basic)
  const ours = (await login(app)).json<Tokens>()
  const web = (await internals(app).store.clients.findBySlug('web'))!
  for (const client of [theirs.client, web]) {
    await internals(app).store.consents.add({ userId: user.id, client, scopes: ['openid'], resources: [] })
  }
  await sql(app, 'UPDATE clients SET first_party = false WHERE id = $1', [theirs.id])
  for (const each of [tokens, ours]) t.equal((await call(app, 'DELETE', `tokens/${sessionId(each)}`, bearer)).statusCode, 204)
  t.same(await sql(app, 'SELECT client_id FROM consents'), [{ client_id: web.id }])
})

t.test('ended, expired and idle sessions are not listed', async (t) => {
  const { app } = await build(t)
  const { access_token: bearer } = await signedIn(app)
  const [ended, expired, idle] = [(await login(app)).json<Tokens>(), (await login(app)).json<Tokens>(), (await login(app)).json<Tokens>()]
  await internals(app).store.sessions.revoke(sessionId(ended))
  await sql(app, "UPDATE sessions SET expires_at = now() - interval '1 second' WHERE id = $1", [sessionId(expired)])
  await sql(app, "UPDATE sessions SET created_at = now() - interval '31 days' WHERE id = $1", [sessionId(idle)])
  t.equal((await call(app, 'GET', 'tokens', bearer)).json<Item[]>().length, 1)
})

t.test('sessions are managed only with a first-party token of full scopes: no third party, machine, personal or narrowed token', async (t) => {
  const { app } = await build(t, { scopes: { read: 'Read', write: 'Write' } })
  const { access_token: bearer } = await signedIn(app)
  const full = await makeClient(app)
  const whole = await passwordGrant(app, full.basic, 'read write')
  const narrow = (
    await token(app, { grant_type: 'refresh_token', refresh_token: whole.refresh_token, scope: 'read' }, full.basic)
  ).json<Tokens>()
  const third = await makeClient(app)
  const theirs = await passwordGrant(app, third.basic, '*')
  await sql(app, 'UPDATE clients SET first_party = false WHERE id = $1', [third.id])
  internals(app).clients.forget(third.id)
  await new Promise((resolve) => setImmediate(resolve))
  const machine = await makeClient(app, { grantTypes: ['client_credentials'] })
  const own = (await token(app, { grant_type: 'client_credentials' }, machine.basic)).json<Tokens>()
  const { access_token: personal } = await personalToken(app, bearer, { scopes: ['*'] })

  const id = '01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'
  const routes = [
    ['GET', 'tokens'],
    ['DELETE', `tokens/${id}`],
    ['GET', 'clients'],
    ['POST', 'clients'],
    ['PUT', `clients/${id}`],
    ['DELETE', `clients/${id}`],
    ['POST', `clients/${id}/secret`],
    ['GET', 'personal-access-tokens'],
    ['POST', 'personal-access-tokens'],
    ['DELETE', `personal-access-tokens/${id}`],
    ['PATCH', '/v1/profile']
  ] as const
  for (const [method, path] of routes) {
    const body = ['POST', 'PUT', 'PATCH'].includes(method) ? { name: 'x', redirect_uris: ['https://a.example/cb'] } : undefined
    for (const [name, text] of [
      ['narrowed', narrow.access_token],
      ['of a third party', theirs.access_token],
      ['personal', personal]
    ] as const) {
      t.match(
        (await call(app, method, path, text, body)).json(),
        { statusCode: 403, code: 'LK_FIRST_PARTY_ONLY' },
        `${method} ${path}: ${name}`
      )
    }
    t.match(
      (await call(app, method, path, own.access_token, body)).json(),
      { statusCode: 401, code: 'LK_UNAUTHENTICATED' },
      `${method} ${path}: machine`
    )
    t.match(
      (await call(app, method, path, undefined, body)).json(),
      { statusCode: 401, code: 'LK_UNAUTHENTICATED' },
      `${method} ${path}: nobody`
    )
    t.not((await call(app, method, path, whole.access_token, body)).statusCode, 403, `${method} ${path}: the whole`)
  }
})

t.test('the list of scopes requires a user', async (t) => {
  const { app } = await build(t, { scopes: { 'orders:read': 'See your orders' } })
  const { access_token: bearer } = await signedIn(app)
  const list = (await call(app, 'GET', 'scopes', bearer)).json<{ id: string, description: string }[]>()
  t.match(list.find(({ id }) => id === 'orders:read'), { id: 'orders:read', description: 'See your orders' })
  t.ok(list.some(({ id }) => id === 'openid'))
  for (const authorization of [undefined, basic('a', 'b')]) {
    t.equal((await app.inject({ url: '/v1/oauth/scopes', headers: authorization ? { authorization } : {} })).statusCode, 401)
  }
})

import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { claimsOf, makeClient, PASSWORD, register, token, type Tokens } from '../../support/start-server.ts'
import { call, personalToken, type Method } from '../../support/machines.ts'
import { authorize, CALLBACK, loggedIn, makeApp, paramsOf, VERIFIER } from '../../support/visitor.ts'
import { guardedHost } from '../../support/guarded-host.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const API = 'https://api.example.com'
const USERINFO = 'http://localhost:3000/v1/oauth/userinfo'
const ID = '01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'

const ROUTES: [Method, string, object?][] = [
  ['GET', '/v1/profile'],
  ['PATCH', '/v1/profile', { name: 'Mallory' }],
  ['PATCH', '/v1/profile/password', { current_password: PASSWORD, new_password: 'another long password 1' }],
  ['POST', '/v1/api/logout'],
  ['POST', '/v1/logout'],
  ['GET', 'tokens'],
  ['DELETE', `tokens/${ID}`],
  ['GET', 'scopes'],
  ['GET', 'revocations'],
  ['GET', 'clients'],
  ['POST', 'clients', { name: 'Evil', redirect_uris: ['https://evil.example/cb'] }],
  ['PUT', 'clients/lk_client_x', { name: 'Evil', redirect_uris: ['https://evil.example/cb'] }],
  ['DELETE', 'clients/lk_client_x'],
  ['POST', 'clients/lk_client_x/secret', {}],
  ['GET', 'personal-access-tokens'],
  ['POST', 'personal-access-tokens', { name: 'stolen' }],
  ['DELETE', `personal-access-tokens/${ID}`]
]

t.test('RFC 9700 section 2.3: a token for another API is accepted there and at userinfo, and by no other route of this server', async (t) => {
  const { app } = await build(t, { resourceServers: [API], scopes: { 'orders:read': 'See your orders' } })
  const visitor = await loggedIn(app)
  const own = await makeClient(app)
  const theirs = await makeApp(app)
  const byPassword = await token(app, {
    grant_type: 'password', username: 'ada@example.com', password: PASSWORD, scope: 'openid orders:read', resource: API
  }, own.basic)
  const { code } = paramsOf(await authorize(visitor, theirs.id, { scope: 'openid orders:read', resource: API }))
  const byCode = await token(
    app,
    { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER },
    theirs.basic
  )
  const refreshed = await token(app, { grant_type: 'refresh_token', refresh_token: byPassword.json<Tokens>().refresh_token }, own.basic)
  for (const [name, answer] of Object.entries({ byPassword, byCode, refreshed })) {
    const { access_token: text } = answer.json<Tokens>()
    t.same(claimsOf(text)['aud'], [API, USERINFO], name)
    t.equal((await call(app, 'GET', 'userinfo', text)).statusCode, 200, `${name}: userinfo`)
    for (const [method, path, body] of ROUTES) {
      t.equal((await call(app, method, path, text, body)).statusCode, 401, `${name}: ${method} ${path}`)
    }
    const posted = await app.inject({
      method: 'POST', url: '/v1/oauth/userinfo',
      headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload: new URLSearchParams({ access_token: text }).toString()
    })
    t.equal(posted.statusCode, 200, `${name}: userinfo by a form`)
  }
  t.equal(
    (await call(app, 'GET', 'userinfo', byCode.json<Tokens>().access_token)).json<{ sub: string }>().sub,
    visitor.userId,
    'nothing above has ended it'
  )
})

t.test('a token for another API without openid is accepted by no route of this server', async (t) => {
  const { app } = await build(t, { resourceServers: [API] })
  await register(app)
  const { basic } = await makeClient(app)
  for (const scope of ['', 'email', '*']) {
    const answer = await token(
      app,
      { grant_type: 'password', username: 'ada@example.com', password: PASSWORD, scope, resource: API },
      basic
    )
    t.same(claimsOf(answer.json<Tokens>().access_token)['aud'], [API], scope)
    t.equal((await call(app, 'GET', 'userinfo', answer.json<Tokens>().access_token)).statusCode, 401, scope)
  }
})

t.test('a guard in the same process can protect another resource server', async (t) => {
  const { app } = await build(t, { resourceServers: [API] })
  await register(app)
  const { basic } = await makeClient(app)
  const tokens = async (more: Record<string, string>) =>
    (await token(app, { grant_type: 'password', username: 'ada@example.com', password: PASSWORD, ...more }, basic)).json<Tokens>()
      .access_token
  const host = await guardedHost(t, app)
  host.get('/here', { onRequest: host.authGuard('api') }, async ({ auth }) => auth.userId)
  host.get('/api', { onRequest: host.authGuard('api', { audience: API }) }, async ({ auth }) => auth.userId)
  host.get('/both', { onRequest: host.authGuard('api', { audience: [API, internals(app).config.issuer] }) }, async ({ auth }) => auth.userId)
  const statuses = async (text: string) =>
    await Promise.all(
      ['/here', '/api', '/both'].map(async (url) => (await host.inject({ url, headers: { authorization: `Bearer ${text}` } })).statusCode)
    )
  const plain = await tokens({})
  t.same(await statuses(plain), [200, 401, 200])
  t.same(await statuses(await tokens({ resource: API })), [401, 200, 200])
  t.same(await statuses((await personalToken(app, plain)).access_token), [200, 401, 200], 'a personal access token is for the issuer')
})

import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { claimsOf, login, makeClient, profile, register, signedIn, token, type Tokens } from '../../support/start-server.ts'
import { authorize, authorizeUrl, CALLBACK, loggedIn, makeApp, paramsOf, VERIFIER } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const API = 'https://api.example.com'
const FILES = 'https://files.example.com'

t.test('RFC 9700 section 4.14.2: a refresh token is bound to the consented scopes and resources', async (t) => {
  const { app } = await build(t, {
    resourceServers: [API, FILES],
    scopes: { 'orders:read': 'See your orders', 'orders:write': 'Place orders' }
  })
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const { code } = paramsOf(await authorize(visitor, client.id, { scope: 'orders:read', resource: API }))
  const redeem = (more: object = {}) =>
    token(app, { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER, ...more }, client.basic)
  for (const resource of [FILES, 'https://evil.example', internals(app).config.issuer]) {
    t.match((await redeem({ resource })).json(), { error: 'invalid_target' }, resource)
  }
  const first = (await redeem()).json<Tokens>()
  t.same(
    [claimsOf(first.access_token)['aud'], claimsOf(first.access_token)['scope']],
    [[API], 'orders:read'],
    'a wrong resource does not spend the code'
  )
  const refresh = (more: object) => token(app, { grant_type: 'refresh_token', refresh_token: first.refresh_token, ...more }, client.basic)
  t.match((await refresh({ scope: 'orders:read orders:write' })).json(), { error: 'invalid_scope' })
  for (const resource of [FILES, 'https://evil.example', internals(app).config.issuer]) {
    t.match((await refresh({ resource })).json(), { error: 'invalid_target' }, resource)
  }
  const second = (await refresh({ resource: API })).json<Tokens>()
  t.same([claimsOf(second.access_token)['aud'], claimsOf(second.access_token)['scope']], [[API], 'orders:read'])
  t.equal((await profile(app, second.access_token)).statusCode, 401, 'RFC 9700 section 2.3: a token for another server opens nothing here')
})

t.test('RFC 9700 section 4.15: the id of a client cannot be mistaken for that of a user', async (t) => {
  const { app } = await build(t)
  const { user, access_token: accessToken } = await signedIn(app)
  const machine = await makeClient(app, { grantTypes: ['client_credentials'], scopes: ['*'] })
  const own = (await token(app, { grant_type: 'client_credentials' }, machine.basic)).json<Tokens>().access_token
  t.match(
    [claimsOf(accessToken)['sub'], claimsOf(own)['sub']],
    [/^[0-9a-f]{8}-[0-9a-f-]{27}$/, /^lk_client_/],
    'their ids are told apart by their form'
  )
  t.equal(claimsOf(own)['sub'], claimsOf(own)['client_id'])
  t.not(claimsOf(accessToken)['sub'], claimsOf(accessToken)['client_id'])
  t.equal((await profile(app, own)).statusCode, 401)
  const made = await app.inject({
    method: 'POST', url: '/v1/oauth/clients', headers: { authorization: `Bearer ${accessToken}` },
    payload: { name: 'Mine', redirect_uris: [CALLBACK], id: user.id, client_id: user.id, sub: user.id }
  })
  t.match(made.json(), { client_id: /^lk_client_/ }, 'nobody chooses the id of a client')
})

t.test('OAuth 2.1 section 2.4.1: a client authenticates by one method, in the header or in the body', async (t) => {
  const { app } = await build(t)
  const client = await makeClient(app, { grantTypes: ['client_credentials'] })
  const other = await makeClient(app, { grantTypes: ['client_credentials'] })
  const grant = { grant_type: 'client_credentials' }
  const byBody = { client_id: client.id, client_secret: client.secret }
  t.equal((await token(app, { ...grant, ...byBody })).statusCode, 200, 'OAuth 2.1 section 10: in the body')
  t.equal((await token(app, grant, client.basic)).statusCode, 200)
  t.equal((await token(app, { ...grant, client_id: client.id }, client.basic)).statusCode, 200, 'its id may stand there, too')
  for (const path of ['token', 'introspect', 'revoke']) {
    for (const more of [
      byBody,
      { client_secret: client.secret },
      { client_id: other.id },
      { client_id: other.id, client_secret: other.secret }
    ]) {
      const answer = await app.inject({
        method: 'POST', url: `/v1/oauth/${path}`, headers: { authorization: client.basic },
        payload: { ...grant, token: 'x', ...more }
      })
      t.match([answer.statusCode, answer.json()], [400, { error: 'invalid_request' }], `${path} ${Object.keys(more).join()}`)
    }
  }
})

t.test('RFC 9700 section 2.5: a client with a secret is refused without it at every endpoint', async (t) => {
  const { app } = await build(t)
  await register(app)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const { code } = paramsOf(await authorize(visitor, client.id))
  const exchange = { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER }
  t.match((await token(app, { ...exchange, client_id: client.id })).json(), { error: 'invalid_client' })
  t.match((await token(app, { ...exchange, client_id: client.id, client_secret: '' })).json(), { error: 'invalid_client' })
  const { refresh_token: refreshToken } = (await token(app, exchange, client.basic)).json<Tokens>()
  t.match((await token(app, { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: client.id })).json(), {
    error: 'invalid_client'
  })
  for (const path of ['introspect', 'revoke']) {
    const answer = await app.inject({ method: 'POST', url: `/v1/oauth/${path}`, payload: { token: refreshToken, client_id: client.id } })
    t.match(answer.json(), { error: 'invalid_client' }, path)
  }
  t.equal(
    (await token(app, { grant_type: 'refresh_token', refresh_token: refreshToken }, client.basic)).statusCode,
    200,
    'nothing was revoked'
  )
})

t.test('RFC 9700 section 4.9.3: the log contains no token, code, secret or password', async (t) => {
  const { app, logs } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const other = await makeApp(app)
  const { code } = paramsOf(await authorize(visitor, client.id))
  const exchange = { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER }
  await token(app, exchange, other.basic)
  const issued = (await token(app, exchange, client.basic)).json<Tokens & { id_token: string }>()
  await token(app, exchange, client.basic)
  const mine = (await login(app)).json<Tokens>()
  await login(app, { email: 'ada@example.com', password: 'a wrong one entirely' })
  for (const text of [issued.access_token, issued.refresh_token, `${mine.access_token}x`]) await profile(app, text)
  for (const path of ['introspect', 'revoke']) {
    await app.inject({
      method: 'POST', url: `/v1/oauth/${path}`, headers: { authorization: other.basic },
      payload: { token: mine.refresh_token }
    })
  }
  await app.inject({
    method: 'POST', url: '/v1/oauth/userinfo', headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: `access_token=${issued.access_token}`
  })
  await token(app, { grant_type: 'refresh_token', refresh_token: mine.refresh_token }, other.basic)
  await visitor.get(authorizeUrl('nobody'))
  const text = logs()
  t.ok(text.length > 1000)
  const secrets = {
    code,
    client: client.secret,
    other: other.secret,
    basic: client.basic.slice(6),
    verifier: VERIFIER,
    access: issued.access_token,
    refresh: issued.refresh_token,
    id: issued.id_token,
    mine: mine.access_token,
    mineToo: mine.refresh_token,
    wrong: 'a wrong one',
    password: 'battery',
    cookie: visitor.cookies.get('latchkey')
  }
  for (const [name, secret] of Object.entries(secrets)) t.notOk(text.includes(secret!), name)
})

import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { authGuard, clientProxy } from '../../src/index.ts'
import {
  build, eventually, login, logout, makeClient, PASSWORD, profile, refresh, signedIn, token,
  type Tokens
} from '../support/start-server.ts'
import { personalToken } from '../support/machines.ts'
import { letIn, logIn, makeApp, visit, type Visitor } from '../support/visitor.ts'
import { internals } from '../../plugins/internals.ts'

/** A server that listens; its issuer is its address. */
async function issuer (t: Test, options: object = {}) {
  const { app } = await build(t, options)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, url: internals(app).config.issuer }
}

async function resourceServer (t: Test, options: object): Promise<FastifyInstance> {
  const api = Fastify()
  t.teardown(() => api.close())
  await api.register(authGuard, options as { issuer: string })
  api.get(
    '/me',
    { onRequest: api.authGuard('api') },
    async ({ auth }) => ({ user: auth.userId, email: (await auth.user())!.identifiers[0]!.display })
  )
  api.get('/own', { onRequest: api.authGuard('api', { firstParty: true }) }, async () => ({}))
  return api
}

async function visitorOf (app: FastifyInstance, origin: string): Promise<Visitor> {
  const visitor = visit(app, { origin })
  await logIn(visitor)
  return visitor
}

t.test("a guard without a database follows the issuer's revocations", async (t) => {
  const { app, url } = await issuer(t)
  const { id, secret } = await makeClient(app, { grantTypes: ['client_credentials'], scopes: ['revocations:read'] })
  const api = await resourceServer(t, { issuer: url, clientId: id, clientSecret: secret })
  const { access_token: text, user } = await signedIn(app)
  const me = () => api.inject({ url: '/me', headers: { authorization: `Bearer ${text}` } })
  t.ok(await eventually(async () => (await me()).statusCode === 200, 5000), 'once it knows what is revoked')
  t.same((await me()).json(), { user: user.id, email: 'ada@example.com' })
  await logout(app, text)
  t.ok(await eventually(async () => (await me()).statusCode === 401, 1500))
})

t.test('revocations:read is issued only to a client that has it, and users may not follow the feed', async (t) => {
  const { app } = await build(t)
  const { basic } = await makeClient(app, { grantTypes: ['client_credentials'] })
  const asked = await app.inject({
    method: 'POST', url: '/v1/oauth/token', headers: { authorization: basic },
    payload: { grant_type: 'client_credentials', scope: 'revocations:read' }
  })
  t.match(asked.json(), { error: 'invalid_scope' })
  const { access_token: user } = await signedIn(app)
  t.equal((await app.inject({ url: '/v1/oauth/revocations', headers: { authorization: `Bearer ${user}` } })).statusCode, 401)
})

t.test('a guard with only the issuer checks signatures, not revocations', async (t) => {
  const { app, url } = await issuer(t)
  const api = await resourceServer(t, { issuer: url })
  const { access_token: text } = await signedIn(app)
  t.equal((await api.inject({ url: '/me', headers: { authorization: `Bearer ${text}` } })).statusCode, 200)
  t.equal((await api.inject({ url: '/me', headers: { authorization: `Bearer ${text}x` } })).statusCode, 401)
})

t.test('a remote guard recognizes third-party clients', async (t) => {
  const { app, url } = await issuer(t)
  const api = await resourceServer(t, { issuer: url })
  const { access_token: own } = await signedIn(app)
  const { access_token: bearer } = await letIn(app, await visitorOf(app, url), await makeApp(app), 'email')
  const get = async (path: string, text: string) => await api.inject({ url: path, headers: { authorization: `Bearer ${text}` } })
  t.same([(await get('/own', own)).statusCode, (await get('/own', bearer)).statusCode], [200, 403])
  t.match((await get('/me', bearer)).json(), { email: 'ada@example.com' }, 'and sees of their users what their scopes allow')
})

t.test('a remote guard sees the fields of the profile with a first-party token alone', async (t) => {
  const { app, url } = await issuer(t, { profile: Type.Object({ company: Type.String() }) })
  const payload = { email: 'ada@example.com', password: PASSWORD, profile: { company: 'Acme' } }
  await app.inject({ method: 'POST', url: '/v1/register', payload })
  const there = Fastify()
  t.teardown(() => there.close())
  await there.register(authGuard, { issuer: url })
  there.get('/me', { onRequest: there.authGuard('api') }, async ({ auth }) => ({ user: await auth.user() }))
  const me = async (text: string) =>
    (await there.inject({ url: '/me', headers: { authorization: `Bearer ${text}` } })).json<{ user: Record<string, unknown> }>().user
  const own = await me((await login(app)).json<Tokens>().access_token)
  t.match(own, { profile: { company: 'Acme' }, identifiers: [{ attribute: 'email' }] })
  t.equal((own['identifiers'] as unknown[]).length, 1)
  const { access_token: bearer } = await letIn(app, await visitorOf(app, url), await makeApp(app), 'profile email')
  t.match(await me(bearer), { identifiers: [{ attribute: 'email' }] })
  t.notOk('profile' in await me(bearer))
})

t.test('a remote guard for another API sees the claims that the token may read', async (t) => {
  const api = 'https://api.example.com'
  const { app, url } = await issuer(t, { resourceServers: [api] })
  const { user } = await signedIn(app)
  const { basic } = await makeClient(app)
  const there = Fastify()
  t.teardown(() => there.close())
  await there.register(authGuard, { issuer: url, audience: api })
  there.get('/me', { onRequest: there.authGuard('api') }, async ({ auth }) => ({ user: await auth.user() }))
  const me = async (scope: string) => {
    const { access_token: text } = (
      await token(app, { grant_type: 'password', username: 'ada@example.com', password: PASSWORD, resource: api, scope }, basic)
    ).json<Tokens>()
    return (await there.inject({ url: '/me', headers: { authorization: `Bearer ${text}` } })).json<{ user: unknown }>().user
  }
  const { createdAt, ...seen } = await me('openid email') as { createdAt: string }
  t.same(seen, {
    id: user.id, name: null, locale: null, claimsChangedAt: null, disabledAt: null,
    identifiers: [{ attribute: 'email', display: 'ada@example.com', verifiedAt: null }]
  })
  t.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 600_000)
  t.match(await me('openid'), { id: user.id, identifiers: [] })
  t.equal(await me('email'), null, 'without openid it opens nothing at the issuer')
})

t.test('a remote guard verifies personal access tokens', async (t) => {
  const { app, url } = await issuer(t)
  const { id, secret } = await makeClient(app, { grantTypes: ['client_credentials'], scopes: ['revocations:read'] })
  const api = await resourceServer(t, { issuer: url, clientId: id, clientSecret: secret })
  const foreign = await resourceServer(t, { issuer: url, clientId: id, clientSecret: secret, audience: 'https://api.example.com' })
  const bare = await resourceServer(t, { issuer: url })
  const { access_token: bearer, user } = await signedIn(app)
  const made = await personalToken(app, bearer)
  const me = (where: FastifyInstance, text: string) => where.inject({ url: '/me', headers: { authorization: `Bearer ${text}` } })
  t.ok(await eventually(async () => (await me(api, made.access_token)).statusCode === 200, 5000))
  t.same((await me(api, made.access_token)).json(), { user: user.id, email: 'ada@example.com' })
  t.ok(await eventually(async () => (await me(foreign, made.access_token)).statusCode === 401, 5000), 'of another audience')
  t.equal((await me(bare, made.access_token)).statusCode, 401, 'without a client there is nobody to ask for')
  t.equal((await me(api, `lk_pat_${'A'.repeat(48)}`)).statusCode, 401)
  await internals(app).personalTokens.revoke(made.token.id, user.id)
  t.ok(await eventually(async () => (await me(api, made.access_token)).statusCode === 401, 1500), 'revoked')
  const { access_token: next } = await personalToken(app, bearer)
  t.equal((await me(api, next)).statusCode, 200)
  await internals(app).store.access.endAll(user.id, null)
  t.ok(await eventually(async () => (await me(api, next)).statusCode === 401, 1500), 'logged out everywhere')
  t.equal(
    (await me(api, (await personalToken(app, (await login(app)).json<Tokens>().access_token)).access_token)).statusCode,
    200,
    'a new one works'
  )
})

t.test('remote client proxies log in, refresh and log out', async (t) => {
  const { app, url } = await issuer(t)
  const { id, secret } = await makeClient(app)
  await signedIn(app)
  const front = Fastify()
  t.teardown(() => front.close())
  await front.register(clientProxy, { issuer: url, clients: { web: { id, secret }, wrong: { id, secret: 'wrong' } } })
  const login = (slug: string, password: string) =>
    front.inject({ method: 'POST', url: `/v1/clients/${slug}/login`, payload: { email: 'ada@example.com', password } })
  const good = await login('web', PASSWORD)
  t.equal(good.statusCode, 200, good.body)
  t.match(good.headers['set-cookie'], /refreshToken=lk_rt_/)
  t.equal((await profile(app, good.json<Tokens>().access_token)).statusCode, 200)
  t.match((await login('web', 'nonsense')).json(), { statusCode: 401, code: 'LK_INVALID_CREDENTIALS' })
  t.match((await login('wrong', PASSWORD)).json(), { statusCode: 500, code: 'LK_MISCONFIGURED' })
  t.match((await login('other', PASSWORD)).json(), { statusCode: 404 })
  const next = (await refresh(front, good.json<Tokens>().refresh_token)).json<Tokens>()
  const out = await front.inject({ method: 'POST', url: '/v1/clients/web/logout', payload: { refresh_token: next.refresh_token } })
  t.equal(out.statusCode, 202, out.body)
  t.equal((await profile(app, next.access_token)).statusCode, 401)
  await app.close()
  t.match((await login('web', PASSWORD)).json(), { statusCode: 503, code: 'LK_ISSUER_UNAVAILABLE' })
})

import t from 'tap'
import { sharedServers } from '../support/shared-server.ts'
import {
  claimsOf, cookieOf, login, logout, makeClient, profile, refresh, register, signedIn, type Built,
  type Tokens
} from '../support/start-server.ts'
import { internals } from '../../plugins/internals.ts'

const build = sharedServers(t)

type App = Built['app']
type Request = { slug?: string, payload?: object | string, cookie?: string, headers?: Record<string, string> }

const post = (app: App, { slug = 'web', payload, cookie, headers = {} }: Request = {}) =>
  app.inject({
    method: 'POST',
    url: `/v1/clients/${slug}/logout`,
    ...(payload !== undefined && { payload }),
    headers: { ...(cookie !== undefined && { cookie }), ...headers }
  })
const CLEARED = /^refreshToken=; Max-Age=0; Path=\/v1\/clients\/web; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax$/

t.test('by cookie or by body: the session ends at once in every process, and the cookie is cleared', async (t) => {
  const { app } = await build(t)
  await register(app)
  const ways: ((token: string) => Request)[] = [
    (token) => ({ cookie: `refreshToken=${token}` }),
    (token) => ({ payload: { refresh_token: token } }),
    (token) => ({ cookie: 'refreshToken=other', payload: { refresh_token: token } })
  ]
  for (const way of ways) {
    const tokens = (await login(app)).json<Tokens>()
    t.equal((await profile(app, tokens.access_token)).statusCode, 200)
    const answer = await post(app, way(tokens.refresh_token))
    t.equal(answer.statusCode, 202)
    t.same(answer.json(), { message: 'Token revoked successfully.' })
    t.match(cookieOf(answer)!.header, CLEARED)
    t.equal((await profile(app, tokens.access_token)).statusCode, 401)
    t.equal((await refresh(app, tokens.refresh_token)).statusCode, 401)
  }
})

t.test('logout always answers 202 and clears the cookie, whatever is sent', async (t) => {
  const { app } = await build(t)
  const ended = await signedIn(app)
  await logout(app, ended.access_token)
  const requests: Request[] = [
    {},
    { payload: {} },
    { cookie: 'refreshToken=' },
    { cookie: 'refreshToken=garbage' },
    { cookie: 'refreshToken=%ZZ' },
    { payload: { refresh_token: 'garbage' } },
    { payload: { refresh_token: 'x'.repeat(5000) } },
    { cookie: `refreshToken=${ended.refresh_token}` },
    { payload: { refresh_token: ended.access_token } },
    { headers: { authorization: 'Bearer garbage' } },
    { headers: { authorization: `Bearer ${ended.access_token}` } },
    { headers: { authorization: 'Basic ###' } },
    { payload: 'null', headers: { 'content-type': 'application/json' } }
  ]
  for (const request of requests) {
    const answer = await post(app, request)
    t.equal(answer.statusCode, 202, JSON.stringify(request).slice(0, 80))
    t.match(cookieOf(answer)?.header, CLEARED, JSON.stringify(request).slice(0, 80))
  }
})

t.test('logout works with an expired access token', async (t) => {
  const { app } = await build(t)
  const tokens = await signedIn(app)
  const expired = internals(app).keys.sign('ES256', { ...claimsOf(tokens.access_token), exp: Math.floor(Date.now() / 1000) - 60 }, 'at+jwt')
  t.equal((await profile(app, expired)).statusCode, 401)
  const answer = await post(app, { cookie: `refreshToken=${tokens.refresh_token}`, headers: { authorization: `Bearer ${expired}` } })
  t.equal(answer.statusCode, 202)
  t.match(cookieOf(answer)!.header, CLEARED)
  t.equal((await refresh(app, tokens.refresh_token)).statusCode, 401)
})

t.test('a replaced refresh token ends its session, too', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const second = (await refresh(app, first.refresh_token)).json<Tokens>()
  t.equal((await post(app, { cookie: `refreshToken=${first.refresh_token}` })).statusCode, 202)
  t.equal((await refresh(app, second.refresh_token)).statusCode, 401)
  t.equal((await refresh(app, first.refresh_token)).statusCode, 401, 'no grace after a logout')
})

t.test('a logout ends only the session of its token, at its own client', async (t) => {
  const { app } = await build(t)
  await register(app)
  const [here, there, mobile] = [
    (await login(app)).json<Tokens>(),
    (await login(app)).json<Tokens>(),
    (await login(app, undefined, 'mobile')).json<Tokens>()
  ]
  t.equal(
    (await post(app, { payload: { refresh_token: mobile.refresh_token } })).statusCode,
    202,
    'a token of another client is not ours to end'
  )
  await post(app, { payload: { refresh_token: here.refresh_token } })
  t.equal((await profile(app, here.access_token)).statusCode, 401)
  t.equal((await profile(app, there.access_token)).statusCode, 200)
  t.equal((await profile(app, mobile.access_token)).statusCode, 200)
})

t.test('two valid cookies are refused, an empty refresh_token is 422, other slugs are 404', async (t) => {
  const { app } = await build(t)
  await register(app)
  const [one, two] = [(await login(app)).json<Tokens>(), (await login(app)).json<Tokens>()]
  t.match((await post(app, { cookie: `refreshToken=${one.refresh_token}; refreshToken=${two.refresh_token}` })).json(), {
    statusCode: 400,
    code: 'LK_TWO_COOKIES'
  })
  t.match((await post(app, { payload: { refresh_token: '' } })).json(), { statusCode: 422, errors: { refresh_token: [/must/] } })
  await makeClient(app, { slug: 'backend' })
  for (const slug of ['backend', 'unknown']) t.equal((await post(app, { slug })).statusCode, 404, slug)
})

t.test("a logout beside another app's cookie ends our session", async (t) => {
  const { app } = await build(t)
  await register(app)
  for (const write of [
    (ours: string) => `refreshToken=foreign; refreshToken=${ours}`,
    (ours: string) => `refreshToken=${ours}; refreshToken=foreign`
  ]) {
    const { access_token: accessToken, refresh_token: ours } = (await login(app)).json<Tokens>()
    t.equal((await post(app, { cookie: write(ours) })).statusCode, 202)
    t.equal((await profile(app, accessToken)).statusCode, 401)
  }
  t.equal((await post(app, { cookie: 'refreshToken=a; refreshToken=b' })).statusCode, 202, 'and that of others is none')
})

t.test('a logout from a page of another site is refused', async (t) => {
  const { app } = await build(t)
  const tokens = await signedIn(app)
  const cookie = `refreshToken=${tokens.refresh_token}`
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' }
  ] as Record<string, string>[]) {
    const answer = await post(app, { cookie, headers })
    t.equal(answer.statusCode, 403, JSON.stringify(headers))
    t.notOk(cookieOf(answer))
  }
  t.equal((await post(app, { cookie, payload: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } })).statusCode, 415)
  t.equal((await refresh(app, tokens.refresh_token)).statusCode, 200)
})

t.test('with https and a prefix the cleared cookie has the attributes of the one that was set', async (t) => {
  const { app } = await build(t, { appUrl: 'https://example.com', prefix: '/auth' })
  const answer = await app.inject({ method: 'POST', url: '/auth/v1/clients/web/logout' })
  t.match(
    cookieOf(answer)!.header,
    /^refreshToken=; Max-Age=0; Path=\/auth\/v1\/clients\/web; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax$/
  )
})

import t from 'tap'
import { sharedServers } from '../support/shared-server.ts'
import {
  claimsOf, cookieOf, login, logout, makeClient, profile, refresh, register, signedIn, type Built,
  type Tokens
} from '../support/start-server.ts'

const build = sharedServers(t)

type App = Built['app']
type Request = { slug?: string, payload?: object | string | undefined, cookie?: string, headers?: Record<string, string> }

const post = (app: App, { slug = 'web', payload, cookie, headers = {} }: Request) =>
  app.inject({
    method: 'POST',
    url: `/v1/clients/${slug}/refresh`,
    ...(payload !== undefined && { payload }),
    headers: { ...(cookie !== undefined && { cookie }), ...headers }
  })
const INVALID = { statusCode: 401, code: 'LK_INVALID_REFRESH_TOKEN', error: 'Unauthorized', message: 'The refresh token is invalid.' }

t.test('by body or by cookie, with or without a body: the answer has new tokens and sets the new cookie', async (t) => {
  const { app } = await build(t)
  const { refresh_token: first, user } = await signedIn(app)
  let current = first
  const ways: ((token: string) => Request)[] = [
    (token) => ({ payload: { refresh_token: token } }),
    (token) => ({ cookie: `refreshToken=${token}` }),
    (token) => ({ cookie: `refreshToken=${token}`, payload: {} }),
    (token) => ({ cookie: `a=b; refreshToken=${token}; c=d` }),
    (token) => ({ cookie: `refreshToken=${token}`, headers: { accept: 'text/html' } }),
    (token) => ({ cookie: `refreshToken=${token}`, payload: '', headers: { 'content-type': 'application/json' } }),
    (token) => ({ cookie: `refreshToken=${token}`, payload: 'null', headers: { 'content-type': 'application/json' } })
  ]
  for (const way of ways) {
    const answer = await post(app, way(current))
    t.equal(answer.statusCode, 200, answer.body)
    t.same(Object.keys(answer.json()), ['token_type', 'expires_in', 'access_token', 'refresh_token'])
    t.match(answer.headers, { 'cache-control': 'no-store', pragma: 'no-cache' })
    const next = answer.json<Tokens>()
    t.not(next.refresh_token, current)
    t.equal(cookieOf(answer)!.value, next.refresh_token)
    t.match(cookieOf(answer)!.header, /; Path=\/v1\/clients\/web; HttpOnly; SameSite=Lax$/)
    t.match((await profile(app, next.access_token)).json(), { id: user.id })
    current = next.refresh_token
  }
})

t.test('the body takes precedence over the cookie', async (t) => {
  const { app } = await build(t)
  const ada = await signedIn(app)
  const bob = await signedIn(app, { email: 'bob@example.com' })
  const answer = await post(app, { cookie: `refreshToken=${ada.refresh_token}`, payload: { refresh_token: bob.refresh_token } })
  t.equal(claimsOf(answer.json<Tokens>().access_token)['sub'], bob.user.id)
  t.strictSame(
    (await post(app, { cookie: `refreshToken=${ada.refresh_token}`, payload: { refresh_token: 'mangled' } })).json(),
    INVALID,
    'no second try by the cookie'
  )
})

t.test('a missing refresh token is 401, an empty refresh_token is 422', async (t) => {
  const { app } = await build(t)
  for (const request of [{}, { payload: {} }, { cookie: 'other=x' }, { cookie: 'refreshToken=' }]) {
    t.match(
      (await post(app, request)).json(),
      { statusCode: 401, code: 'LK_NO_REFRESH_TOKEN', message: /refresh_token.*refreshToken/ },
      JSON.stringify(request)
    )
  }
  const { refresh_token: token } = await signedIn(app)
  for (const value of ['', null, 5, [token], { token }]) {
    t.match((await post(app, { cookie: `refreshToken=${token}`, payload: { refresh_token: value } })).json(), {
      statusCode: 422, code: 'LK_VALIDATION', errors: { refresh_token: [/must/] }
    }, JSON.stringify(value))
  }
  t.equal((await refresh(app, token)).statusCode, 200, 'the token is unharmed')
})

t.test('two different valid cookies are refused, because one of them was planted', async (t) => {
  const { app } = await build(t)
  const ada = await signedIn(app)
  const bob = await signedIn(app, { email: 'bob@example.com' })
  const cookie = `refreshToken=${ada.refresh_token}; refreshToken=${bob.refresh_token}`
  for (const header of [cookie, cookie.replaceAll('; ', ';'), `${cookie}; a=b`, `refreshToken=; ${cookie}`]) {
    t.match((await post(app, { cookie: header })).json(), { statusCode: 400, code: 'LK_TWO_COOKIES' }, header)
  }
  t.equal(
    (await post(app, { cookie, payload: { refresh_token: ada.refresh_token } })).statusCode,
    200,
    'who sends the token in the body means that one'
  )
  t.equal(
    (await post(app, { cookie: `refreshToken=${bob.refresh_token}; refreshToken=${bob.refresh_token}` })).statusCode,
    200,
    'the same one twice is one'
  )
  t.equal(
    (await post(app, { cookie: `xrefreshToken=a; refreshToken=${bob.refresh_token}; refreshTokens=c` })).statusCode,
    200,
    'other names are other cookies'
  )
})

t.test("another app's cookie of the same name does not prevent a refresh, whatever its value and position", async (t) => {
  const { app } = await build(t)
  await register(app)
  const foreign = ['foreign', '""', 'a=b', '%00', `lk_rt_${'A'.repeat(96)}`, 'x'.repeat(3000), 'eyJhbGciOiJub25lIn0.e30.']
  for (const value of foreign) {
    for (const write of [
      (ours: string) => `refreshToken=${value}; refreshToken=${ours}`,
      (ours: string) => `refreshToken=${ours};refreshToken=${value}`,
      (ours: string) => `refreshToken=${value}; a=b; refreshToken="${ours}"; refreshToken=${value}`
    ]) {
      const { refresh_token: ours } = (await login(app)).json<Tokens>()
      t.equal((await post(app, { cookie: write(ours) })).statusCode, 200, value.slice(0, 20))
    }
  }
  t.strictSame((await post(app, { cookie: 'refreshToken=a; refreshToken=b' })).json(), INVALID, 'two of other apps are no token of ours')
})

t.test('a token of another client is 401, and the cookie stays', async (t) => {
  const { app } = await build(t)
  await register(app)
  const [web, mobile, { access_token: accessToken }] = [
    (await login(app)).json<Tokens>(),
    (await login(app, undefined, 'mobile')).json<Tokens>(),
    (await login(app)).json<Tokens>()
  ]
  const last = web.refresh_token.at(-20)!
  for (const token of [
    'x', mobile.refresh_token, accessToken, web.refresh_token.slice(0, -20),
    web.refresh_token.slice(0, -20) + (last === 'A' ? 'B' : 'A') + web.refresh_token.slice(-19), `${web.refresh_token}=`,
    ` ${web.refresh_token}`
  ]) {
    const answer = await refresh(app, token)
    t.strictSame(answer.json(), INVALID, token.slice(0, 20))
    t.notOk(answer.headers['set-cookie'])
  }
  t.equal((await refresh(app, web.refresh_token)).statusCode, 200)
  t.equal((await refresh(app, mobile.refresh_token, 'mobile')).statusCode, 200)
})

t.test('concurrent refreshes get the same successor, and keep the cookie', async (t) => {
  const { app } = await build(t)
  const { refresh_token: token } = await signedIn(app)
  const answers = await Promise.all(Array.from({ length: 5 }, () => post(app, { cookie: `refreshToken=${token}` })))
  t.same([...new Set(answers.map(({ statusCode }) => statusCode))], [200])
  t.equal(new Set(answers.map((answer) => cookieOf(answer)!.value)).size, 1, 'one successor for all')
  t.equal((await post(app, { cookie: `refreshToken=${cookieOf(answers[0]!)!.value}` })).statusCode, 200)
})

t.test('a refresh of an ended session is 401 and keeps the cookie, which a new login may have set', async (t) => {
  const { app } = await build(t)
  const tokens = await signedIn(app)
  await logout(app, tokens.access_token)
  const answer = await post(app, { cookie: `refreshToken=${tokens.refresh_token}` })
  t.strictSame(answer.json(), INVALID)
  t.notOk(answer.headers['set-cookie'])
})

t.test('scope narrows one access token, and never widens it', async (t) => {
  const { app } = await build(t, { scopes: { read: 'Read', write: 'Write' } })
  await makeClient(app, { slug: 'spa', proxy: true, scopes: ['read', 'write'], defaultScopes: ['read', 'write'] })
  await register(app)
  const first = (await login(app, undefined, 'spa')).json<Tokens>()
  const narrow = (await post(app, { slug: 'spa', payload: { refresh_token: first.refresh_token, scope: 'read' } })).json<Tokens>()
  t.equal(narrow.scope, 'read')
  for (const scope of ['*', 'read magic', 'revocations:read']) {
    t.match((await post(app, { slug: 'spa', payload: { refresh_token: narrow.refresh_token, scope } })).json(), {
      statusCode: 422,
      errors: { scope: [/scope/] }
    }, scope)
  }
  t.equal((await post(app, { slug: 'spa', payload: { refresh_token: narrow.refresh_token } })).json<Tokens>().scope, 'read write')
})

t.test('with refreshTokenInBody off the new refresh token is only in the cookie', async (t) => {
  const { app } = await build(t)
  await makeClient(app, { slug: 'spa', proxy: true, refreshTokenInBody: false })
  await register(app)
  const answer = await post(app, { slug: 'spa', cookie: `refreshToken=${cookieOf(await login(app, undefined, 'spa'))!.value}` })
  t.same(Object.keys(answer.json()), ['token_type', 'expires_in', 'access_token'])
  t.match(cookieOf(answer)!.value, /^lk_rt_/)
})

t.test('pages of other sites, forms, and slugs without proxy are refused', async (t) => {
  const { app } = await build(t)
  const { refresh_token: token } = await signedIn(app)
  const cookie = `refreshToken=${token}`
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' }
  ] as Record<string, string>[]) t.equal((await post(app, { cookie, headers })).statusCode, 403, JSON.stringify(headers))
  t.equal(
    (await post(app, { cookie, payload: `refresh_token=${token}`, headers: { 'content-type': 'application/x-www-form-urlencoded' } }))
      .statusCode,
    415
  )
  await makeClient(app, { slug: 'backend' })
  for (const slug of ['backend', 'unknown']) t.equal((await post(app, { slug, cookie })).statusCode, 404, slug)
  t.equal((await post(app, { cookie, headers: { origin: 'http://localhost:3000' } })).statusCode, 200)
})

t.test('a client without the refresh grant is a server error', async (t) => {
  const { app } = await build(t)
  const { refresh_token: token } = await signedIn(app)
  await makeClient(app, { slug: 'broken', proxy: true, grantTypes: ['password'] })
  t.match((await refresh(app, token, 'broken')).json(), { statusCode: 500, code: 'LK_MISCONFIGURED' })
})

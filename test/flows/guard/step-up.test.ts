import Fastify from 'fastify'
import t from 'tap'
import { authGuard } from '../../../src/index.ts'
import { actingAsClient, actingInBrowser, advanceTime } from '../../../src/testing.ts'
import { internals } from '../../../plugins/internals.ts'
import { challenge, codeOf, enrolled, halfLogin } from '../../support/factors.ts'
import { guardedHost } from '../../support/guarded-host.ts'
import { personalToken } from '../../support/machines.ts'
import { build, register, signedIn, type Tokens } from '../../support/start-server.ts'

const CODE = 'LK_INSUFFICIENT_USER_AUTHENTICATION'
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

t.test('RFC 9470: a token of a login that is too weak or too old is told what is needed', async (t) => {
  const { app } = await build(t)
  const host = await guardedHost(t, app)
  host.get('/mfa', { onRequest: host.authGuard('api', { acr: 'mfa', clients: true }) }, async () => 'in')
  host.get('/soon', { onRequest: host.authGuard('api', { maxAge: '10m' }) }, async () => 'in')
  const open = async (url: string, headers: Record<string, string>) => await host.inject({ url, headers })
  const weak = bearer((await signedIn(app, { email: 'bob@example.com' })).access_token)
  const refused = await open('/mfa', weak)
  t.match([refused.statusCode, refused.json()], [401, { code: CODE }])
  t.match(refused.headers['www-authenticate'], 'error="insufficient_user_authentication", error_description="A different level')
  t.match(refused.headers['www-authenticate'], /acr_values="mfa"(?!.*max_age)/)
  t.equal((await open('/soon', weak)).statusCode, 200)

  const { secret } = await enrolled(app)
  const done = await challenge(app, { auth_session: await halfLogin(app), code: codeOf(app, secret) })
  const strong = bearer(done.json<Tokens>().access_token)
  t.equal((await open('/mfa', strong)).statusCode, 200)
  await advanceTime(app, 599)
  t.equal((await open('/soon', strong)).statusCode, 200)
  await advanceTime(app, 3)
  const old = await open('/soon', strong)
  t.match([old.statusCode, old.headers['www-authenticate']], [401, 'max_age="600"'])
  t.equal((await open('/mfa', strong)).statusCode, 200)
  t.match((await open('/mfa', await actingAsClient(app))).json(), { code: CODE }, 'no user has logged in')
})

t.test('a personal access token meets no demand', async (t) => {
  const { app } = await build(t)
  const host = await guardedHost(t, app)
  host.get('/any', { onRequest: host.authGuard('api') }, async () => 'in')
  host.get('/soon', { onRequest: host.authGuard('api', { maxAge: 3600 }) }, async () => 'in')
  const headers = bearer((await personalToken(app, (await signedIn(app)).access_token)).accessToken)
  t.equal((await host.inject({ url: '/any', headers })).statusCode, 200)
  t.match((await host.inject({ url: '/soon', headers })).json(), { code: CODE })
})

t.test('a guard without a database asks the same', async (t) => {
  const { app } = await build(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const api = Fastify()
  t.teardown(() => api.close())
  await api.register(authGuard, { issuer: internals(app).config.issuer })
  api.get('/mfa', { onRequest: api.authGuard('api', { acr: 'mfa', maxAge: 600 }) }, async () => 'in')
  const { access_token: weak, secret } = await enrolled(app)
  const refused = await api.inject({ url: '/mfa', headers: bearer(weak) })
  t.match([refused.statusCode, refused.headers['www-authenticate']], [401, 'acr_values="mfa", max_age="600"'])
  const done = await challenge(app, { auth_session: await halfLogin(app), code: codeOf(app, secret) })
  t.equal((await api.inject({ url: '/mfa', headers: bearer(done.json<Tokens>().access_token) })).statusCode, 200)
})

t.test('a page leads to a new login and back; without a second factor a new login would not help', async (t) => {
  const { app } = await build(t)
  const host = await guardedHost(t, app)
  host.get('/soon', { onRequest: host.authGuard('web', { maxAge: 60 }) }, async () => 'in')
  host.get('/mfa', { onRequest: host.authGuard('web', { acr: 'mfa' }) }, async () => 'in')
  const user = (await register(app)).json<{ id: string }>()
  const headers = { ...await actingInBrowser(app, user.id), accept: 'text/html' }
  t.equal((await host.inject({ url: '/soon', headers })).statusCode, 200)
  const weak = await host.inject({ url: '/mfa', headers })
  t.match([weak.statusCode, weak.json()], [401, { code: CODE }])
  await advanceTime(app, 61)
  const old = await host.inject({ url: '/soon?page=2', headers })
  t.match([old.statusCode, old.headers.location], [303, '/login?prompt=login&return_to=%2Fsoon%3Fpage%3D2'])
  const login = await app.inject({ url: old.headers.location as string, headers })
  t.match([login.statusCode, login.body], [200, 'type="password"'])
  t.equal((await host.inject({ url: '/soon', headers: { ...headers, accept: 'application/json' } })).statusCode, 401, 'programs')
})

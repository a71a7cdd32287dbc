import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import { latchkey, type LatchkeyOptions } from '../../../src/index.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { basic, createDatabase, FAST, makeClient, PASSWORD, register, token } from '../../support/start-server.ts'
import { logIn, visit } from '../../support/visitor.ts'

const build = sharedServers(t)

type Call = [method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string]

/** What is off, and what is then not there; all of it is there otherwise. */
const SWITCHES: [name: string, options: AppOptions, calls: Call[]][] = [
  ['registration', { registration: 'off' }, [['POST', '/v1/register'], ['GET', '/register'], ['POST', '/register']]],
  ['routes.profile', { routes: { profile: false } }, [['GET', '/v1/profile'], ['PATCH', '/v1/profile'], ['PATCH', '/v1/profile/password'], ['DELETE', '/v1/profile'], ['POST', '/v1/profile/restore']]],
  ['routes.clients', { routes: { clients: false } }, [
    ['GET', '/v1/oauth/clients'],
    ['POST', '/v1/oauth/clients'],
    ['PUT', '/v1/oauth/clients/x'],
    ['DELETE', '/v1/oauth/clients/x'],
    ['POST', '/v1/oauth/clients/x/secret']
  ]],
  ['routes.personalTokens', { routes: { personalTokens: false } }, [
    ['GET', '/v1/oauth/personal-access-tokens'],
    ['POST', '/v1/oauth/personal-access-tokens'],
    ['DELETE', '/v1/oauth/personal-access-tokens/x'],
    ['GET', '/account/tokens'],
    ['POST', '/account/tokens'],
    ['GET', '/account/tokens/x'],
    ['GET', '/account/tokens/end'],
    ['POST', '/account/tokens/end']
  ]],
  ['routes.docs', { routes: { docs: false } }, [['GET', '/docs'], ['GET', '/docs/json'], ['GET', '/docs/static/index.html']]],
  ['routes.metrics', { routes: { metrics: false } }, [['GET', '/metrics']]],
  ['routes.pages', { routes: { pages: false } }, [
    ['GET', '/login'],
    ['POST', '/login'],
    ['GET', '/register'],
    ['GET', '/logout'],
    ['GET', '/account'],
    ['GET', '/device'],
    ['GET', '/v1/oauth/device'],
    ['POST', '/v1/oauth/device/code'],
    ['GET', '/v1/oauth/authorize'],
    ['POST', '/v1/oauth/authorize'],
    ['GET', '/v1/oauth/logout'],
    ['GET', '/.well-known/openid-configuration']
  ]]
]

/** A client or a token that is not there is 404, too: with its own code. */
async function isThere (app: FastifyInstance, [method, url]: Call): Promise<boolean> {
  const { statusCode, body } = await app.inject({ method, url })
  return statusCode !== 404 || !/Route |There is no /.test(body)
}

t.test('by default every switchable route is served', async (t) => {
  const { app } = await build(t)
  for (const [name, , calls] of SWITCHES) for (const call of calls) t.ok(await isThere(app, call), `${name}: ${call.join(' ')}`)
})

for (const [name, options, calls] of SWITCHES) {
  t.test(`${name} off: its routes are 404, and in no OpenAPI document`, async (t) => {
    const { app } = await build(t, options)
    for (const call of calls) t.notOk(await isThere(app, call), call.join(' '))
    for (const [other, , calls] of SWITCHES.filter(([other]) => other !== name && other !== 'routes.pages')) {
      t.ok(await isThere(app, calls[0]!), `${other} stays`)
    }
    if (name === 'routes.docs') return
    const { paths } = (await app.inject('/docs/json')).json<{ paths: Record<string, Record<string, object>> }>()
    t.ok(paths['/v1/oauth/token'])
    for (const [method, url] of calls) t.notOk(paths[url.replace(/\/x(?=\/|$)/, '/{id}')]?.[method.toLowerCase()], `${method} ${url}`)
  })
}

t.test('with registration off the login page has no link to it', async (t) => {
  for (const [registration, there] of [['open', true], ['off', false]] as const) {
    const { app } = await build(t, { registration })
    t.equal(/register/i.test((await app.inject('/login')).body), there, registration)
  }
})

t.test('with routes.personalTokens off the account page does not list them, and existing tokens remain valid', async (t) => {
  const { app, databaseUrl } = await build(t, { routes: { clients: false } })
  const { id, secret } = await makeClient(app)
  await register(app)
  const { access_token: access } = (
    await token(app, { grant_type: 'password', username: 'ada@example.com', password: PASSWORD }, basic(id, secret))
  ).json<{ access_token: string }>()
  const made = await app.inject({
    method: 'POST', url: '/v1/oauth/personal-access-tokens', headers: { authorization: `Bearer ${access}` },
    payload: { name: 'Backup' }
  })
  const personal = made.json<{ access_token: string }>().access_token
  t.match(await accountPage(app), /Backup/)

  const { app: off } = await build(t, { databaseUrl, routes: { personalTokens: false } })
  t.notMatch(await accountPage(off), /Backup|personal access|account\/tokens/i)
  t.equal((await off.inject({ url: '/v1/profile', headers: { authorization: `Bearer ${personal}` } })).statusCode, 200)
})

t.test('with routes.pages off the metadata names no endpoint that needs a page, and their grants are unsupported', async (t) => {
  const { app } = await build(t, { routes: { pages: false } })
  const metadata = (await app.inject('/.well-known/oauth-authorization-server')).json<Record<string, unknown>>()
  t.match(metadata, {
    response_types_supported: [], grant_types_supported: ['password', 'client_credentials', 'refresh_token'],
    token_endpoint: String
  })
  for (const name of [
    'authorization_endpoint', 'device_authorization_endpoint', 'end_session_endpoint', 'prompt_values_supported',
    'code_challenge_methods_supported'
  ]) t.notOk(name in metadata, name)
  const { id, secret } = await makeClient(app, { grantTypes: ['authorization_code', 'refresh_token'] })
  t.match(
    (await token(app, { grant_type: 'authorization_code', code: 'x', redirect_uri: 'http://127.0.0.1/' }, basic(id, secret))).json(),
    { error: 'unsupported_grant_type' }
  )
  t.match((await app.inject({ url: '/nothing', headers: { accept: 'text/html' } })).json(), { statusCode: 404 })
})

t.test("authGuard('web') redirects a guest to the login page, or answers 401 where there is none", async (t) => {
  const places: [LatchkeyOptions, number, string | undefined][] = [
    [{}, 303, '/auth/login'],
    [{ routes: { pages: false } }, 401, undefined],
    [{ routes: { pages: false }, loginPath: '/signin' }, 303, '/signin']
  ]
  for (const [options, status, page] of places) {
    const host = Fastify()
    t.teardown(() => host.close())
    await host.register(latchkey, { ...FAST, prefix: '/auth', databaseUrl: await createDatabase(t), ...options })
    host.get('/mine', { onRequest: host.authGuard('web') }, async () => 'mine')
    const answer = await host.inject({ url: '/mine', headers: { accept: 'text/html' } })
    t.same([answer.statusCode, answer.headers.location?.split('?')[0]], [status, page])
  }
})

async function accountPage (app: FastifyInstance): Promise<string> {
  const visitor = visit(app)
  await logIn(visitor)
  return (await visitor.get('/account')).body
}

import t from 'tap'
import { Type } from 'typebox'
import { guardedHost } from '../../support/guarded-host.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { login, makeClient, PASSWORD, profile, token, type Tokens } from '../../support/start-server.ts'
import { call, passwordGrant, personalToken } from '../../support/machines.ts'
import { readyAttributes } from '../../../src/schemas/identifiers.ts'
import { all, ON, times } from '../../support/throttled.ts'
import { letIn, loggedIn, makeApp } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const NEXT = 'another password entirely'
const change = (current: string) => ({ current_password: current, new_password: NEXT })

t.test('OpenID Connect Core section 5.4: the profile shows a third-party client only what its scopes allow', async (t) => {
  const { app } = await build(t, {
    scopes: { 'orders:read': 'See your orders' },
    login: { attributes: { ...readyAttributes, badge: Type.String({ pattern: '^B[0-9]+$' }) } }
  })
  const visitor = await loggedIn(app)
  const { access_token: own } = (await login(app)).json<Tokens>()
  const everything = { name: 'Ada Lovelace', phone: '+491701234567', username: 'lovelace', badge: 'B7' }
  t.equal((await call(app, 'PATCH', '/v1/profile', own, { ...everything, current_password: PASSWORD })).statusCode, 200)
  const reports = await makeApp(app)
  const seen = async (scope: string) => {
    const { id, created_at: _createdAt, ...rest } = (
      await profile(app, (await letIn(app, visitor, reports, scope)).access_token)
    ).json<Record<string, unknown>>()
    t.equal(id, visitor.userId)
    return rest
  }
  t.same(await seen(''), { name: null, locale: null })
  t.same(await seen('openid orders:read'), { name: null, locale: null })
  t.same(await seen('email'), { name: null, locale: null, email: 'ada@example.com' })
  t.same(await seen('phone'), { name: null, locale: null, phone: '+491701234567' })
  t.same(await seen('profile'), { name: 'Ada Lovelace', locale: null, username: 'lovelace' })
  t.match((await profile(app, own)).json(), { email: 'ada@example.com', ...everything }, 'an application of our own, without a scope')
  t.match((await profile(app, (await personalToken(app, own)).access_token)).json(), { email: 'ada@example.com' }, 'a program of the user')
})

t.test('the password and the profile are changed only by a first-party session with its full scopes', async (t) => {
  const { app } = await build(t, { scopes: { read: 'Read', write: 'Write' } })
  const visitor = await loggedIn(app)
  const { access_token: own } = (await login(app)).json<Tokens>()
  const ours = await makeClient(app)
  const wide = await passwordGrant(app, ours.basic, 'read write')
  const narrowed = (
    await token(app, { grant_type: 'refresh_token', refresh_token: wide.refresh_token, scope: 'read' }, ours.basic)
  ).json<Tokens>()
  const refused = {
    'a third party': (await letIn(app, visitor, await makeApp(app), 'openid profile email')).access_token,
    'a personal access token': (await personalToken(app, own, { scopes: ['*'] })).access_token,
    'a narrowed one': narrowed.access_token
  }
  for (const [what, text] of Object.entries(refused)) {
    for (const [path, body] of [['/v1/profile/password', change(PASSWORD)], ['/v1/profile', { name: 'Mallory' }]] as const) {
      t.match((await call(app, 'PATCH', path, text, body)).json(), { statusCode: 403, code: 'LK_FIRST_PARTY_ONLY' }, `${what}: ${path}`)
    }
  }
  t.equal((await login(app)).statusCode, 200, 'the password is what it was')
  t.equal((await call(app, 'PATCH', '/v1/profile/password', own, change(PASSWORD))).statusCode, 200)
})

t.test('wrong current passwords are limited per session, and over all sessions of a user', async (t) => {
  const { app } = await build(t, ON)
  const visitor = await loggedIn(app)
  const { access_token: foreign } = await letIn(app, visitor, await makeApp(app), 'openid')
  const sessions = await Promise.all(Array.from({ length: 2 }, async () => (await login(app)).json<Tokens>().access_token))
  const guess = (bearer: string) => call(app, 'PATCH', '/v1/profile/password', bearer, change('a wrong one'))
  t.same(await times(7, () => guess(foreign)), all(7, 403))
  t.same(await times(7, () => guess(sessions[0]!)), [...all(5, 422), 429, 429])
  t.equal(
    (await call(app, 'PATCH', '/v1/profile', sessions[0]!, { email: 'a@b.co', current_password: PASSWORD })).statusCode,
    429,
    'one counter for all that asks for the password'
  )
  t.equal((await guess(sessions[1]!)).statusCode, 422)

  await internals(app).database.pool.query("UPDATE rate_limits SET points = 60 WHERE key LIKE 'all_current_passwords/3600:%'")
  t.equal((await call(app, 'PATCH', '/v1/profile/password', sessions[1]!, change(PASSWORD))).statusCode, 429)
})

t.test('a guard without scopes accepts third-party clients unless it is for first parties', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const { access_token: own } = (await login(app)).json<Tokens>()
  const host = await guardedHost(t, app)
  host.get('/any', { onRequest: host.authGuard('api', { clients: true }) }, async () => ({}))
  host.get('/own', { onRequest: host.authGuard('api', { clients: true, firstParty: true }) }, async () => ({}))
  const machine = async (firstParty: boolean) => {
    const client = await makeClient(app, { grantTypes: ['client_credentials'], firstParty })
    return (await token(app, { grant_type: 'client_credentials' }, client.basic)).json<Tokens>().access_token
  }
  const tokens: [string, string, number][] = [
    ['our own application', own, 200],
    ['our own machine', await machine(true), 200],
    ['a machine of somebody else', await machine(false), 403],
    ['a third party', (await letIn(app, visitor, await makeApp(app), 'openid')).access_token, 403],
    ['a personal access token', (await personalToken(app, own)).access_token, 403]
  ]
  for (const [what, text, status] of tokens) {
    const get = (url: string) => host.inject({ url, headers: { authorization: `Bearer ${text}` } })
    t.equal((await get('/any')).statusCode, 200, what)
    const answer = await get('/own')
    t.equal(answer.statusCode, status, what)
    if (status === 403) t.match(answer.json(), { code: 'LK_FIRST_PARTY_ONLY' })
  }
})

import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { call } from '../../support/machines.ts'
import { rotated, sql } from '../../support/session-rows.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { PASSWORD, signedIn, type Tokens } from '../../support/start-server.ts'
import { loggedIn, logIn, makeApp } from '../../support/visitor.ts'
import { advanceTime } from '../../../src/testing.ts'

const build = sharedServers(t)

/** Logged in longer ago than 10 minutes. */
async function longAgo (app: FastifyInstance): Promise<Tokens> {
  const tokens = await signedIn(app)
  await sql(app, "UPDATE sessions SET auth_time = auth_time - interval '11 minutes'")
  return await rotated(app, tokens.refresh_token)
}

const SENSITIVE = [
  ['POST', '/v1/oauth/personal-access-tokens', { name: 'Script' }, 201],
  ['POST', '/v1/profile/export', {}, 200],
  ['DELETE', '/v1/profile', {}, 202]
] as const

t.test('by API: an old login needs the current password; a wrong one is refused, and has no effect', async (t) => {
  const { app } = await build(t)
  const { access_token: old } = await longAgo(app)
  for (const [method, path, body, status] of SENSITIVE) {
    const refused = await call(app, method, path, old, body)
    t.match(refused.json(), { statusCode: 401, code: 'LK_LOGIN_TOO_OLD' }, path)
    t.match(refused.headers['www-authenticate'], /error="insufficient_user_authentication".*max_age="600"/)
    const wrong = await call(app, method, path, old, { ...body, current_password: 'wrong' })
    t.match(wrong.json(), { statusCode: 422, errors: { current_password: [/./] } }, path)
    t.same(await sql(app, 'SELECT FROM personal_access_tokens WHERE $1 = 201', [status]), [])
    t.equal((await call(app, method, path, old, { ...body, current_password: PASSWORD })).statusCode, status, path)
  }
})

t.test('by API: a recent login needs no password, and what ends something needs neither', async (t) => {
  const { app } = await build(t)
  const tokens = await signedIn(app)
  const made = await call(app, 'POST', 'personal-access-tokens', tokens.access_token, { name: 'Script' })
  t.equal(made.statusCode, 201)
  await sql(app, "UPDATE sessions SET auth_time = auth_time - interval '11 minutes'")
  const { access_token: old } = await rotated(app, tokens.refresh_token)
  const { token } = made.json<{ token: { id: string } }>()
  t.equal((await call(app, 'DELETE', `personal-access-tokens/${token.id}`, old)).statusCode, 204)
  t.equal((await call(app, 'DELETE', 'tokens?except=current', old)).statusCode, 204)
  t.equal((await call(app, 'DELETE', 'tokens', old)).statusCode, 204)
})

t.test('wrong current passwords are counted over all of it', async (t) => {
  const { app } = await build(t, { rateLimit: 'on' })
  const { access_token: old } = await longAgo(app)
  const statuses: number[] = []
  for (let n = 0; n < 12; n++) {
    const [method, path, body] = SENSITIVE[n % SENSITIVE.length]!
    statuses.push((await call(app, method, path, old, { ...body, current_password: `wrong ${n}` })).statusCode)
  }
  t.equal(statuses[0], 422)
  t.equal(statuses.at(-1), 429, statuses.join())
})

t.test('on the page: the form of a token leads to the login, and back with what was typed', async (t) => {
  const { app } = await build(t, { scopes: { 'orders:read': 'Read orders', 'orders:write': 'Write orders' } })
  await makeApp(app, { name: 'Personal', grantTypes: ['personal_access'], firstParty: true })
  const visitor = await loggedIn(app)
  const typed = { name: 'Nightly backup', days: '30', 'scope:orders:read': 'on' }
  await advanceTime(app, 601)
  const page = await visitor.get('/account')
  const form = { _csrf: /name="_csrf" value="([^"]+)"/.exec(page.body)![1]!, ...typed }
  const asked = await visitor.post('/account/tokens', form)
  t.match([asked.statusCode, asked.headers.location], [303, '/login?prompt=login&return_to=%2Faccount%2Ftokens'])
  t.same(await sql(app, 'SELECT FROM personal_access_tokens'), [])
  const back = await visitor.follow(await logIn(visitor, asked.headers.location))
  t.equal(back.statusCode, 200)
  t.match(back.body, 'value="Nightly backup"')
  t.match(back.body, /<option value="30" selected|value="30"[^>]*(checked|selected)/)
  t.match(back.body, /name="scope:orders:read"[^>]*checked/)
  t.notMatch(back.body, /name="scope:orders:write"[^>]*checked/)
  const made = await visitor.post('/account/tokens', { ...form, _csrf: /name="_csrf" value="([^"]+)"/.exec(back.body)![1]! })
  t.match((await visitor.follow(made)).body, /lk_pat_/)
  t.equal((await visitor.get('/account/tokens')).headers.location, '/account', 'what was typed is kept once')
})

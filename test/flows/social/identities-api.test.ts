import t, { type Test } from 'tap'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import { advanceTime } from '../../../src/testing.ts'
import { build, eventually, login, PASSWORD, register, type Tokens } from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'
import { startAppUpstream, STRANGER, tokensOf, type UpstreamApp } from '../../support/app-upstream.ts'
import { startSmtp } from '../../support/smtp.ts'
import { CLIENT, logInUpstream, startUpstream } from '../../support/upstream.ts'
import { visit } from '../../support/visitor.ts'

const ADA = { sub: 'ada-at-acme', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' }
const LINK = '/v1/auth/acme/link'

/** Ada has a password, and an account at Acme. */
async function world (t: Test, options: Partial<AppOptions> = {}) {
  const upstream = await startUpstream(t, ['http://localhost:3000/v1/auth/acme/callback'])
  const { app } = await build(t, { ...options, social: { acme: { ...CLIENT, issuer: upstream.issuer, label: 'Acme' } } })
  await register(app, { email: 'ada@example.com' })
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  t.equal((await logInUpstream(visit(app), upstream, ADA)).statusCode, 303)
  const { access_token: token } = (await login(app)).json<Tokens>()
  const call = async (method: 'GET' | 'DELETE' | 'POST', url: string, { bearer = token, payload }: { bearer?: string, payload?: object } = {}) =>
    await app.inject({ method, url, headers: { authorization: `Bearer ${bearer}` }, ...(payload && { payload }) })
  const subjects = async () => (await sql<{ subject: string }>(app, 'SELECT subject FROM social_accounts ORDER BY subject')).map(({ subject }) => subject)
  return { app, upstream, call, subjects }
}

t.test('a user lists the accounts at providers, and removes one; the user is told by mail', async (t) => {
  const smtp = await startSmtp(t)
  const { app, call, subjects } = await world(t, { mail: { url: smtp.url, from: 'no-reply@example.com' } })
  const listed = await call('GET', '/v1/auth/identities')
  t.match([listed.statusCode, listed.headers['cache-control']], [200, 'no-store'])
  t.match(listed.json(), [{
    provider: 'acme', subject: 'ada-at-acme', email: 'ada@example.com', name: 'Ada Lovelace', created_at: /Z$/, last_used_at: /Z$/
  }])
  t.equal((await call('DELETE', LINK)).statusCode, 204)
  t.same((await call('GET', '/v1/auth/identities')).json(), [])
  t.equal((await call('DELETE', LINK)).statusCode, 404)
  t.same(await subjects(), [])
  t.ok(await eventually(() => smtp.mails.some(({ headers }) => headers['subject'] === 'A way to log in to Latchkey was removed')))
  t.ok(await eventually(async () => (await sql(app, "SELECT FROM audit_events WHERE type = 'identity.unlinked'")).length === 1))
})

t.test('removing needs a login of the last ten minutes, or the password', async (t) => {
  const { app, call, subjects } = await world(t)
  await advanceTime(app, 660)
  t.match((await call('DELETE', LINK)).json(), { statusCode: 401, code: 'LK_LOGIN_TOO_OLD' })
  t.match((await call('DELETE', LINK, { payload: { current_password: 'wrong password' } })).json(), { statusCode: 422, errors: { current_password: Array } })
  t.same(await subjects(), ['ada-at-acme'])
  t.equal((await call('DELETE', LINK, { payload: { current_password: PASSWORD } })).statusCode, 204)
})

t.test('the last way in cannot be removed, also not by two requests at once', async (t) => {
  const { app, call, subjects } = await world(t)
  await sql(app, "INSERT INTO social_accounts (provider, subject, user_id) SELECT provider, 'ada-at-work', user_id FROM social_accounts")
  await sql(app, 'UPDATE users SET password_hash = NULL')
  t.match((await call('DELETE', LINK)).json(), { statusCode: 422, errors: { subject: Array } }, 'which of two')
  const statuses = await Promise.all(['ada-at-acme', 'ada-at-work'].map(async (subject) => (await call('DELETE', `${LINK}?subject=${subject}`)).statusCode))
  t.same(statuses.sort(), [204, 409])
  t.equal((await subjects()).length, 1)
  t.match((await call('DELETE', LINK)).json(), { statusCode: 409, code: 'LK_LAST_WAY_IN' })
})

t.test('only a first-party login lists and removes: no other token, no cookie, nobody else', async (t) => {
  const { app, upstream, call, subjects } = await world(t)
  const { access_token: personal } = (await call('POST', '/v1/oauth/personal-access-tokens', { payload: { name: 'laptop' } })).json<{ access_token: string }>()
  await register(app, { email: 'eve@example.com' })
  const { access_token: eve } = (await login(app, { email: 'eve@example.com' })).json<Tokens>()
  const visitor = visit(app)
  await logInUpstream(visitor, upstream, ADA)
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  for (const [method, url] of [['GET', '/v1/auth/identities'], ['DELETE', LINK]] as const) {
    t.match((await call(method, url, { bearer: personal })).json(), { statusCode: 403, code: 'LK_FIRST_PARTY_ONLY' }, url)
    t.equal((await app.inject({ method, url, headers: { cookie } })).statusCode, 401, url)
  }
  t.same((await call('GET', '/v1/auth/identities', { bearer: eve })).json(), [])
  t.equal((await call('DELETE', `${LINK}?subject=ada-at-acme`, { bearer: eve })).statusCode, 404)
  t.same(await subjects(), ['ada-at-acme'])
})

t.test('an app adds an account at a provider, which its owner has proven; it belongs to one user', async (t) => {
  const smtp = await startSmtp(t)
  const upstream = await startAppUpstream(t)
  const { app } = await build(t, {
    mail: { url: smtp.url, from: 'no-reply@example.com' }, social: { acme: { ...CLIENT, issuer: upstream.issuer, label: 'Acme' } }
  })
  const bearers = new Map<string, string>()
  for (const email of ['ada@example.com', 'eve@example.com']) {
    await register(app, { email })
    bearers.set(email, (await login(app, { email })).json<Tokens>().access_token)
  }
  const link = async (email: string, payload: object) =>
    await app.inject({ method: 'POST', url: LINK, headers: { authorization: `Bearer ${bearers.get(email)}` }, payload })
  const proof = async (of: UpstreamApp = CLIENT) => ({ id_token: (await tokensOf(upstream, ADA, { app: of })).id_token })
  const used = await proof()
  const added = await link('ada@example.com', used)
  t.match([added.statusCode, added.json()], [201, { provider: 'acme', subject: 'ada-at-acme' }])
  t.equal((await link('ada@example.com', used)).statusCode, 401, 'an id token counts once')
  t.equal((await link('ada@example.com', await proof())).statusCode, 200, 'it is there already')
  t.match((await link('eve@example.com', await proof())).json(), { statusCode: 409, code: 'LK_IDENTITY_TAKEN' })
  t.equal((await link('eve@example.com', await proof(STRANGER))).statusCode, 401, 'a token of another application')
  t.match((await link('eve@example.com', { oauth_token: 't', oauth_secret: 's' })).json(), { statusCode: 422, errors: { oauth_secret: [/send id_token$/] } })
  t.equal((await app.inject({ method: 'POST', url: LINK, payload: await proof() })).statusCode, 401, 'nobody is logged in')
  await advanceTime(app, 660)
  t.match((await link('ada@example.com', await proof())).json(), { statusCode: 401, code: 'LK_LOGIN_TOO_OLD' })
  t.match(await sql(app, 'SELECT count(*)::int AS n FROM social_accounts'), [{ n: 1 }])
  t.ok(await eventually(() => smtp.mails.some(({ headers }) => headers['subject'] === 'A new way to log in to Latchkey')))
})

t.test('without a provider there is no route', async (t) => {
  const { app } = await build(t)
  for (const [method, url] of [['GET', '/v1/auth/identities'], ['POST', LINK], ['DELETE', LINK]] as const) {
    t.equal((await app.inject({ method, url })).statusCode, 404, url)
  }
})

import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { APP_CALLBACK, codeOf, startAppUpstream } from '../../support/app-upstream.ts'
import { sql } from '../../support/session-rows.ts'
import { build, type Tokens } from '../../support/start-server.ts'
import { CLIENT, logInUpstream, pathOf, through } from '../../support/upstream.ts'
import { formsOf, visit, type Visitor } from '../../support/visitor.ts'

const ADA = { sub: 'ada', email: 'ada@northwind.com', email_verified: true, name: 'Ada Lovelace' }
const SECURITY = '/account/security'
const LINK = `${SECURITY}/identities/link`
const UNLINK = `${SECURITY}/identities/unlink`

/** Northwind is required for its domain; Acme is another provider. */
async function world (t: Test) {
  const callbacks = ['northwind', 'acme'].map((name) => `http://localhost:3000/v1/auth/${name}/callback`)
  const upstream = await startAppUpstream(t, {
    clients: [{
      client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret, redirect_uris: [APP_CALLBACK, ...callbacks],
      grant_types: ['authorization_code'], response_types: ['code']
    }]
  })
  const provider = { ...CLIENT, issuer: upstream.issuer, redirectUris: [APP_CALLBACK] }
  const { app } = await build(t, {
    social: {
      northwind: { ...provider, label: 'Northwind', domains: ['northwind.com'], required: true }, acme: { ...provider, label: 'Acme' }
    }
  })
  const visitor = visit(app)
  t.equal((await logInUpstream(visitor, upstream, ADA, { name: 'northwind' })).statusCode, 303)
  return { app, upstream, visitor }
}

/** As if it had been added before the other one was required. */
const addBefore = async (app: FastifyInstance) =>
  await sql(app, "INSERT INTO social_accounts (provider, subject, user_id) SELECT 'acme', 'ada-at-acme', id FROM users")
const providers = async (app: FastifyInstance) =>
  (await sql<{ provider: string }>(app, 'SELECT provider FROM social_accounts ORDER BY provider')).map(({ provider }) => provider)

async function remove (visitor: Visitor, provider: string) {
  const form = formsOf(await visitor.get(SECURITY)).find(({ action, hidden }) => action === UNLINK && hidden['provider'] === provider)!
  await visitor.post(UNLINK, form.hidden)
  return (await visitor.get(SECURITY)).body
}

t.test('who must log in at one provider is offered no other and no password, and adds none by a form of their own', async (t) => {
  const { app, upstream, visitor } = await world(t)
  const page = await visitor.get(SECURITY)
  t.match(page.body, 'Northwind')
  t.notMatch(page.body, /Add Acme|value="acme"/)
  t.notMatch(page.body, 'name="new_password"')
  const { hidden } = formsOf(page).find(({ action }) => action === UNLINK)!
  const started = await visitor.post(LINK, { ...hidden, provider: 'acme' })
  const back = await visitor.get(pathOf(await through(started, { ...ADA, sub: 'ada-at-acme' }, upstream)))
  t.equal(back.headers.location, SECURITY)
  t.match((await visitor.get(SECURITY)).body, 'log in with one provider only. No other can be added.')
  t.same(await providers(app), ['northwind'])
})

t.test('nor by the API', async (t) => {
  const { app, upstream } = await world(t)
  const { access_token: token } = (await app.inject({
    method: 'POST', url: '/v1/auth/northwind', payload: { client: 'web', ...await codeOf(upstream, ADA) }
  })).json<Tokens>()
  const answer = await app.inject({
    method: 'POST', url: '/v1/auth/acme/link', headers: { authorization: `Bearer ${token}` },
    payload: await codeOf(upstream, { ...ADA, sub: 'ada-at-acme' })
  })
  t.match([answer.statusCode, answer.json()], [403, { code: 'LK_PROVIDER_REQUIRED' }])
  t.same(await providers(app), ['northwind'])
})

t.test('another provider, a password and a mailbox are no ways in of theirs: the required one is the last', async (t) => {
  const { app, visitor } = await world(t)
  await addBefore(app)
  await sql(app, "UPDATE users SET password_hash = 'x'")
  t.match(await remove(visitor, 'northwind'), 'You could not log in any more.')
  t.same(await providers(app), ['acme', 'northwind'])
  t.match(await remove(visitor, 'acme'), 'This way to log in is removed')
  t.same(await providers(app), ['northwind'])
})

t.test('what lets nobody in is removed even if nothing else is there', async (t) => {
  const { app, visitor } = await world(t)
  await addBefore(app)
  await sql(app, "DELETE FROM social_accounts WHERE provider = 'northwind'")
  t.match(await remove(visitor, 'acme'), 'This way to log in is removed')
  t.same(await providers(app), [])
})

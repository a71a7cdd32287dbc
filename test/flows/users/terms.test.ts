import t from 'tap'
import { createUser } from '../../../src/testing/users.ts'
import { requestDeletion } from '../../support/deletion.ts'
import { codeIn, createMailbox } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { createDatabase, login, PASSWORD, register, type Tokens } from '../../support/start-server.ts'
import { logIn, visit } from '../../support/visitor.ts'

const build = sharedServers(t)

const TERMS = { version: '2026-11', url: 'https://www.example.com/terms', privacyUrl: 'https://www.example.com/privacy' }
const accepted = 'SELECT terms_version, terms_accepted_at IS NOT NULL AS at FROM users'

t.test('nobody registers by API without accepting the terms, and the version is stored with the user', async (t) => {
  const { app } = await build(t, { terms: TERMS })
  const send = (payload: object) => app.inject({ method: 'POST', url: '/v1/register', payload: { email: 'ada@example.com', password: PASSWORD, ...payload } })
  for (const payload of [{}, { terms_accepted: false }, { terms_accepted: null }]) {
    const refused = await send(payload)
    t.equal(refused.statusCode, 422)
    t.same(Object.keys(refused.json<{ errors: object }>().errors), ['terms_accepted'])
  }
  t.match((await send({})).json(), { errors: { terms_accepted: ['The terms accepted field must be accepted.'] } })
  t.same(await sql(app, 'SELECT FROM users'), [])
  t.equal((await send({ terms_accepted: true })).statusCode, 201)
  t.same(await sql(app, accepted), [{ terms_version: '2026-11', at: true }])
  const { access_token: access } = (await login(app)).json<Tokens>()
  const headers = { authorization: `Bearer ${access}` }
  const exported = await app.inject({ url: '/v1/profile/export', headers })
  t.match(exported.body, '2026-11')
})

t.test('so it is where the address must be verified first, also for a taken one', async (t) => {
  const { app } = await build(t, { terms: TERMS, requireEmailVerification: 'on', ...createMailbox().options })
  await createUser(app, { email: 'ada@example.com' })
  for (const email of ['ada@example.com', 'new@example.com']) {
    const send = (more: object) => app.inject({ method: 'POST', url: '/v1/register', payload: { email, password: PASSWORD, ...more } })
    t.equal((await send({})).statusCode, 422)
    t.equal((await send({ terms_accepted: true })).statusCode, 202)
  }
  t.same(await sql(app, `${accepted} ORDER BY created_at`), [{ terms_version: null, at: false }, { terms_version: '2026-11', at: true }])
})

t.test('the page has one checkbox, whose label leads to the terms', async (t) => {
  const { app } = await build(t, { terms: TERMS })
  const visitor = visit(app)
  const form = await visitor.get('/register')
  t.match(form.body, /<label class="check"><input type="checkbox" id="field-terms_accepted" name="terms_accepted" value="true" required[^>]*>/)
  t.match(form.body, '<a href="https://www.example.com/terms" target="_blank" rel="noopener noreferrer">terms of use</a>')
  t.match(form.body, 'https://www.example.com/privacy')
  const wrong = await visitor.submit(form, { email: 'ada@example.com', password: PASSWORD })
  t.equal(wrong.statusCode, 422)
  t.match(wrong.body, /id="field-terms_accepted-wrong">Accept the terms to go on\./)
  t.match(wrong.body, 'Terms of use: Accept the terms to go on.')
  const short = await visitor.submit(wrong, { email: 'ada@example.com', password: 'short', terms_accepted: 'true' })
  t.match(short.body, /name="terms_accepted" value="true" required checked/, 'it stays checked')
  t.equal((await visitor.submit(short, { email: 'ada@example.com', password: PASSWORD, terms_accepted: 'true' })).statusCode, 303)
  t.same(await sql(app, accepted), [{ terms_version: '2026-11', at: true }])
})

t.test('the metadata names them', async (t) => {
  const { app } = await build(t, { terms: TERMS })
  t.match((await app.inject('/.well-known/openid-configuration')).json(), { op_tos_uri: TERMS.url, op_policy_uri: TERMS.privacyUrl })
})

t.test('without terms nothing is asked, and half of them is a mistake', async (t) => {
  const databaseUrl = await createDatabase(t)
  const { app } = await build(t, { databaseUrl })
  t.equal((await register(app)).statusCode, 201)
  t.same(await sql(app, accepted), [{ terms_version: null, at: false }])
  t.notMatch((await visit(app).get('/register')).body, 'terms_accepted')
  t.notOk('op_tos_uri' in (await app.inject('/.well-known/openid-configuration')).json<object>())
  await t.rejects(build(t, { databaseUrl, terms: { version: '1' } }), /terms\.url.*is required with terms\.version/)
  await t.rejects(build(t, { databaseUrl, terms: { url: TERMS.url } }), /terms\.version.*is required with terms\.url/)
  await t.rejects(build(t, { databaseUrl, terms: { version: '1', url: 'javascript:alert(1)' } }), /terms\.url/)
})

t.test('a new version is asked for at the next login on the page, and at no login by API', async (t) => {
  const databaseUrl = await createDatabase(t)
  const { app: before } = await build(t, { databaseUrl, terms: TERMS })
  await createUser(before, { email: 'ada@example.com' })
  await sql(before, "UPDATE users SET terms_version = '2026-11'")
  t.equal((await logIn(visit(before), '/login?return_to=%2Forders')).headers.location, '/orders', 'accepted already')

  const { app } = await build(t, { databaseUrl, terms: { ...TERMS, version: '2027-01' } })
  t.equal((await login(app)).statusCode, 200)
  const visitor = visit(app, { 'accept-language': 'de' })
  const asked = await logIn(visitor, '/login?return_to=%2Forders%3Fid%3D7')
  t.equal(asked.headers.location, '/account/terms?return_to=%2Forders%3Fid%3D7')
  const page = await visitor.follow(asked)
  t.match(page.body, 'Die Bedingungen haben sich geändert')
  const wrong = await visitor.submit(page)
  t.match([wrong.statusCode, wrong.body], [422, 'Stimmen Sie den Bedingungen zu'])
  const done = await visitor.submit(wrong, { terms_accepted: 'true' })
  t.match([done.statusCode, done.headers.location], [303, '/orders?id=7'])
  t.same(await sql(app, accepted), [{ terms_version: '2027-01', at: true }])
  t.equal((await logIn(visit(app), '/login?return_to=%2Forders')).headers.location, '/orders')
  t.equal((await visitor.get('/account/terms')).headers.location, '/account')
  t.match((await visit(app).get('/account/terms')).headers.location, '/login')
  t.equal((await visitor.post('/account/terms', { terms_accepted: 'true' })).statusCode, 403, 'a form of another site')
  t.match((await visit(app).get('/account/terms?return_to=https://evil.example')).headers.location, /^\/login/)
})

t.test('they are asked for, too, by a login that the code of a mail or a restoration completes', async (t) => {
  const mailbox = createMailbox()
  const { app } = await build(t, { ...mailbox.options, terms: TERMS, requireEmailVerification: 'on' })
  await createUser(app, { email: 'ada@example.com' })
  await sql(app, 'UPDATE identifiers SET verified_at = NULL')
  const visitor = visit(app)
  const waits = await logIn(visitor, '/login?return_to=%2Forders')
  const verified = await visitor.submit(waits, { code: codeIn((await mailbox.fetch(app))[0]!) })
  t.match([verified.statusCode, verified.headers.location], [303, '/account/terms?return_to=%2Forders'])

  await requestDeletion(app, (await login(app)).json<Tokens>().access_token)
  const other = visit(app)
  const restored = await other.submit(await logIn(other, '/login?return_to=%2Forders'), { decision: 'restore' })
  t.match([restored.statusCode, restored.headers.location], [303, '/account/terms?return_to=%2Forders'])
})

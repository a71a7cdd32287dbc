import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { internals } from '../../../plugins/internals.ts'
import { createUser } from '../../../src/testing/users.ts'
import { clientProxy, EmailSchema, UsernameSchema } from '../../../src/index.ts'
import { asked, makeTv, poll } from '../../support/device.ts'
import { sql } from '../../support/session-rows.ts'
import { sharedServers } from '../../support/shared-server.ts'
import {
  claimsOf, createDatabase, login, makeClient, PASSWORD, refresh, token, type Built, type Tokens
} from '../../support/start-server.ts'
import { statementsDuring } from '../../support/statements.ts'
import { authorizeUrl, logIn, makeApp, paramsOf, visit, type Visitor } from '../../support/visitor.ts'

const build = sharedServers(t)

const EMAIL = 'ada@example.com'
const REQUIRED = { requireEmailVerification: 'on' as const, mail: { send: async () => {} } }

type User = { id: string }
type Refusal = { auth_session: string }

const ada = async (app: FastifyInstance): Promise<User> => await createUser(app, { email: EMAIL })
const verify = (app: FastifyInstance) => sql(app, 'UPDATE identifiers SET verified_at = now()')
const grant = (app: FastifyInstance, basic: string, password = PASSWORD) =>
  token(app, { grant_type: 'password', username: EMAIL, password }, basic)

/** A server where verification has become required while Ada was logged in on a page. */
async function later (t: Test): Promise<Built & { visitor: Visitor, tokens: Tokens }> {
  const databaseUrl = await createDatabase(t)
  const { app: before } = await build(t, { databaseUrl })
  await ada(before)
  const visitor = visit(before)
  await logIn(visitor)
  const tokens = (await login(before)).json<Tokens>()
  const built = await build(t, { databaseUrl, ...REQUIRED })
  const after = visit(built.app)
  for (const [name, value] of visitor.cookies) after.cookies.set(name, value)
  return { ...built, visitor: after, tokens }
}

t.test('token endpoint: the right password is not enough', async (t) => {
  const { app } = await build(t, REQUIRED)
  const { id } = await ada(app)
  const client = await makeClient(app)
  const wrong = await grant(app, client.basic, 'wrong')
  t.same(wrong.json(), { error: 'invalid_grant', error_description: 'The user credentials were incorrect' }, 'a wrong one says nothing')
  const refused = await grant(app, client.basic)
  t.equal(refused.statusCode, 400)
  t.match(refused.json(), { error: 'invalid_grant', error_description: 'The e-mail address is not verified', auth_session: /^lk_as_/ })
  const { auth_session: text } = refused.json<Refusal>()
  t.match(await internals(app).sessions.auth.find(text, client.id), { userId: id, proven: ['pwd'], clientId: client.id })
  t.same(await sql(app, 'SELECT FROM sessions'), [], 'nothing was created')
  await verify(app)
  t.equal((await grant(app, client.basic)).statusCode, 200)
})

t.test('client proxy: 403 with what an app needs to go on', async (t) => {
  const { app } = await build(t, REQUIRED)
  const { id } = await ada(app)
  const wrong = await login(app, { email: EMAIL, password: 'wrong' })
  t.same([wrong.statusCode, wrong.json<Refusal>().auth_session], [401, undefined])
  const nobody = await login(app, { email: 'nobody@example.com' })
  t.same(nobody.json(), wrong.json(), 'as for a user who does not exist')
  const refused = await login(app)
  t.equal(refused.statusCode, 403)
  t.match(refused.json(), {
    statusCode: 403, code: 'LK_EMAIL_NOT_VERIFIED', error: 'Forbidden', message: 'The e-mail address is not verified.', auth_session: /^lk_as_/
  })
  t.equal(refused.headers['set-cookie'], undefined)
  const { client_id: clientId } = claimsOf((await verify(app), await login(app)).json<Tokens>().access_token)
  t.match(await internals(app).sessions.auth.find(refused.json<Refusal>().auth_session, String(clientId)), { userId: id })
})

t.test('remote client proxy: it passes the same on', async (t) => {
  const { app } = await build(t, REQUIRED)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { id } = await ada(app)
  const client = await makeClient(app)
  const host = Fastify()
  t.teardown(() => host.close())
  await host.register(clientProxy, { issuer: internals(app).config.issuer, clients: { web: { id: client.id, secret: client.secret } } })
  t.equal((await login(host, { email: EMAIL, password: 'wrong' })).statusCode, 401)
  const refused = await login(host)
  t.match([refused.statusCode, refused.json()], [403, { code: 'LK_EMAIL_NOT_VERIFIED', auth_session: /^lk_as_/ }])
  t.match(await internals(app).sessions.auth.find(refused.json<Refusal>().auth_session, client.id), { userId: id })
  await verify(app)
  t.equal((await login(host)).statusCode, 200)
})

t.test('pages: nobody is logged in before the address is verified', async (t) => {
  const { app } = await build(t, REQUIRED)
  const visitor = visit(app)
  const form = await visitor.get('/register')
  const registered = await visitor.submit(form, { email: EMAIL, password: PASSWORD })
  t.match([registered.statusCode, registered.headers.location], [303, '/email/verify?sent=1'])
  t.notOk([...visitor.cookies.keys()].some((name) => name.includes('session')))
  t.equal((await logIn(visitor, '/login', { password: 'wrong' })).statusCode, 401)
  const refused = await logIn(visitor)
  t.equal(refused.statusCode, 403)
  t.match(refused.body, 'Confirm your e-mail address')
  t.same(await sql(app, 'SELECT FROM browser_sessions'), [])
  const [row] = await sql<{ user_id: string, client_id: null }>(app, 'SELECT user_id, client_id FROM auth_sessions')
  t.match(row, { user_id: /-/, client_id: null })
  t.match((await visit(app, { 'accept-language': 'de' }).get('/login')).statusCode, 200)
  await verify(app)
  t.equal((await logIn(visitor)).statusCode, 303)
})

t.test('a browser session from before gets no code, device or personal token; sessions go on', async (t) => {
  const { app, visitor, tokens } = await later(t)
  const client = await makeApp(app, { firstParty: true, skipsConsent: true })
  const page = await visitor.get(authorizeUrl(client.id))
  t.equal(page.statusCode, 403)
  t.match(page.body, 'Confirm your e-mail address')
  const silent = await visitor.get(authorizeUrl(client.id, { prompt: 'none' }))
  t.match(paramsOf(silent), { error: 'interaction_required', error_description: 'The e-mail address is not verified' })
  t.same(await sql(app, 'SELECT FROM authorization_codes'), [])

  const tv = await makeTv(app)
  const waiting = await asked(app, { client_id: tv.id })
  const question = await visitor.follow(await visitor.submit(await visitor.get('/device'), { user_code: waiting.user_code }))
  const allowed = await visitor.submit(question, { decision: 'allow' })
  t.equal(allowed.statusCode, 403)
  t.match(allowed.body, 'Confirm your e-mail address')
  t.match((await poll(app, tv.id, waiting.device_code)).json(), { error: 'authorization_pending' })

  await makeClient(app, { name: 'Personal', grantTypes: ['personal_access'] })
  const headers = { authorization: `Bearer ${tokens.access_token}` }
  const personal = () => app.inject({ method: 'POST', url: '/v1/oauth/personal-access-tokens', headers, payload: { name: 'Script' } })
  const refused = await personal()
  t.match([refused.statusCode, refused.json()], [403, { code: 'LK_EMAIL_NOT_VERIFIED' }])

  const next = await refresh(app, tokens.refresh_token)
  t.equal(next.statusCode, 200, 'a refresh does not ask')
  await verify(app)
  t.equal((await visitor.get(authorizeUrl(client.id))).statusCode, 303)
  t.equal((await personal()).statusCode, 201)
  const again = await visitor.follow(await visitor.submit(await visitor.get('/device'), { user_code: waiting.user_code }))
  t.match((await visitor.follow(await visitor.submit(again, { decision: 'allow' }))).body, 'The device is connected')
})

t.test('a user without an e-mail address has not verified one', async (t) => {
  const { app } = await build(t, { ...REQUIRED, login: { attributes: { email: EmailSchema, username: UsernameSchema } } })
  await createUser(app, { username: 'ada' })
  await verify(app)
  t.equal((await login(app, { username: 'ada' })).statusCode, 403)
  await createUser(app, { username: 'bob', email: 'bob@example.com' })
  t.equal((await login(app, { username: 'bob' })).statusCode, 403)
  await sql(app, "UPDATE identifiers SET verified_at = now() WHERE attribute = 'email'")
  t.equal((await login(app, { username: 'bob' })).statusCode, 200, 'whatever they log in with')
})

t.test('it asks for no further statement at a login', async (t) => {
  const databaseUrl = await createDatabase(t)
  const [{ app: off }, { app: on }] = [await build(t, { databaseUrl }), await build(t, { databaseUrl, ...REQUIRED })]
  await ada(off)
  await verify(off)
  const first = [await login(off), await login(on)]
  t.same(first.map(({ statusCode }) => statusCode), [200, 200])
  t.equal(await statementsDuring(on, () => login(on)), await statementsDuring(off, () => login(off)))
  const visitors = [visit(off), visit(on)]
  const pages = await Promise.all(visitors.map((visitor) => visitor.get('/login')))
  const typed = { username: EMAIL, password: PASSWORD }
  const [a, b] = [
    await statementsDuring(off, () => visitors[0]!.submit(pages[0]!, typed)),
    await statementsDuring(on, () => visitors[1]!.submit(pages[1]!, typed))
  ]
  t.equal(a, b)
})

t.test('the start says so where nobody could verify anything', async (t) => {
  await t.rejects(
    build(t, { ...REQUIRED, login: { attributes: { username: UsernameSchema } } }),
    /requireEmailVerification.*needs an e-mail address among login\.attributes/
  )
  await t.rejects(build(t, { requireEmailVerification: 'on' }), /requireEmailVerification.*needs SMTP_URL or mail\.send/)
})

import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import { internals } from '../../../plugins/internals.ts'
import { readyAttributes, UsernameSchema } from '../../../src/schemas/identifiers.ts'
import { createUser } from '../../../src/testing/users.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { eventually, makeClient, PASSWORD, register, signedIn, token, type Tokens } from '../../support/start-server.ts'
import { authorizeUrl, makeApp, visit } from '../../support/visitor.ts'
import { sql } from '../../support/session-rows.ts'

const build = sharedServers(t)

const ADA = 'ada@example.com'

t.test('with REGISTRATION=invite nobody registers without an invitation', async (t) => {
  const { app } = await build(t, { registration: 'invite' })
  const answer = await register(app)
  t.match([answer.statusCode, answer.json()], [403, { code: 'LK_INVITATION_REQUIRED', message: 'Registration needs an invitation.' }])
  const visitor = visit(app)
  const page = await visitor.get('/register')
  t.match([page.statusCode, page.body], [403, 'only with an invitation'])
  t.match(page.body, 'href="/login"', 'who has an account goes on there')
  t.notMatch(page.body, '<form')
  t.match((await visit(app, { 'accept-language': 'de' }).get('/register')).body, 'nur mit einer Einladung')
  const login = await visitor.get('/login')
  t.notMatch(login.body, '/register', 'the login page has no link that leads nowhere')
  const csrf = /name="_csrf" value="([^"]+)"/.exec(login.body)![1]!
  const posted = await visitor.post('/register', { email: ADA, password: PASSWORD, _csrf: csrf })
  t.match([posted.statusCode, posted.body], [403, 'only with an invitation'])
  t.same(await sql(app, 'SELECT FROM users'), [])
})

t.test('with REGISTRATION=invite an app cannot initiate a registration', async (t) => {
  const { app } = await build(t, { registration: 'invite' })
  const { id } = await makeApp(app)
  t.notOk((await app.inject('/.well-known/openid-configuration')).json<{ prompt_values_supported: string[] }>().prompt_values_supported.includes('create'))
  t.match((await visit(app).get(authorizeUrl(id, { prompt: 'create' }))).headers.location, /^\/login\?/)
})

type Mail = { to: string, subject: string, text: string }

/** With mails that are kept here. */
async function inviting (t: Test, options: AppOptions = {}) {
  const mails: Mail[] = []
  const built = await build(t, { registration: 'invite', mail: { send: async (mail) => { mails.push(mail) } }, appUrl: 'https://id.example', ...options })
  const machine = await makeClient(built.app, { grantTypes: ['client_credentials'], firstParty: false, scopes: ['users:invite'] })
  const access = (await token(built.app, { grant_type: 'client_credentials', scope: 'users:invite' }, machine.basic)).json<Tokens>().access_token
  const invite = (payload: object, bearer = access) =>
    built.app.inject({ method: 'POST', url: '/v1/invitations', payload, headers: { authorization: `Bearer ${bearer}` } })
  /** The path in the latest mail. */
  async function mailed (payload: object = { email: ADA }): Promise<string> {
    const before = mails.length
    await invite(payload)
    await eventually(() => mails.length > before)
    return /https:\/\/id\.example(\/register\?invitation=lk_ot_[\w-]{43})/.exec(mails.at(-1)!.text)![1]!
  }
  return { ...built, machine, access, invite, mails, mailed }
}

const tokenOf = (path: string) => new URLSearchParams(path.split('?')[1]).get('invitation')!
const verified = async (app: FastifyInstance) =>
  await sql(app, 'SELECT attribute, value, verified_at IS NOT NULL AS verified FROM identifiers ORDER BY attribute')
const SECURE = { origin: 'https://id.example' }

t.test('a client invites, the mail has a link, and the page creates a user with a verified address', async (t) => {
  const { app, invite, mails, logs } = await inviting(t)
  const answer = await invite({ email: 'Ada@Example.com', locale: 'de' })
  t.equal(answer.statusCode, 201)
  t.strictSame(Object.keys(answer.json()), ['email', 'expires_at'], 'the link goes to the address alone')
  t.match(answer.json(), { email: ADA })
  const days = (Date.parse(answer.json<{ expires_at: string }>().expires_at) - Date.now()) / 86_400_000
  t.ok(days > 6.9 && days < 7.1)
  t.ok(await eventually(() => mails.length === 1))
  t.match(mails[0], { to: ADA, subject: 'Ihre Einladung zu Latchkey' })
  const path = /https:\/\/id\.example(\/register\?\S+)/.exec(mails[0]!.text)![1]!
  t.notOk((await sql(app, "SELECT FROM one_time_tokens WHERE one_time_tokens::text LIKE '%' || $1 || '%'", [tokenOf(path)])).length, 'not in clear')

  const visitor = visit(app, SECURE)
  for (let opened = 0; opened < 3; opened++) t.equal((await visitor.get(path)).statusCode, 200, 'a mail scanner redeems nothing')
  const page = await visitor.get(path)
  t.equal(page.headers['referrer-policy'], 'strict-origin', 'the token is in no Referer')
  t.match(page.body, /<input[^>]*name="email"[^>]*>/)
  t.match(/<input[^>]*name="email"[^>]*>/.exec(page.body)![0], /readonly[^>]*value="ada@example.com"|value="ada@example.com"[^>]*readonly/)
  t.match(page.body, 'Your invitation was sent to this address.')
  const weak = await visitor.submit(page, { email: ADA, password: 'short' })
  t.match([weak.statusCode, weak.body], [422, 'readonly'], 'the form stays that of the invitation')
  const done = await visitor.submit(weak, { email: ADA, name: 'Ada', password: PASSWORD })
  t.match([done.statusCode, done.headers.location], [303, '/account'])
  t.strictSame(await verified(app), [{ attribute: 'email', value: ADA, verified: true }])
  t.same(await sql(app, 'SELECT FROM one_time_tokens'), [], 'it is used up')
  const again = await visit(app, SECURE).get(path)
  t.match([again.statusCode, again.body], [403, 'This invitation cannot be used'])
  t.notMatch(logs(), tokenOf(path))
  t.ok(await eventually(async () => (await sql(app, "SELECT FROM audit_events WHERE type = 'user.invited'")).length === 1))
  t.ok(await eventually(async () => (await sql(app, "SELECT FROM audit_events WHERE type = 'identifier.verified'")).length === 1))
})

t.test('by API: the address need not be sent again, and no other one is accepted', async (t) => {
  const { app, mailed } = await inviting(t, { login: { attributes: readyAttributes } })
  const invitation = tokenOf(await mailed())
  const other = await register(app, { email: 'eve@example.com', invitation })
  t.strictSame([other.statusCode, other.json<{ errors: object }>().errors], [422, { email: ['is not the address that was invited'] }])
  const answer = await register(app, { username: 'ada', invitation })
  t.match([answer.statusCode, answer.json()], [201, { email: ADA, username: 'ada' }])
  t.strictSame(await verified(app), [
    { attribute: 'email', value: ADA, verified: true }, { attribute: 'username', value: 'ada', verified: false }
  ])
})

t.test('every kind of bad invitation has one answer, and nothing is written', async (t) => {
  const { app, mailed } = await inviting(t)
  const replaced = tokenOf(await mailed())
  const expired = tokenOf(await mailed())
  await sql(app, "UPDATE one_time_tokens SET expires_at = now() - interval '1 second'")
  const user = await createUser(app, { email: 'eve@example.com' })
  const { tokens } = internals(app).verification
  const ofUser = await tokens.issue({ purpose: 'reset', userId: user.id, identifier: { attribute: 'email', value: 'eve@example.com' } })
  const bad = [replaced, expired, ofUser!.token, expired.slice(0, -1), 'lk_ot_', 'x', `${expired} `, 'ä'.repeat(1000)]
  const bodies = new Set<string>()
  for (const invitation of bad) {
    const answer = await register(app, { email: ADA, invitation })
    t.match([answer.statusCode, answer.json()], [403, { code: 'LK_INVALID_TOKEN' }], invitation.slice(0, 20))
    bodies.add(answer.body)
  }
  t.equal(bodies.size, 1)
  t.equal((await sql(app, 'SELECT FROM users')).length, 1)
})

t.test('of several people who accept one invitation at once exactly one does', async (t) => {
  const { app, mailed } = await inviting(t, { login: { attributes: readyAttributes } })
  const invitation = tokenOf(await mailed())
  const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => register(app, { username: `ada${index}`, invitation })))
  t.same(answers.map(({ statusCode }) => statusCode).sort(), [201, 403, 403, 403, 403, 403])
  t.equal((await sql(app, 'SELECT FROM users')).length, 1)
  t.equal((await sql(app, 'SELECT FROM identifiers')).length, 2)
})

t.test('the form of an invitation that is submitted twice is one registration', async (t) => {
  const { app, mailed } = await inviting(t)
  const visitor = visit(app, SECURE)
  const page = await visitor.get(await mailed())
  const answers = await Promise.all([1, 2, 3].map(() => visitor.submit(page, { email: ADA, password: PASSWORD })))
  t.same(answers.map(({ statusCode }) => statusCode), [303, 303, 303])
  t.equal((await sql(app, 'SELECT FROM users')).length, 1)
})

t.test('who may invite: a client with the scope, and nobody else', async (t) => {
  const { app, machine, access, invite } = await inviting(t, { scopes: { 'orders:read': 'See orders' }, registration: 'open' })
  t.equal((await app.inject({ method: 'POST', url: '/v1/invitations', payload: { email: ADA } })).statusCode, 401)
  const other = await makeClient(app, { grantTypes: ['client_credentials'], scopes: ['*'] })
  const all = (await token(app, { grant_type: 'client_credentials', scope: '*' }, other.basic)).json<Tokens>().access_token
  t.match((await invite({ email: ADA }, all)).statusCode, 403, '`*` does not include it')
  t.equal((await token(app, { grant_type: 'client_credentials', scope: 'users:invite' }, other.basic)).json<{ error: string }>().error, 'invalid_scope')
  const { access_token: ofUser } = await signedIn(app, { email: 'eve@example.com' })
  t.equal((await invite({ email: ADA }, ofUser)).statusCode, 401)
  t.strictSame((await invite({ email: 'nonsense' })).json<{ errors: object }>().errors, { email: ['must be an e-mail address'] })
  t.equal((await invite({})).statusCode, 422)
  t.equal((await invite({ email: 'eve@example.com' })).statusCode, 201, 'says nothing about accounts')
  await sql(app, "UPDATE clients SET scopes = '{}' WHERE id = $1", [machine.id])
  t.ok(await eventually(async () => (await invite({ email: ADA }, access)).statusCode === 403), 'the operator has removed the scope')
})

t.test('without mail the answer has the link', async (t) => {
  const { app, invite } = await inviting(t, { mail: {}, appUrl: 'https://id.example' })
  const { url } = (await invite({ email: ADA })).json<{ url: string }>()
  const visitor = visit(app, SECURE)
  const page = await visitor.get(url.replace('https://id.example', ''))
  t.equal((await visitor.submit(page, { email: ADA, password: PASSWORD })).statusCode, 303)
})

t.test('invitations need an e-mail address', async (t) => {
  await t.rejects(build(t, { registration: 'invite', login: { attributes: { username: UsernameSchema } } }), /needs an e-mail address among login.attributes/)
})

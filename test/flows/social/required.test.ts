import t, { type Test } from 'tap'
import { EmailSchema, UsernameSchema } from '../../../src/index.ts'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import { internals } from '../../../plugins/internals.ts'
import { createUser } from '../../../src/testing/users.ts'
import { build, eventually, login, PASSWORD, register, type Tokens } from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'
import { CLIENT, pathOf, startUpstream, through } from '../../support/upstream.ts'
import { visit } from '../../support/visitor.ts'

const ADA = 'ada@northwind.com'
const NEXT = 'another horse battery staple'
const SAID = 'Whoever has this address logs in with Northwind, at /v1/auth/northwind/redirect, and has no password here.'

/** Where passwords of one domain are refused. Mails are kept here. */
async function requiring (t: Test, options: AppOptions = {}) {
  const upstream = await startUpstream(t, ['http://localhost:3000/v1/auth/northwind/callback'])
  const mails: { to: string, text: string }[] = []
  const built = await build(t, {
    login: { attributes: { email: EmailSchema, username: UsernameSchema } },
    mail: { send: async (mail) => { mails.push(mail) } },
    social: { northwind: { ...CLIENT, issuer: upstream.issuer, label: 'Northwind', domains: ['northwind.com'], required: true } },
    ...options
  })
  const { app } = built
  const post = (url: string, payload: object) => app.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json' } })
  /** The path in the mail that a request sends. */
  async function resetPath (typed: string): Promise<string> {
    const before = mails.length
    await post('/v1/password/forgot', { email: typed })
    await eventually(() => mails.length > before)
    return /(\/password\/reset\?\S*)/.exec(mails.at(-1)!.text)![1]!
  }
  return { ...built, upstream, mails, post, resetPath }
}

t.test('an address of a domain whose provider is required is not registered with a password', async (t) => {
  const { app, post } = await requiring(t)
  await createUser(app, { email: ADA })
  for (const email of [ADA, 'new@NorthWind.com']) {
    const answer = await register(app, { email })
    t.match([answer.statusCode, answer.json()], [422, { code: 'LK_VALIDATION', errors: { email: [SAID] } }], 'whether or not there is an account')
    const visitor = visit(app)
    const page = await visitor.submit(await visitor.get('/register?return_to=%2Faccount%2Fsecurity'), { email, password: PASSWORD })
    t.equal(page.statusCode, 422)
    t.match(page.body, 'You log in with Northwind, and have no password here.')
    t.match(page.body, `href="/v1/auth/northwind/redirect?login_hint=${encodeURIComponent(email)}&amp;return_to=%2Faccount%2Fsecurity"`)
  }
  t.match((await post('/v1/register', { email: ADA, password: 'short' })).json(), { errors: { email: [SAID], password: [String] } })
  t.equal((await register(app, { email: 'ada@sub.northwind.com' })).statusCode, 201, 'another domain')
  t.equal((await sql(app, 'SELECT FROM users')).length, 2)
})

t.test('a registration that waits for its address is not corrected to one of such a domain', async (t) => {
  const { app } = await requiring(t, { requireEmailVerification: 'on' })
  const visitor = visit(app)
  const sent = await visitor.submit(await visitor.get('/register'), { email: 'ada@example.com', password: PASSWORD })
  const page = await visitor.get(sent.headers.location!)
  const corrected = await visitor.submit(page, { address: ADA, password: PASSWORD })
  t.match([corrected.statusCode, corrected.body], [422, 'You log in with Northwind'])
  t.same(await sql(app, 'SELECT value FROM identifiers'), [{ value: 'ada@example.com' }])
})

t.test('no link for a new password is asked for by an address of such a domain: the answer leads to the provider', async (t) => {
  const { app, mails, post } = await requiring(t)
  await createUser(app, { email: ADA })
  for (const email of [ADA, 'nobody@northwind.com']) {
    for (const url of ['/v1/password/forgot', '/v1/forgot-password']) {
      const answer = await post(url, { email })
      t.match([answer.statusCode, answer.json()], [422, { errors: { email: [SAID] } }], 'whether or not there is an account')
    }
    const visitor = visit(app)
    const page = await visitor.get('/password/forgot')
    t.notMatch(page.headers['content-security-policy'], 'form-action', 'the form goes on to another site')
    const sent = await visitor.submit(page, { email })
    t.match([sent.statusCode, sent.headers.location], [303, `/v1/auth/northwind/redirect?login_hint=${encodeURIComponent(email)}`])
    t.match((await visitor.get(sent.headers.location!)).headers.location, /login_hint=/, 'and on to the provider')
    const reset = await post('/v1/password/reset', { email, token: 'lk_ot_unknown', password: NEXT })
    t.match([reset.statusCode, reset.json()], [422, { errors: { email: [SAID] } }])
  }
  t.same(mails, [])
  t.match((await post('/v1/password/reset', { email: 'nobody@example.com', token: 'lk_ot_unknown', password: NEXT })).json(), { code: 'LK_INVALID_TOKEN' })
})

t.test('a link for a new password leads people of such a domain to the provider, whatever they log in with', async (t) => {
  const { app, post, resetPath } = await requiring(t)
  const { id } = await createUser(app, { email: ADA, username: 'ada' })
  await createUser(app, { email: 'bob@example.com', username: 'bobby' })
  const hashes = () => sql(app, 'SELECT password_hash FROM users WHERE id = $1', [id])
  const before = await hashes()
  const path = await resetPath('ada')
  const token = new URLSearchParams(path.split('?')[1]).get('token')!
  const visitor = visit(app)
  const page = await visitor.get(path)
  t.match([page.statusCode, page.body], [200, 'You log in with Northwind, and have no password here.'])
  t.match(page.body, 'href="/v1/auth/northwind/redirect?login_hint=ada%40northwind.com"')
  t.notMatch(page.body, 'type="password"')
  const csrf = /name="_csrf" value="([^"]+)"/.exec((await visitor.get('/login')).body)![1]!
  const posted = await visitor.post('/password/reset', { token, password: NEXT, _csrf: csrf })
  t.match([posted.statusCode, posted.body], [422, 'You log in with Northwind'])
  t.match((await post('/v1/password/reset', { email: 'ada', token, password: NEXT })).json(), { errors: { password: [SAID] } })
  t.same(await hashes(), before)

  const other = await visitor.get(await resetPath('bobby'))
  t.match((await visitor.submit(other, { password: NEXT })).headers.location, '/password/reset?done=1', 'others set theirs')
})

t.test('people of such a domain who are logged in set no password', async (t) => {
  const { app } = await requiring(t)
  await register(app, { email: 'ada@example.com' })
  const { access_token: access } = (await login(app, { email: 'ada@example.com' })).json<Tokens>()
  await sql(app, "UPDATE identifiers SET value = 'ada@northwind.com'")
  const answer = await app.inject({
    method: 'PATCH', url: '/v1/profile/password', headers: { authorization: `Bearer ${access}` }, payload: { current_password: PASSWORD, new_password: NEXT }
  })
  t.match([answer.statusCode, answer.json()], [422, { errors: { new_password: [SAID] } }])
})

t.test('their security page has no form for a password, but says where they log in', async (t) => {
  const { app, upstream } = await requiring(t)
  const visitor = visit(app)
  const person = { sub: 'ada', email: ADA, email_verified: true }
  await visitor.get(pathOf(await through(await visitor.get('/v1/auth/northwind/redirect'), person, upstream)))
  const page = await visitor.get('/account/security')
  t.match(page.body, /<h2 id="password">Password<\/h2><p class="quiet">You log in with Northwind, and have no password here\.<\/p>/)
  t.match(page.body, 'make your account at Northwind secure')
  t.notMatch(page.body, /type="password"|change your password/)
  await register(app, { email: 'grace@example.com' })
  const grace = visit(app)
  await grace.submit(await grace.get('/login'), { username: 'grace@example.com', password: PASSWORD })
  t.match((await grace.get('/account/security')).body, /name="new_password"[^]*change your password/, 'others have it')
})

t.test('an invitation to an address of such a domain is accepted by the login at its provider, once', async (t) => {
  const { app, upstream } = await requiring(t, { registration: 'invite' })
  const invitations = (await internals(app).invitations())!
  const invite = async (email: string) => pathOf((await invitations.create(invitations.attribute.parse(email)!, 'en')).url)
  const person = { sub: 'ada', email: ADA, email_verified: true }
  const comeBack = async (start: string, who: typeof person) => {
    const visitor = visit(app)
    return await visitor.get(pathOf(await through(await visitor.get(start), who, upstream)))
  }
  t.equal((await comeBack('/v1/auth/northwind/redirect', person)).statusCode, 401, 'nobody without an invitation')

  const path = await invite(ADA)
  const token = new URLSearchParams(path.split('?')[1]).get('invitation')!
  const opened = await visit(app).get(path)
  t.match([opened.statusCode, opened.headers.location], [303, '/v1/auth/northwind/redirect?login_hint=ada%40northwind.com'])
  t.match((await register(app, { invitation: token })).json(), { errors: { email: [SAID] } }, 'not with a password')
  t.equal((await comeBack(opened.headers.location!, { sub: 'eve', email: ADA, email_verified: false })).statusCode, 401, 'for whom the provider does not vouch')
  t.equal((await comeBack(opened.headers.location!, { sub: 'eve', email: 'eve@northwind.com', email_verified: true })).statusCode, 401, 'for somebody else')
  t.match((await comeBack(opened.headers.location!, person)).headers.location, '/account')
  t.match(await sql(app, 'SELECT value, verified_at FROM identifiers'), [{ value: ADA, verified_at: Date }])
  t.same(await sql(app, "SELECT FROM one_time_tokens WHERE purpose = 'invite'"), [], 'it is redeemed')

  const withdrawn = await invite('bob@northwind.com')
  await sql(app, "DELETE FROM one_time_tokens WHERE purpose = 'invite'")
  t.equal((await visit(app).get(withdrawn)).statusCode, 403)
  t.equal((await comeBack('/v1/auth/northwind/redirect', { sub: 'bob', email: 'bob@northwind.com', email_verified: true })).statusCode, 401)
})

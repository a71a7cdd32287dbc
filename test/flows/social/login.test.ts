import t, { type Test } from 'tap'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import { build, eventually, login, PASSWORD, register } from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'
import { startSmtp } from '../../support/smtp.ts'
import { CLIENT, logInUpstream, pathOf, startUpstream, through } from '../../support/upstream.ts'
import { formsOf, visit } from '../../support/visitor.ts'

const ADA = { sub: 'ada-at-acme', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' }

async function world (t: Test, options: Partial<AppOptions> = {}, more: object = {}) {
  const upstream = await startUpstream(t, ['http://localhost:3000/v1/auth/acme/callback', 'http://localhost:3000/v1/auth/other/callback'])
  const provider = { ...CLIENT, issuer: upstream.issuer, label: 'Acme', ...more }
  const { app, logs } = await build(t, { ...options, social: { acme: provider, other: { ...provider, label: 'Other' } } })
  return { app, logs, upstream, visitor: visit(app) }
}

const accounts = (app: Parameters<typeof sql>[0]) =>
  sql<{ provider: string, subject: string, user_id: string }>(app, 'SELECT provider, subject, user_id FROM social_accounts ORDER BY provider, subject')

t.test('without a provider there is no button, no route and no part of the account page', async (t) => {
  const { app } = await build(t)
  t.equal((await app.inject('/v1/auth/acme/redirect')).statusCode, 404)
  t.equal((await app.inject({ method: 'POST', url: '/account/security/identities/link' })).statusCode, 404)
  t.notMatch((await visit(app).get('/login')).body, 'class="providers"')
})

t.test('a new user registers by a provider: the address that it vouches for is verified, and the next login finds the user', async (t) => {
  const { app, upstream, visitor } = await world(t)
  const page = await visitor.get('/login?return_to=%2Faccount%2Fsecurity')
  t.match(page.body, /href="\/v1\/auth\/acme\/redirect\?return_to=%2Faccount%2Fsecurity"[^>]*>.*Log in with Acme/)
  t.match((await visitor.get('/register')).body, 'Create an account with Acme')

  const started = await visitor.get('/v1/auth/acme/redirect?return_to=%2Faccount%2Fsecurity')
  const sent = new URL(started.headers.location!)
  t.match(Object.fromEntries(sent.searchParams), {
    response_type: 'code', client_id: CLIENT.clientId, scope: 'openid profile email', redirect_uri: 'http://localhost:3000/v1/auth/acme/callback',
    code_challenge_method: 'S256', code_challenge: /^[\w-]{43}$/, nonce: /^[\w-]{43}$/, state: /^lk_ot_/
  })
  const done = await visitor.get(pathOf(await through(started, ADA, upstream)))
  t.match([done.statusCode, done.headers.location], [303, '/account/security'])
  const account = await visitor.get('/account/security')
  t.match(account.body, /Acme[^]*ada@example\.com/)
  t.match(await sql(app, 'SELECT u.name, u.password_hash, i.value, i.verified_at FROM users u JOIN identifiers i ON i.user_id = u.id'), [
    { name: 'Ada Lovelace', password_hash: null, value: 'ada@example.com', verified_at: Date }
  ])
  t.match(await sql(app, 'SELECT amr FROM browser_sessions'), [{ amr: ['fed'] }])

  const again = visit(app)
  t.equal((await logInUpstream(again, upstream, { ...ADA, email: 'lovelace@example.com' })).statusCode, 303)
  t.match((await again.get('/account/security')).body, 'lovelace@example.com', 'found by the subject, whatever the address is now')
  t.equal((await sql(app, 'SELECT FROM users')).length, 1)
  t.equal((await login(app, { email: 'ada@example.com', password: '' })).statusCode, 422, 'there is no password')
})

t.test('an account is joined by its address only if both sides have verified it', async (t) => {
  const { app, upstream } = await world(t)
  await register(app)
  const refused = await logInUpstream(visit(app), upstream, ADA)
  t.match([refused.statusCode, refused.body], [401, /already an account here with your e-mail address/], 'here it is not: somebody may have registered it to wait for Ada')
  t.same(await accounts(app), [])
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  const unverified = visit(app)
  const elsewhere = await logInUpstream(unverified, upstream, { ...ADA, sub: 'eve', email_verified: false })
  t.equal(elsewhere.statusCode, 303, 'there it is not: Eve gets an account of her own, without the address')
  t.notMatch((await unverified.get('/account/security')).body, 'value="ada@example.com"')
  t.equal((await sql(app, 'SELECT FROM users')).length, 2)

  const joined = await logInUpstream(visit(app), upstream, ADA)
  t.equal(joined.statusCode, 303)
  t.match(await accounts(app), [{ subject: 'ada-at-acme' }, { subject: 'eve' }])
  t.equal((await sql(app, "SELECT FROM identifiers i JOIN social_accounts s ON s.user_id = i.user_id AND s.subject = 'ada-at-acme'")).length, 1)
  t.equal((await login(app)).statusCode, 200, 'the password stays')
})

t.test('an address that has changed hands at the provider does not open the account of who had it before', async (t) => {
  const { app, upstream } = await world(t)
  await logInUpstream(visit(app), upstream, ADA)
  const next = await logInUpstream(visit(app), upstream, { ...ADA, sub: 'the next ada' })
  t.match([next.statusCode, next.body], [401, /already an account here/])
  t.match(await accounts(app), [{ subject: 'ada-at-acme' }])
})

t.test('the answer of a provider counts once, in the browser that asked, at the provider that was asked', async (t) => {
  const { app, upstream, visitor } = await world(t)
  const back = await through(await visitor.get('/v1/auth/acme/redirect'), ADA, upstream)
  const stranger = visit(app)
  await stranger.get('/v1/auth/acme/redirect')
  for (const [who, path, why] of [
    [stranger, pathOf(back), 'another browser'],
    [visit(app), pathOf(back), 'a browser without a cookie'],
    [visitor, pathOf(back).replace('/acme/', '/other/'), 'another provider (mix-up)'],
    [visitor, pathOf(back).replace(/state=[^&]*/, 'state=lk_ot_x'), 'another state'],
    [visitor, pathOf(back).replace(/state=[^&]*/, ''), 'no state']
  ] as const) {
    const answer = await who.get(path)
    t.match([answer.statusCode, answer.body], [400, /took too long/], why)
    t.equal((await who.get('/account')).statusCode, 303, why)
  }
  t.equal((await sql(app, 'SELECT FROM users')).length, 0)

  const two = await through(await visitor.get('/v1/auth/acme/redirect'), ADA, upstream)
  t.equal((await visitor.get(`${pathOf(two)}&state=x`)).statusCode, 401, 'two states')
  t.equal((await visitor.get(pathOf(back))).statusCode, 303, 'nobody else has used it up')
  const replayed = await visitor.get(pathOf(back))
  t.match([replayed.statusCode, replayed.body], [400, /used already/])
})

t.test('an answer that names another issuer is refused (RFC 9207)', async (t) => {
  const { upstream, visitor } = await world(t)
  const back = pathOf(await through(await visitor.get('/v1/auth/acme/redirect'), ADA, upstream))
  t.match(back, 'iss=')
  const answer = await visitor.get(back.replace(/iss=[^&]*/, `iss=${encodeURIComponent('https://evil.example')}`))
  t.match([answer.statusCode, answer.body], [401, /has failed/])
})

t.test('who cancels, or whose provider is down, reads why and can log in another way', async (t) => {
  const { app, upstream, visitor, logs } = await world(t)
  await register(app)
  const canceled = await logInUpstream(visitor, upstream, null, { query: '?return_to=%2Faccount%2Fprofile' })
  t.match([canceled.statusCode, canceled.body], [200, /You have canceled the login with Acme/])
  const entered = await visitor.submit(canceled, { username: 'ada@example.com', password: PASSWORD })
  t.match([entered.statusCode, entered.headers.location], [303, '/account/profile'], 'it goes on to where the login was for')

  const back = await through(await visit(app).get('/v1/auth/acme/redirect'), ADA, upstream)
  upstream.server.closeAllConnections()
  upstream.server.close()
  const other = visit(app)
  const down = await other.get('/v1/auth/other/redirect')
  t.match([down.statusCode, down.body], [503, /Other does not answer at the moment/])
  t.ok(back)
  t.match(logs(), /A login at a provider has failed/)
  t.notMatch(logs(), CLIENT.clientSecret)
})

t.test('return_to leads nowhere but to this server', async (t) => {
  const { app, upstream } = await world(t)
  for (const target of ['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
    const answer = await logInUpstream(visit(app), upstream, ADA, { query: `?return_to=${encodeURIComponent(target)}` })
    t.match([answer.statusCode, answer.headers.location], [303, '/account'], target)
  }
})

t.test('two callbacks at once: one user, one link', async (t) => {
  const { app, upstream } = await world(t)
  const visitors = Array.from({ length: 4 }, () => visit(app))
  const paths: string[] = []
  for (const visitor of visitors) paths.push(pathOf(await through(await visitor.get('/v1/auth/acme/redirect'), ADA, upstream)))
  const answers = await Promise.all(visitors.map(async (visitor, index) => await visitor.get(paths[index]!)))
  t.same(answers.map(({ statusCode }) => statusCode), [303, 303, 303, 303])
  t.equal((await sql(app, 'SELECT FROM users')).length, 1)
  t.equal((await accounts(app)).length, 1)
})

t.test('a provider that only lets in users who have an account creates none, and registration that is off neither', async (t) => {
  for (const [options, more] of [[{}, { use: 'login' }], [{ registration: 'off' }, {}], [{ registration: 'invite' }, {}]] as const) {
    const { app, upstream, visitor } = await world(t, options, more)
    const answer = await logInUpstream(visitor, upstream, ADA)
    t.match([answer.statusCode, answer.body], [401, /No account here is connected/], JSON.stringify([options, more]))
    t.equal((await sql(app, 'SELECT FROM users')).length, 0)
  }
})

t.test('a provider with the use `login` lets in who has an account here, also by an address that both sides have verified; `register` nobody', async (t) => {
  for (const [use, status, linked] of [['login', 303, 1], ['register', 401, 0]] as const) {
    const { app, upstream, visitor } = await world(t, {}, { use })
    await register(app)
    await sql(app, 'UPDATE identifiers SET verified_at = now()')
    t.equal((await logInUpstream(visitor, upstream, ADA)).statusCode, status, use)
    t.equal((await accounts(app)).length, linked)
    t.equal((await sql(app, 'SELECT FROM users')).length, 1)
  }
})

t.test('a disabled user is not let in', async (t) => {
  const { app, upstream, visitor } = await world(t)
  await logInUpstream(visitor, upstream, ADA)
  await sql(app, 'UPDATE users SET disabled_at = now()')
  const answer = await logInUpstream(visit(app), upstream, ADA)
  t.match([answer.statusCode, answer.body], [401, /you cannot log in here/])
})

t.test('where an address must be verified, that of a provider is enough, and without one nobody is created', async (t) => {
  const { app, upstream } = await world(t, { requireEmailVerification: 'on', mail: { send: async () => {}, from: 'a@example.com' } })
  t.equal((await logInUpstream(visit(app), upstream, ADA)).statusCode, 303)
  const answer = await logInUpstream(visit(app), upstream, { ...ADA, sub: 'eve', email_verified: false })
  t.match([answer.statusCode, answer.body], [401, /has not confirmed an e-mail address/])
  t.equal((await sql(app, 'SELECT FROM users')).length, 1)
})

t.test('during the days of grace a login asks whether to restore the account', async (t) => {
  const { app, upstream } = await world(t)
  await logInUpstream(visit(app), upstream, ADA)
  await sql(app, 'UPDATE users SET deletion_requested_at = now()')
  const visitor = visit(app)
  const asked = await logInUpstream(visitor, upstream, ADA, { query: '?return_to=%2Faccount%2Fsecurity' })
  const page = await visitor.follow(asked)
  t.match(page.body, 'name="decision"')
  const { hidden, action } = formsOf(page)[0]!
  const back = await visitor.post(action, { ...hidden, decision: 'restore' })
  t.match([back.statusCode, back.headers.location], [303, '/account/security'])
  t.match(await sql(app, 'SELECT amr FROM browser_sessions ORDER BY created_at DESC LIMIT 1'), [{ amr: ['fed'] }])
})

t.test('an account that is joined is told of by mail, at the address that both sides have verified', async (t) => {
  const smtp = await startSmtp(t)
  const { app, upstream } = await world(t, { mail: { url: smtp.url, from: 'no-reply@example.com' } })
  await register(app)
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  t.equal((await logInUpstream(visit(app), upstream, ADA)).statusCode, 303)
  const told = () => smtp.mails.filter(({ headers }) => headers['subject'] === 'A new way to log in to Latchkey')
  t.ok(await eventually(() => told().length > 0, 10_000))
  t.match(told(), [{ to: 'ada@example.com', text: /log in to your account at Latchkey with Acme/ }])
  await logInUpstream(visit(app), upstream, ADA)
  t.equal(told().length, 1, 'once')
})

t.test('the language of a new user is that of the browser, and otherwise what the provider says', async (t) => {
  const { app, upstream } = await world(t)
  const locale = async (sub: string, language: string) => {
    await logInUpstream(visit(app, { 'accept-language': language }), upstream, { sub, locale: 'de-AT' })
    return (await sql<{ locale: string | null }>(app, 'SELECT u.locale FROM users u JOIN social_accounts s ON s.user_id = u.id WHERE s.subject = $1', [sub]))[0]!.locale
  }
  t.match(await locale('a', 'fr-FR,fr;q=0.9'), /^fr/)
  t.match(await locale('b', ''), /^de/)
})

import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { EmailSchema, UsernameSchema } from '../../../src/index.ts'
import { createUser } from '../../../src/testing/users.ts'
import { codeIn, createMailbox, linkIn, tokenIn } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { build, login, PASSWORD } from '../../support/start-server.ts'
import { loggedIn } from '../../support/created.ts'
import { authorizeUrl, formOf, logIn, makeApp, paramsOf, visit } from '../../support/visitor.ts'

const EMAIL = 'ada@example.com'
const NEXT = 'another horse battery staple'
const REQUIRED = { requireEmailVerification: 'on' as const }

const pathOf = (link: string) => link.replace('http://localhost:3000', '')
const isVerified = async (app: FastifyInstance) =>
  (await sql<{ verified: boolean }>(app, "SELECT verified_at IS NOT NULL AS verified FROM identifiers WHERE attribute = 'email'"))[0]!.verified
const hasSession = ({ cookies }: { cookies: Map<string, string> }) => cookies.has('latchkey')

t.test('a forgotten password on the pages', async (t) => {
  const box = createMailbox()
  const { app, logs } = await build(t, box.options)
  await createUser(app, { email: EMAIL })
  const visitor = visit(app)
  const loginPage = await visitor.get('/login')
  t.match(loginPage.body, '<a href="/password/forgot">Forgot your password?</a>')
  const form = await visitor.get('/password/forgot')
  t.match(form.body, /autocomplete="username"/)
  const empty = await visitor.submit(form, { email: ' ' })
  t.match([empty.statusCode, empty.body], [422, /Fill in this field/])
  const sent = await visitor.submit(form, { email: EMAIL })
  const nobody = await visitor.submit(form, { email: 'nobody@example.com' })
  t.same([nobody.statusCode, nobody.headers.location], [sent.statusCode, sent.headers.location])
  t.match((await visitor.follow(sent)).body, /Check your mailbox/)
  const [mail] = await box.fetch(app)
  const link = pathOf(linkIn(mail!))

  const page = await visitor.get(link)
  t.equal(page.statusCode, 200)
  t.match(page.body, /autocomplete="username" value="ada@example.com" hidden/)
  t.match(page.body, /autocomplete="new-password"/)
  t.equal(page.headers['referrer-policy'], 'same-origin')
  t.equal(page.headers['cache-control'], 'no-store')
  const weak = await visitor.submit(page, { password: 'short' })
  t.match([weak.statusCode, weak.body], [422, /Use at least 8 characters/])
  const stale = await visitor.post('/password/reset', { ...formOf(page).hidden, _csrf: 'old', password: NEXT })
  t.match([stale.statusCode, stale.body], [403, /open for too long/])
  t.equal(formOf(stale).hidden['token'], tokenIn(mail!), 'the form is there again')
  const done = await visitor.submit(weak, { password: NEXT })
  t.equal(done.statusCode, 303)
  t.match((await visitor.follow(done)).body, /Your new password is set/)
  t.equal((await login(app, { email: EMAIL, password: NEXT })).statusCode, 200)
  const again = await visitor.get(link)
  t.match([again.statusCode, again.body], [403, /does not work any more[^]*href="\/password\/forgot"/])
  t.match((await visitor.submit(page, { password: 'a third horse battery' })).body, /does not work any more/)
  t.match((await visit(app, { 'accept-language': 'de' }).get('/password/forgot')).body, /Passwort vergessen/)
  t.notMatch(logs(), tokenIn(mail!))
})

t.test('whoever only opens links, as a mail scanner does, changes nothing', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  await createUser(app, { email: EMAIL })
  await app.inject({ method: 'POST', url: '/v1/email/verification-notification', payload: { email: EMAIL } })
  const verification = linkIn((await box.fetch(app))[0]!)
  await app.inject({ method: 'POST', url: '/v1/password/forgot', payload: { email: EMAIL } })
  const reset = linkIn((await box.fetch(app))[0]!)
  for (const link of [verification, reset]) {
    const url = pathOf(link)
    const [path] = url.split('?')
    const payload = { token: tokenIn({ text: link }), password: NEXT, without: '1' }
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    for (const answer of [
      await app.inject({ url }),
      await app.inject({ method: 'HEAD', url }),
      await app.inject({ method: 'OPTIONS', url }),
      await app.inject({ method: 'POST', url, headers: form, payload: '' }),
      await app.inject({ method: 'POST', url: path!, headers: form, payload: new URLSearchParams(payload).toString() }),
      await app.inject({ method: 'POST', url: path!, payload }),
      await app.inject({ url: `/v1/email/verify/x/${payload.token}` })
    ]) t.notMatch([302, 303], answer.statusCode)
  }
  t.equal(await isVerified(app), false)
  t.equal((await login(app)).statusCode, 200)
  t.equal((await sql(app, 'SELECT FROM one_time_tokens')).length, 2)
})

t.test('a login that lacks only the verification: mail, code, and on to where it was to lead', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, ...REQUIRED })
  await createUser(app, { email: EMAIL })
  const client = await makeApp(app, { firstParty: true, skipsConsent: true })
  const visitor = visit(app)
  const loginPage = await visitor.follow(await visitor.get(authorizeUrl(client.id)))
  const refused = await visitor.submit(loginPage, { username: EMAIL, password: PASSWORD })
  t.match([refused.statusCode, refused.body], [403, /We have sent a mail to ada@example\.com/])
  t.match(refused.body, /autocomplete="one-time-code"/)
  t.notOk(hasSession(visitor))
  const [mail] = await box.fetch(app)
  t.match(mail, { to: EMAIL })
  t.match(mail!.text, /valid for 10 minutes/)
  const wrong = await visitor.submit(refused, { code: '12345' })
  t.match([wrong.statusCode, wrong.body], [422, /This code is wrong or too old/])
  const right = await visitor.submit(wrong, { code: codeIn(mail!) })
  t.equal(right.statusCode, 303)
  t.ok(hasSession(visitor))
  t.notOk(visitor.cookies.has('latchkey-auth'))
  t.match(paramsOf(await visitor.follow(right)), { code: /^lk_ac_/ })
  t.equal(await isVerified(app), true)
  t.equal((await login(app)).statusCode, 200, 'the password is kept')
  t.match(await box.fetch(app), [{ subject: /^Welcome/ }])
})

t.test('the link in the browser of the login keeps everything, and logs in; a code is for that browser alone', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, ...REQUIRED })
  await createUser(app, { email: EMAIL })
  const visitor = visit(app)
  await logIn(visitor)
  const [first] = await box.fetch(app)
  const other = visit(app)
  const elsewhere = await logIn(other)
  const [second] = await box.fetch(app)
  t.ok(second, 'each login gets a mail of its own, within the limits')
  t.equal((await visitor.submit(elsewhere, { code: codeIn(second!) })).statusCode, 403, 'not with the form of another browser')
  const again = await visitor.get('/email/verify?sent=1')
  t.equal((await visitor.submit(again, { code: codeIn(second!) })).statusCode, 422)
  t.match((await visitor.get(pathOf(linkIn(first!)))).body, /does not work any more/, 'a newer mail was sent')
  const page = await visitor.get(pathOf(linkIn(second!)))
  t.notMatch(page.body, /type="password"/)
  const done = await visitor.submit(page)
  t.match([done.statusCode, done.headers.location], [303, '/account'])
  t.ok(hasSession(visitor))
  t.equal((await login(app)).statusCode, 200)
})

t.test('the link in another browser: the password keeps everything', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, login: { attributes: { email: EmailSchema, username: UsernameSchema } } })
  await createUser(app, { email: EMAIL, username: 'ada' })
  await app.inject({ method: 'POST', url: '/v1/email/verification-notification', payload: { email: EMAIL } })
  const visitor = visit(app)
  const page = await visitor.get(pathOf(linkIn((await box.fetch(app))[0]!)))
  t.match(page.body, /autocomplete="current-password"/)
  const wrong = await visitor.submit(page, { password: 'wrong' })
  t.match([wrong.statusCode, wrong.body], [401, /password is wrong/])
  const none = await visitor.submit(page)
  t.equal(none.statusCode, 401)
  t.equal(await isVerified(app), false)
  const right = await visitor.submit(wrong, { password: PASSWORD })
  t.equal(right.statusCode, 303)
  t.ok(hasSession(visitor), 'it was a login')
  t.equal(await isVerified(app), true)
  t.equal((await login(app)).statusCode, 200)
})

t.test('the link in another browser, without the password: whoever prepared the account is out, and the owner chooses a password', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const attacker = await loggedIn(app)
  await app.inject({ method: 'POST', url: '/v1/email/verification-notification', payload: { email: EMAIL } })
  const owner = visit(app)
  const page = await owner.get(pathOf(linkIn((await box.fetch(app))[0]!)))
  const gone = await owner.submit(page, { without: '1' })
  t.match(gone.headers.location, /^\/password\/reset\?token=lk_ot_/)
  const choose = await owner.follow(gone)
  t.match(choose.body, /the old password is gone/)
  t.equal((await login(app)).statusCode, 401)
  t.equal((await attacker.get('/account')).statusCode, 303, 'logged out')
  t.equal((await owner.submit(choose, { password: NEXT })).statusCode, 303)
  t.equal((await login(app, { email: EMAIL, password: NEXT })).statusCode, 200)
})

t.test('a logged-in browser: send, code, link; the session of somebody else counts for nothing', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const ada = await loggedIn(app)
  const page = await ada.get('/email/verify')
  t.match(page.body, /We send a mail to ada@example\.com/)
  t.notMatch(page.body, /one-time-code/)
  const sent = await ada.follow(await ada.submit(page, { send: '1' }))
  t.match(sent.body, /one-time-code/)
  const [mail] = await box.fetch(app)
  await createUser(app, { email: 'eve@example.com' })
  const eve = visit(app)
  await logIn(eve, '/login', { username: 'eve@example.com' })
  t.match((await eve.get(pathOf(linkIn(mail!)))).body, /current-password/)
  const keeps = await ada.get(pathOf(linkIn(mail!)))
  t.notMatch(keeps.body, /current-password/)
  const done = await ada.follow(await ada.submit(sent, { code: codeIn(mail!) }))
  t.match(done.body, /Your account/)
  t.match((await ada.submit(keeps)).body, /does not work any more/, 'the code has used it up')
  t.match((await ada.get('/email/verify')).body, /is confirmed/)
})

t.test('a guest gets a new link by what they log in with; return_to stays here', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  await createUser(app, { email: EMAIL })
  const visitor = visit(app)
  const page = await visitor.get('/email/verify?return_to=//evil.example')
  t.notMatch(page.body, 'evil')
  t.equal((await visitor.submit(page, { email: '' })).statusCode, 422)
  const [known, unknown] = [await visitor.submit(page, { email: EMAIL }), await visitor.submit(page, { email: 'nobody' })]
  t.same([unknown.statusCode, unknown.headers.location], [known.statusCode, known.headers.location])
  t.match(await box.fetch(app), [{ to: EMAIL }])
  t.match((await visitor.get('/email/verify?done=1&return_to=https://evil.example')).body, 'href="/account"')
})

t.test('where nothing can be sent there are no pages, apart from that of links of the operator', async (t) => {
  const { app } = await build(t)
  for (const url of ['/password/forgot', '/email/verify']) t.equal((await app.inject({ url })).statusCode, 404, url)
  t.equal((await app.inject({ url: '/password/reset' })).statusCode, 403)
  t.notMatch((await app.inject({ url: '/password/reset' })).body, 'forgot')
  t.notMatch((await app.inject('/login')).body, 'forgot')
})

import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { UsernameSchema, EmailSchema } from '../../../src/index.ts'
import { advanceTime } from '../../../src/testing.ts'
import { createMailbox, linkIn, tokenIn } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { register, signedIn } from '../../support/created.ts'
import { build, createDatabase, eventually, login, PASSWORD, profile, refresh } from '../../support/start-server.ts'

const EMAIL = 'ada@example.com'
const NEXT = 'another horse battery staple'
const RESET_URLS = ['https://app.example.com/reset-password', 'https://app.example.com/with?lang=de', 'com.example.app:/reset']

const post = (app: FastifyInstance, url: string, payload: object, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url, payload, headers })
const forgot = (app: FastifyInstance, payload: object = { email: EMAIL }, headers: Record<string, string> = {}) =>
  post(app, '/v1/password/forgot', payload, headers)
const reset = (app: FastifyInstance, token: string, more: object = {}) =>
  post(app, '/v1/password/reset', { email: EMAIL, token, password: NEXT, ...more })
const resetToo = (app: FastifyInstance, token: string, more: object = {}) =>
  post(app, '/v1/reset-password', { email: EMAIL, token, password: NEXT, password_confirmation: NEXT, ...more })

t.test('a forgotten password: a mail, a new password, every session ends, and the user is told', async (t) => {
  const box = createMailbox()
  const { app, logs } = await build(t, { ...box.options, appUrl: 'https://id.example', resetUrls: RESET_URLS })
  const { user, ...tokens } = await signedIn(app)
  const asked = await forgot(app, { email: ' Ada@Example.com ', reseturl: RESET_URLS[0] })
  t.same([asked.statusCode, asked.body], [204, ''])
  const [mail, ...others] = await box.fetch(app)
  t.same(others, [])
  t.match(mail, { to: EMAIL, subject: 'Set a new password for Latchkey' })
  const link = new URL(linkIn(mail!))
  t.equal(link.origin + link.pathname, RESET_URLS[0])
  t.same([...link.searchParams.keys()], ['token', 'email'])
  t.equal(link.searchParams.get('email'), EMAIL)
  t.match(mail!.text, /email=ada%40example\.com/, 'percent-encoded')

  const events: string[] = []
  app.latchkey.on('password.reset', ({ userId }) => { events.push(userId) })
  const weak = await reset(app, tokenIn(mail!), { password: 'short' })
  t.equal(weak.statusCode, 422)
  t.same(Object.keys(weak.json<{ errors: object }>().errors), ['password'])
  const done = await reset(app, tokenIn(mail!))
  t.same([done.statusCode, done.body], [204, ''], 'a weak password has not used it up')
  t.equal((await profile(app, tokens.access_token)).statusCode, 401, 'every session has ended')
  t.equal((await refresh(app, tokens.refresh_token)).statusCode, 401)
  t.equal((await login(app)).statusCode, 401)
  t.equal((await login(app, { email: EMAIL, password: NEXT })).statusCode, 200)
  t.same(events, [user.id])
  t.ok(await eventually(async () => (await sql(app, "SELECT FROM audit_events WHERE type = 'password.reset'")).length === 1))
  const [told] = await box.fetch(app)
  t.match(told, { to: EMAIL, subject: 'Your password for Latchkey was changed' })
  t.match(told!.text, 'https://id.example/password/forgot')
  t.match(await sql(app, 'SELECT verified_at IS NOT NULL AS verified FROM identifiers'), [{ verified: true }], 'the mailbox is proven')
  t.notMatch(logs(), tokenIn(mail!))
  t.notMatch(logs(), NEXT)
})

t.test('both generations of the guide', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options })
  await register(app)
  const asked = await post(app, '/v1/forgot-password', { email: EMAIL })
  t.match([asked.statusCode, asked.json()], [202, { message: /mail/ }])
  const [mail] = await box.fetch(app)
  t.match(linkIn(mail!), /^http:\/\/localhost:3000\/password\/reset\?token=lk_ot_/, 'our own page')
  const token = tokenIn(mail!)
  const unrepeated = await resetToo(app, token, { password_confirmation: undefined })
  t.match([unrepeated.statusCode, unrepeated.json()], [422, { errors: { password_confirmation: [/required/] } }])
  const differs = await resetToo(app, token, { password_confirmation: `${NEXT}!` })
  t.match([differs.statusCode, differs.json()], [422, { errors: { password: ['The password field confirmation does not match.'] } }])
  const done = await resetToo(app, token)
  t.match([done.statusCode, done.json()], [200, { message: 'Your password has been reset.' }])
  const replayed = await resetToo(app, token)
  t.match([replayed.statusCode, replayed.json()], [422, { errors: { token: ['This password reset token is invalid.'] } }])
  t.same((await resetToo(app, 'lk_ot_forged')).json(), replayed.json())
})

t.test('a bad token has one answer, whatever is wrong with it', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options })
  await register(app)
  await register(app, { email: 'eve@example.com' })
  const ask = async () => {
    await forgot(app)
    return tokenIn((await box.fetch(app))[0]!)
  }
  const superseded = await ask()
  const token = await ask()
  const verify = async () => {
    await post(app, '/v1/email/verification-notification', { email: EMAIL })
    return tokenIn((await box.fetch(app))[0]!)
  }
  const otherPurpose = await verify()
  const bad = [
    await reset(app, 'x'),
    await reset(app, token.slice(0, -1) + (token.endsWith('A') ? 'E' : 'A')),
    await reset(app, superseded),
    await reset(app, otherPurpose),
    await reset(app, token, { email: 'eve@example.com' }),
    await reset(app, token, { email: 'nobody@example.com' }),
    await reset(app, token, { email: 'not an identifier at all' }),
    await reset(app, 'x', { password: 'short' })
  ]
  await sql(app, "UPDATE one_time_tokens SET expires_at = now() - interval '1 second'")
  bad.push(await reset(app, token))
  for (const answer of bad) {
    t.same([answer.statusCode, answer.json()], [403, {
      statusCode: 403, code: 'LK_INVALID_TOKEN', error: 'Forbidden', message: 'The token is invalid or has expired.'
    }])
  }
  t.equal((await login(app)).statusCode, 200, 'nothing has changed')
  const fresh = await ask()
  const at = await Promise.all(Array.from({ length: 6 }, (_, index) => reset(app, fresh, { password: `${NEXT} ${index}` })))
  t.same(at.map(({ statusCode }) => statusCode).sort(), [204, 403, 403, 403, 403, 403], 'of six at once one wins')
  t.equal((await login(app, { email: EMAIL, password: `${NEXT} ${at.findIndex(({ statusCode }) => statusCode === 204)}` })).statusCode, 200)
})

t.test('any login identifier; the mail goes to the stored address, never to a typed one', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, login: { attributes: { email: EmailSchema, username: UsernameSchema } } })
  await register(app, { email: EMAIL, username: 'ada' })
  await register(app, { username: 'bob' })
  for (const email of ['ada', 'ADA@EXAMPLE.COM']) {
    await forgot(app, { email })
    t.match(await box.fetch(app), [{ to: EMAIL }], email)
  }
  for (const email of ['bob', 'nobody', 'nobody@example.com', 'ada@example.com,eve@example.com', 'ada@example.com\r\nBcc: eve@example.com', '?']) {
    const answer = await forgot(app, { email })
    t.same([answer.statusCode, answer.body], [204, ''], email)
    t.same(await box.fetch(app), [], email)
  }
  t.same((await forgot(app, {})).json<{ errors: object }>().errors, { email: ['The email field is required.'] })
  t.equal((await forgot(app, { email: 5 })).statusCode, 422)
  await sql(app, 'UPDATE users SET disabled_at = now()')
  await forgot(app)
  t.same(await box.fetch(app), [], 'a disabled user')
})

t.test('the address of a link is one of RESET_URLS, of an app, or ours: nothing of it is from the request', async (t) => {
  const box = createMailbox()
  const apps = { web: { resetUrl: 'https://web.example.com/r' }, admin: { resetUrl: 'https://admin.example.com/r?a=1' }, plain: {} }
  const { app } = await build(t, { ...box.options, resetUrls: RESET_URLS, apps, appUrl: 'https://id.example' })
  await register(app)
  const ask = async (payload: object, headers: Record<string, string> = {}) => {
    const { statusCode } = await forgot(app, { email: EMAIL, ...payload }, headers)
    t.equal(statusCode, 204)
    return linkIn((await box.fetch(app))[0]!)
  }
  t.match(await ask({ reseturl: 'HTTPS://APP.example.com:443/reset-password' }), /^https:\/\/app\.example\.com\/reset-password\?token=/)
  t.match(await ask({ reseturl: RESET_URLS[1] }), /^https:\/\/app\.example\.com\/with\?lang=de&token=/, 'its query is kept')
  t.match(await ask({ reseturl: RESET_URLS[2] }), /^com\.example\.app:\/reset\?token=/)
  t.match(await ask({}), /^https:\/\/web\.example\.com\/r\?token=/, 'the app `web`')
  t.match(await ask({}, { 'app-identifier': 'admin' }), /^https:\/\/admin\.example\.com\/r\?a=1&token=/)
  t.match(await ask({}, { 'app-identifier': 'plain' }), /^https:\/\/id\.example\/password\/reset\?token=/)
  t.match(await ask({}, { 'app-identifier': 'plain', host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' }),
    /^https:\/\/id\.example\/password\/reset\?token=/, 'the Host header is not asked')
  for (const name of ['nope', 'constructor', '__proto__', 'WEB', '']) {
    const unknown = await forgot(app, { email: EMAIL }, { 'app-identifier': name })
    t.match([unknown.statusCode, unknown.json()], [400, { code: 'LK_UNKNOWN_APP' }], name)
  }
  for (const url of [
    'https://evil.example/', 'https://app.example.com', 'https://app.example.com/reset-password/../x', 'https://app.example.com/reset-password2',
    'https://app.example.com/reset-password/', 'https://app.example.com.evil.example/reset-password', 'http://app.example.com/reset-password',
    'https://app.example.com@evil.example/reset-password', 'https://ada@app.example.com/reset-password', 'https://app.example.com:444/reset-password',
    'https:\\\\app.example.com\\reset-password', 'https://app.example.com\\@evil.example/reset-password', '//app.example.com/reset-password',
    'https://app.example.com/reset-password?next=https://evil.example', 'https://app.example.com/reset-password#x', 'https://app.example.com/RESET-PASSWORD',
    'https://app.example.com/reset-password ', '\thttps://app.example.com/reset-password', 'javascript:alert(1)//https://app.example.com/reset-password',
    'https://app.example.com/reset%2Dpassword', 'https://аpp.example.com/reset-password', ''
  ]) {
    const refused = await forgot(app, { email: EMAIL, reseturl: url })
    t.match([refused.statusCode, refused.json()], [422, { errors: { reseturl: ['The selected reseturl is invalid.'] } }], url)
  }
  t.same(await box.fetch(app), [])
})

t.test('an address gets one mail a minute, five an hour, and no answer tells so', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, rateLimit: 'on', login: { attributes: { email: EmailSchema, username: UsernameSchema } } })
  await register(app, { email: EMAIL, username: 'ada' })
  const answers = [await forgot(app), await forgot(app), await forgot(app, { email: 'ada' }), await forgot(app, { email: 'nobody' })]
  t.same(answers.map(({ statusCode, body }) => [statusCode, body]), answers.map(() => [204, '']))
  t.equal((await box.fetch(app)).length, 1)
  for (let minute = 0; minute < 8; minute++) {
    await advanceTime(app, 61)
    await forgot(app)
  }
  t.equal((await box.fetch(app)).length, 4)
})

t.test('language: that of the user, never that of whoever asks', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options })
  await register(app)
  await forgot(app, { email: EMAIL }, { 'accept-language': 'de' })
  t.match(await box.fetch(app), [{ subject: /^Set a new password/ }])
  await sql(app, "UPDATE users SET locale = 'de-AT'")
  await forgot(app, { email: EMAIL }, { 'accept-language': 'en' })
  t.match(await box.fetch(app), [{ text: /Passwort/ }])
})

t.test('no pre-hijacking: whoever registered the address of somebody else loses the account with its reset', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, login: { attributes: { email: EmailSchema, username: UsernameSchema } } })
  const { user, ...attacker } = await signedIn(app, { email: EMAIL, username: 'ada' })
  await forgot(app)
  t.equal((await reset(app, tokenIn((await box.fetch(app))[0]!))).statusCode, 204)
  t.equal((await profile(app, attacker.access_token)).statusCode, 401)
  t.equal((await login(app, { email: EMAIL, password: PASSWORD })).statusCode, 401)
  t.match(await sql(app, 'SELECT attribute FROM identifiers WHERE user_id = $1 ORDER BY 1', [user.id]), [{ attribute: 'email' }, { attribute: 'username' }])
})

t.test('where nothing can be sent there are no routes', async (t) => {
  const { app } = await build(t, { databaseUrl: await createDatabase(t) })
  for (const url of ['/v1/password/forgot', '/v1/forgot-password', '/v1/password/reset', '/v1/reset-password', '/v1/email/verify', '/v1/email/verification-notification']) {
    t.equal((await post(app, url, { email: EMAIL })).statusCode, 404, url)
  }
  t.notMatch((await app.inject('/login')).body, 'Forgot')
})

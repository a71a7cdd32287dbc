import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { setPassword } from '../../../src/cli/user-account.ts'
import { contextFor } from '../../cli/helper.ts'
import { FROM, outboxRows } from '../../support/mail.ts'
import { sql } from '../../support/session-rows.ts'
import { startSmtp, type SmtpServer } from '../../support/smtp.ts'
import { loggedIn, register, signedIn } from '../../support/created.ts'
import { build, eventually, makeClient, PASSWORD, type Built } from '../../support/start-server.ts'
import { deviceCookie, rightly } from '../../support/throttled.ts'
import { formOf, logIn, visit } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const EMAIL = 'ada@example.com'
const NEXT = 'another correct horse battery'
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0'
const SAFARI = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15'
const HOME = '203.0.113.1'
const AWAY = '198.51.100.7'

type Sent = Built & { smtp: SmtpServer }

async function withMail (t: Test, options: object = {}): Promise<Sent> {
  const smtp = await startSmtp(t)
  return { ...await build(t, { mail: { url: smtp.url, from: FROM }, appUrl: 'https://id.example', rateLimit: 'on', ...options }), smtp }
}

/** What has been sent once nothing waits: its recipients and subjects. */
async function sent ({ app, smtp }: Pick<Sent, 'app' | 'smtp'>): Promise<string[]> {
  if (!await eventually(async () => (await outboxRows(app)).length === 0)) throw new Error('mails wait')
  return smtp.mails.map(({ to, headers }) => `${to}: ${headers['subject']}`)
}

const verified = (app: FastifyInstance) => sql(app, 'UPDATE identifiers SET verified_at = now()')
/** The minute between two notices. */
const later = (app: FastifyInstance) => sql(app, 'DELETE FROM rate_limits')
const from = (ip: string, agent: string, cookie?: string) => ({ from: ip, headers: { 'user-agent': agent, ...(cookie && { cookie }) } })
const NEW_DEVICE = `${EMAIL}: New login to your account at Latchkey`
const CHANGED = `${EMAIL}: Your password for Latchkey was changed`

t.test('a login from a device that is not known is told to a verified address, with browser and address', async (t) => {
  const { app, smtp } = await withMail(t)
  await register(app)
  await verified(app)
  const first = await rightly(app, from(HOME, FIREFOX))
  t.same(await sent({ app, smtp }), [], 'not the first login')
  const cookie = deviceCookie(first)!.pair
  t.equal((await rightly(app, from(AWAY, SAFARI, cookie))).statusCode, 200)
  t.same(await sent({ app, smtp }), [], 'nor a known device, wherever it is')
  t.equal((await rightly(app, from(HOME, FIREFOX))).statusCode, 200)
  t.same(await sent({ app, smtp }), [], 'nor the same browser in the same network, which has lost its cookie')
  t.equal((await rightly(app, { ...from(AWAY, SAFARI), password: 'a password that is wrong' })).statusCode, 401)
  t.same(await sent({ app, smtp }), [], 'nor a wrong password')

  t.equal((await rightly(app, from(AWAY, FIREFOX))).statusCode, 200)
  t.same(await sent({ app, smtp }), [NEW_DEVICE], 'a browser of the same kind elsewhere')
  const [mail] = smtp.mails
  for (const words of [AWAY, 'Firefox on Linux', 'https://id.example/account']) t.match(mail!.text, words)
  await later(app)
  t.equal((await rightly(app, from(HOME, SAFARI))).statusCode, 200)
  t.same(await sent({ app, smtp }), [NEW_DEVICE, NEW_DEVICE], 'another browser in the same network')
})

t.test('a device of another user is not known, and every way to log in is told', async (t) => {
  const { app, smtp } = await withMail(t)
  await register(app)
  await register(app, { email: 'mallory@example.com' })
  await verified(app)
  const mallorys = deviceCookie(await rightly(app, { email: 'mallory@example.com', ...from(AWAY, SAFARI) }))!.pair
  await rightly(app, from(HOME, FIREFOX))
  t.equal((await rightly(app, from(AWAY, SAFARI, mallorys))).statusCode, 200)
  t.same(await sent({ app, smtp }), [NEW_DEVICE], 'the cookie of somebody else')

  await later(app)
  const page = visit(app, { 'user-agent': 'Page/1.0' })
  t.equal((await logIn(page)).statusCode, 303)
  t.equal((await sent({ app, smtp })).length, 2, 'the page')
  await later(app)
  await page.get('/logout').then((shown) => page.submit(shown))
  t.equal((await logIn(page)).statusCode, 303)
  t.equal((await sent({ app, smtp })).length, 2, 'once')

  const { basic } = await makeClient(app)
  const answer = await app.inject({
    method: 'POST', url: '/v1/oauth/token', headers: { authorization: basic, 'user-agent': 'Backend/1.0' },
    payload: { grant_type: 'password', username: EMAIL, password: PASSWORD }
  })
  t.equal(answer.statusCode, 200)
  t.equal((await sent({ app, smtp })).length, 3, 'the token endpoint')
})

t.test('to an address that is not verified the notice holds neither browser nor address', async (t) => {
  const { app, smtp } = await withMail(t)
  await register(app, { email: EMAIL, name: 'Buy at evil.example' })
  await rightly(app, from(HOME, FIREFOX))
  await rightly(app, from(AWAY, SAFARI))
  t.same(await sent({ app, smtp }), [NEW_DEVICE])
  t.notMatch(smtp.mails[0]!.text, /Safari|198\.51|evil/)
})

t.test('one notice a minute, five an hour: what people ask for does not hold it back', async (t) => {
  const { app, smtp } = await withMail(t)
  await register(app)
  await verified(app)
  await rightly(app, from(HOME, FIREFOX))
  await app.inject({ method: 'POST', url: '/v1/password/forgot', payload: { email: EMAIL } })
  for (const agent of ['One/1.0', 'Two/1.0', 'Three/1.0']) t.equal((await rightly(app, from(AWAY, agent))).statusCode, 200)
  t.same((await sent({ app, smtp })).filter((mail) => mail === NEW_DEVICE), [NEW_DEVICE])
})

t.test('the first login of an account older than a month is told: its earlier logins may be forgotten', async (t) => {
  const { app, smtp } = await withMail(t)
  await register(app)
  await verified(app)
  await sql(app, "UPDATE users SET created_at = now() - interval '31 days'")
  await rightly(app, from(AWAY, SAFARI))
  t.same(await sent({ app, smtp }), [NEW_DEVICE])
})

t.test('a mail server that does not answer delays no login, and the notice is sent later', async (t) => {
  const { app, smtp } = await withMail(t)
  await register(app)
  await verified(app)
  await rightly(app, from(HOME, FIREFOX))
  await smtp.stop()
  t.equal((await rightly(app, from(AWAY, SAFARI))).statusCode, 200)
  t.equal((await outboxRows(app)).length, 1, 'it is written with the session')
  const back = await startSmtp(t, { port: smtp.port })
  await sql(app, 'UPDATE outbox SET next_attempt_at = now()')
  internals(app).store.outbox.announce()
  t.ok(await eventually(() => back.mails.length === 1, 40_000))
})

t.test('no notice without a session: the password was changed during the login', async (t) => {
  const { app } = await withMail(t)
  const { user } = await signedIn(app)
  const { store, mail } = internals(app)
  const notices = mail.queue('newDevice', { address: EMAIL, verified: true }, { at: new Date(), url: 'https://id.example/account' }, { locale: 'en' })
  const { id } = await makeClient(app)
  const session = {
    id: user.id, userId: user.id, amr: ['pwd'], clientId: id, scopes: [], resources: [], secretHash: Buffer.alloc(32), ttl: 60,
    caller: { ip: HOME, userAgent: undefined }, notices
  }
  t.equal(await store.sessions.create({ ...session, passwordStamp: 7 }), null)
  t.same(await outboxRows(app), [])
  t.ok(await store.sessions.create({ ...session, passwordStamp: 0 }))
  t.same((await outboxRows(app)).map((row) => row.id), notices.map((entry) => entry.id))
})

t.test('a password that was changed by API, on the page or by the operator is told to the user', async (t) => {
  const { app, smtp, databaseUrl } = await withMail(t)
  const { userId, ...visitor } = await loggedIn(app, { 'user-agent': FIREFOX, origin: 'https://id.example', 'accept-language': 'de' })
  await verified(app)
  const tokens = (await rightly(app, from('127.0.0.1', FIREFOX))).json<{ access_token: string }>()
  const patch = (payload: object) => app.inject({
    method: 'PATCH', url: '/v1/profile/password', payload,
    headers: { authorization: `Bearer ${tokens.access_token}`, 'user-agent': FIREFOX }, remoteAddress: HOME
  })
  t.equal((await patch({ current_password: 'wrong', new_password: NEXT })).statusCode, 422)
  t.same(await sent({ app, smtp }), [])
  t.equal((await patch({ current_password: PASSWORD, new_password: NEXT })).statusCode, 200)
  t.same(await sent({ app, smtp }), [CHANGED])
  for (const words of [HOME, 'Firefox on Linux', 'https://id.example/password/forgot']) t.match(smtp.mails[0]!.text, words)

  await logIn(visitor, '/login', { password: NEXT })
  const page = await visitor.get('/account/security')
  const { hidden } = formOf(page)
  const answer = await visitor.post('/account/security/password', { ...hidden, current_password: NEXT, new_password: PASSWORD })
  t.equal(answer.statusCode, 303, answer.body)
  t.same((await sent({ app, smtp })).length, 2)

  const context = await contextFor(t, {
    DATABASE_URL: databaseUrl, SMTP_URL: smtp.url, MAIL_FROM: 'Northwind <no-reply@northwind.example>', APP_URL: 'https://id.example'
  })
  await setPassword(context, EMAIL, { password: NEXT })
  internals(app).store.outbox.announce()
  t.same((await sent({ app, smtp })).at(-1), CHANGED)
  t.notMatch(smtp.mails.at(-1)!.text, 'Firefox', 'nothing is known of the operator')
  t.match(await sql(app, 'SELECT password_stamp FROM users WHERE id = $1', [userId]), [{ password_stamp: 3 }])
})

t.test('each of these can be turned off', async (t) => {
  const { app, smtp } = await withMail(t, { notices: { newDevice: false, passwordChanged: false, verified: false, welcome: false } })
  const { access_token: accessToken } = await signedIn(app)
  await rightly(app, from(AWAY, SAFARI))
  const headers = { authorization: `Bearer ${accessToken}` }
  const changed = await app.inject({
    method: 'PATCH', url: '/v1/profile/password', headers, payload: { current_password: PASSWORD, new_password: NEXT }
  })
  t.equal(changed.statusCode, 200)
  await app.inject({ method: 'POST', url: '/v1/email/verification-notification', headers })
  t.same((await sent({ app, smtp })).length, 1, 'what was asked for is sent')
  const code = /: (\d{6})\s/.exec(smtp.mails[0]!.text)![1]
  const proof = await app.inject({ method: 'POST', url: '/v1/email/verify', headers, payload: { code } })
  t.equal(proof.statusCode, 200, proof.body)
  t.same((await sent({ app, smtp })).length, 1)
})

import t from 'tap'
import { internals } from '../../../plugins/internals.ts'
import { UsernameSchema, EmailSchema } from '../../../src/index.ts'
import { createMailbox, codeIn, linkIn, tokenIn } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { build, login, register, type Tokens } from '../../support/start-server.ts'
import { ON } from '../../support/throttled.ts'
import { visit } from '../../support/visitor.ts'

const NASTY = 'Win a prize at evil.example'
const ADA = 'ada@example.com'

const subjects = (mails: { subject: string }[]) => mails.map(({ subject }) => subject)

t.test('a registration is followed by one mail, which verifies the address; who verifies it is welcomed', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, ...ON, appUrl: 'https://id.example' })
  const { id } = (await register(app, { email: ADA, name: NASTY })).json<{ id: string }>()
  const [mail, ...others] = await box.fetch(app)
  t.same(others, [])
  t.match(mail, { to: ADA, subject: 'Confirm your e-mail address for Latchkey' })
  t.ok(linkIn(mail!).startsWith('https://id.example/email/verify?token='))
  t.notMatch(`${mail!.subject} ${mail!.text} ${mail!.html}`, NASTY, 'the address is not verified: nothing that somebody typed')
  const { access_token: access } = (await login(app)).json<Tokens>()
  const verified = await app.inject({
    method: 'POST', url: `/v1/email/verify/${id}/${tokenIn(mail!)}`, headers: { authorization: `Bearer ${access}` }
  })
  t.equal(verified.statusCode, 200)
  const [welcome, ...more] = await box.fetch(app)
  t.same(more, [])
  t.match(welcome, { to: ADA, subject: 'Welcome to Latchkey', text: NASTY })
})

t.test('so it is on the page, in its language', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const visitor = visit(app, { 'accept-language': 'de' })
  await visitor.submit(await visitor.get('/register'), { email: ADA, password: 'correct horse battery staple' })
  const [mail] = await box.fetch(app)
  t.match(mail!.subject, 'E-Mail-Adresse')
  const done = await visitor.submit(await visitor.get(linkIn(mail!).replace(/^https?:\/\/[^/]+/, '')))
  t.equal(done.statusCode, 303, 'logged in: one button')
  t.match(subjects(await box.fetch(app)), [/^Willkommen/])
})

t.test('where the verification is required, the welcome comes after it', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, requireEmailVerification: 'on' })
  const { auth_session: session } = (await register(app)).json<{ auth_session: string }>()
  const [mail, ...others] = await box.fetch(app)
  t.same(others, [])
  await app.inject({ method: 'POST', url: '/v1/email/verify', payload: { auth_session: session, code: codeIn(mail!) } })
  t.same(subjects(await box.fetch(app)), ['Welcome to Latchkey'])
})

t.test('an account that somebody else has prepared is not welcomed to, and a second address neither', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const { id } = (await register(app)).json<{ id: string }>()
  const [mail] = await box.fetch(app)
  await app.inject({ method: 'POST', url: `/v1/email/verify/${id}/${tokenIn(mail!)}` })
  t.same(subjects(await box.fetch(app)), ['Your e-mail address is confirmed for Latchkey'])
})

t.test('an invitation has verified the address: welcome at once', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, registration: 'invite' })
  const invitations = (await internals(app).invitations())!
  const { url } = await invitations.create(invitations.attribute.parse(ADA)!, 'en')
  await box.fetch(app)
  t.equal((await register(app, { invitation: new URL(url).searchParams.get('invitation')! })).statusCode, 201)
  t.same(subjects(await box.fetch(app)), ['Welcome to Latchkey'])
})

t.test('nothing is sent without an address, a transport, or a page that the link could lead to', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, login: { attributes: { email: EmailSchema, username: UsernameSchema } } })
  t.equal((await register(app, { username: 'ada' })).statusCode, 201)
  const { app: api } = await build(t, { ...box.options, routes: { pages: false } })
  t.equal((await register(api)).statusCode, 201)
  const { app: off } = await build(t)
  t.equal((await register(off)).statusCode, 201)
  for (const each of [app, api, off]) t.same(await sql(each, 'SELECT FROM outbox'), [])
})

t.test('the mail is written with the user: where it cannot be, there is no user, and the same registration succeeds later', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const invitations = (await internals(app).invitations())!
  const { url } = await invitations.create(invitations.attribute.parse('grace@example.com')!, 'en')
  await box.fetch(app)
  const visitor = visit(app)
  const form = await visitor.get('/register')
  const submitted = [
    () => register(app),
    () => visitor.submit(form, { email: 'linus@example.com', password: 'correct horse battery staple' }),
    () => register(app, { invitation: new URL(url).searchParams.get('invitation')! })
  ]
  await sql(app, 'ALTER TABLE outbox ADD CONSTRAINT no_rows CHECK (false) NOT VALID')
  for (const submit of submitted) t.equal((await submit()).statusCode, 500)
  for (const table of ['users', 'identifiers']) t.same(await sql(app, `SELECT FROM ${table}`), [], table)
  t.same(await sql(app, 'SELECT purpose FROM one_time_tokens'), [{ purpose: 'invite' }], 'the invitation is still valid')
  await sql(app, 'ALTER TABLE outbox DROP CONSTRAINT no_rows')
  t.same([(await submitted[0]!()).statusCode, (await submitted[1]!()).statusCode, (await submitted[2]!()).statusCode], [201, 303, 201])
  t.same((await box.fetch(app)).map(({ to }) => to).sort(), ['ada@example.com', 'grace@example.com', 'linus@example.com'])
})

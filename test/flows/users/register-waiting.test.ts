import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import { readyAttributes } from '../../../src/schemas/identifiers.ts'
import { createUser } from '../../../src/testing/users.ts'
import { build, eventually, login, PASSWORD, register } from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'
import { visit } from '../../support/visitor.ts'

const ADA = 'ada@example.com'
const SECURE = { origin: 'https://id.example' }

type Mail = { to: string, subject: string, text: string }
type Waiting = { message: string, auth_session: string }

async function waiting (t: Test, options: AppOptions = {}) {
  const mails: Mail[] = []
  const built = await build(t, {
    requireEmailVerification: 'on', login: { attributes: readyAttributes }, appUrl: 'https://id.example',
    mail: { send: async (mail) => { mails.push(mail) } }, ...options
  })
  const arrived = async (count: number) => await eventually(() => mails.length >= count)
  return { ...built, mails, arrived }
}

const post = (app: FastifyInstance, path: string, payload: object) => app.inject({ method: 'POST', url: `/v1${path}`, payload })
const shapeOf = (answer: { statusCode: number, json: <T>() => T }) => {
  const { auth_session: session, ...rest } = answer.json<Waiting>()
  return [answer.statusCode, rest, session.length]
}

t.test('registration waits for the address: a mail with a code and a link, and then a login', async (t) => {
  const { app, mails, arrived } = await waiting(t)
  const answer = await register(app, { email: ADA, username: 'ada' })
  t.equal(answer.statusCode, 202)
  t.match(answer.json(), { message: 'Check your mailbox: a mail is on its way.', auth_session: /^lk_as_/ })
  t.ok(await arrived(1))
  t.match(mails[0], { to: ADA, subject: 'Confirm your e-mail address for Latchkey', text: /https:\/\/id\.example\/email\/verify\?token=lk_ot_/ })
  t.equal((await login(app)).statusCode, 403, 'not before')
  const code = /\b(\d{6})\b/.exec(mails[0]!.text)![1]!
  const { auth_session: session } = answer.json<Waiting>()
  t.equal((await post(app, '/email/verify', { code, auth_session: session })).statusCode, 200)
  t.equal((await login(app)).statusCode, 200, 'with the password of the registration')
  t.equal((await login(app, { username: 'ada' })).statusCode, 200)
})

t.test('the answer for a taken address is the same, and its owner is told', async (t) => {
  const { app, mails, arrived } = await waiting(t)
  await createUser(app, { email: ADA, phone: '+49 170 1234567' })
  const fresh = await register(app, { email: 'new@example.com' })
  const taken = await register(app, { email: ADA, password: 'of somebody else entirely' })
  const phone = await register(app, { email: 'other@example.com', phone: '0049 170 1234567' })
  t.strictSame(shapeOf(taken), shapeOf(fresh))
  t.strictSame(shapeOf(phone), shapeOf(fresh), 'a phone number is as private as an address')
  t.strictSame(Object.keys(taken.headers).sort(), Object.keys(fresh.headers).sort())
  t.ok(await arrived(3))
  const told = mails.find(({ to }) => to === ADA)!
  t.match(told, { subject: 'You already have an account at Latchkey', text: 'https://id.example/login' })
  t.match(told.text, 'https://id.example/password/forgot')
  t.notMatch(told.text, /lk_ot_|\b\d{6}\b/, 'the mail has no token')
  t.equal(mails.length, 3)
  t.same(await sql(app, "SELECT value FROM identifiers WHERE attribute = 'phone'"), [{ value: '+491701234567' }], 'it stays where it is')
  t.equal((await sql(app, 'SELECT FROM users')).length, 3)

  const after = async (path: string, more: object) =>
    await Promise.all([fresh, taken, phone].map(async (answer) => {
      const { statusCode, body } = await post(app, path, { ...more, auth_session: answer.json<Waiting>().auth_session })
      return [statusCode, body]
    }))
  for (const [path, more] of [
    ['/email/verify', { code: '000000' }], ['/email/verify', { code: 'x' }], ['/email/verification-notification', {}]
  ] as const) {
    const [one, two, three] = await after(path, more)
    t.strictSame(two, one, path)
    t.strictSame(three, one, path)
  }
})

t.test('user names are taken for everybody to see, also those that a registration without an account has asked for', async (t) => {
  const { app } = await waiting(t)
  await createUser(app, { email: ADA, username: 'ada' })
  const errors = async (fields: Record<string, string>) => (await register(app, fields)).json<{ errors: object }>().errors
  const taken = { username: ['The username has already been taken.'] }
  t.strictSame(await errors({ email: 'x@example.com', username: 'ADA' }), taken)
  t.strictSame(await errors({ email: ADA, username: 'ada' }), taken, 'the address is not mentioned')
  t.equal((await register(app, { email: ADA, username: 'grace' })).statusCode, 202)
  t.equal((await register(app, { email: 'new@example.com', username: 'linus' })).statusCode, 202)
  t.strictSame(await errors({ email: 'y@example.com', username: 'Grace' }), taken, 'held, although there is no such user')
  t.strictSame(await errors({ email: 'y@example.com', username: 'linus' }), taken)
})

t.test('an e-mail address is required, and everything is checked first', async (t) => {
  const { app } = await waiting(t)
  t.strictSame((await register(app, { username: 'ada' })).json<{ errors: object }>().errors, { email: ['The email field is required.'] })
  t.match((await register(app, { email: 'nonsense', password: 'short' })).json<{ errors: object }>().errors, { email: [/must be/], password: [/at least/] })
  t.equal((await post(app, '/register', { email: ADA, password: PASSWORD, verification_url: 'https://evil.example/' })).statusCode, 422)
  for (const table of ['users', 'auth_sessions', 'one_time_tokens', 'outbox', 'identifier_holds']) t.same(await sql(app, `SELECT FROM ${table}`), [], table)
})

t.test('of several registrations of one address at once one creates a user, and the answers are the same', async (t) => {
  const { app } = await waiting(t)
  const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => register(app, { email: ADA, username: `ada${index}` })))
  t.same([...new Set(answers.map((answer) => JSON.stringify(shapeOf(answer))))].length, 1, JSON.stringify(answers.map(({ body }) => body)))
  t.equal((await sql(app, 'SELECT FROM users')).length, 1)
})

t.test('on the page, too: look into your mailbox, and type the code', async (t) => {
  const { app, mails, arrived } = await waiting(t)
  await createUser(app, { email: ADA })
  const submitted = async (email: string) => {
    const visitor = visit(app, SECURE)
    const form = await visitor.get('/register?return_to=%2Forders')
    t.match(/<input[^>]*name="email"[^>]*>/.exec(form.body)![0], 'required')
    const answer = await visitor.submit(form, { email, password: PASSWORD })
    t.equal(answer.statusCode, 303)
    const page = await visitor.follow(answer)
    const wrong = await visitor.submit(page, { code: '000000' })
    return { email, visitor, answer, page, wrong, again: await visitor.submit(page, { send: '1' }) }
  }
  const [fresh, taken] = [await submitted('new@example.com'), await submitted(ADA)]
  const same = (text: string, email: string) => text.replaceAll(email, 'x').replace(/(name="_csrf" value=")[^"]+/g, '$1')
  const plain = ({ email, answer, page, wrong, again }: typeof fresh) =>
    [answer.headers.location, ...[page, wrong, again].map(({ statusCode, body }) => [statusCode, same(body, email)])]
  t.strictSame(plain(taken), plain(fresh))
  t.ok(await arrived(2))
  const { visitor, page } = fresh
  t.match(page.body, 'new@example.com')
  const code = /\b(\d{6})\b/.exec(mails.filter(({ to }) => to === 'new@example.com').at(-1)!.text)![1]!
  const done = await visitor.submit(page, { code })
  t.match([done.statusCode, done.headers.location], [303, '/orders'])
  t.equal((await visitor.get('/account')).statusCode, 200, 'logged in')
})

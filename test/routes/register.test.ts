import t from 'tap'
import { Type } from 'typebox'
import { EmailSchema, PhoneSchema, readyAttributes } from '../../src/schemas/identifiers.ts'
import { sharedServers } from '../support/shared-server.ts'
import { login, PASSWORD, profile, register, type Built, type Tokens } from '../support/start-server.ts'
import { visit } from '../support/visitor.ts'
import { internals } from '../../plugins/internals.ts'

const build = sharedServers(t)

type App = Built['app']

const post = (app: App, payload: object) => app.inject({ method: 'POST', url: '/v1/register', payload })
const errorsOf = async (answer: ReturnType<typeof post>) => (await answer).json<{ errors?: Record<string, string[]> }>().errors
const users = async (app: App) =>
  (await internals(app).database.pool.query<{ count: number }>('SELECT count(*)::int AS count FROM users')).rows[0]!.count

t.test('201 has the user with flat attributes, and no password', async (t) => {
  const { app, logs } = await build(t, { login: { attributes: readyAttributes } })
  const answer = await register(app, { email: 'Ada@Example.com', phone: '+49 170 1234567', username: 'Ada', name: '  Ada Lovelace ' })
  t.equal(answer.statusCode, 201)
  t.same(Object.keys(answer.json()).sort(), ['created_at', 'email', 'id', 'locale', 'name', 'phone', 'username'])
  t.match(answer.json(), {
    id: /^[0-9a-f]{8}-[0-9a-f]{4}-7/, email: 'ada@example.com', phone: '+491701234567', username: 'ada',
    name: 'Ada Lovelace', created_at: /^\d{4}-.*Z$/
  })
  t.notOk(answer.headers['set-cookie'], 'registering is not logging in')
  const { access_token: accessToken } = (await login(app, { username: 'ada' })).json<Tokens>()
  t.same((await profile(app, accessToken)).json(), answer.json())
  t.notOk(logs().includes(PASSWORD))
  const { rows } = await internals(app).database.pool.query<{ password_hash: string }>('SELECT password_hash FROM users')
  t.match(rows, [{ password_hash: /^\$argon2id\$/ }])
})

t.test('one attribute is enough, and the name may be left out', async (t) => {
  const { app } = await build(t, { login: { attributes: readyAttributes } })
  for (const fields of [{ email: 'a@b.co' }, { phone: '+1234567890' }, { username: 'ada' }] as Record<string, string>[]) {
    const answer = await register(app, fields)
    t.same(Object.keys(answer.json()).sort(), [...Object.keys(fields), 'created_at', 'id', 'locale', 'name'].sort())
    t.match([answer.statusCode, answer.json()], [201, { name: null }])
  }
  t.match(
    (await register(app, { email: 'b@b.co', phone: '', name: '   ' })).json(),
    { email: 'b@b.co', name: null },
    'what is empty counts as absent'
  )
})

t.test('all invalid fields are reported at once', async (t) => {
  const { app } = await build(t)
  const { app: two } = await build(t, { login: { attributes: { email: EmailSchema, phone: PhoneSchema } } })
  const password = ['The password field is required.']
  t.strictSame(await errorsOf(post(app, {})), { email: ['The email field is required.'], password })
  t.strictSame(await errorsOf(post(app, { email: '', password: '' })), { email: ['The email field is required.'], password })
  t.strictSame(await errorsOf(post(two, { password: PASSWORD })), {
    email: ['The email field is required when none of phone are present.'],
    phone: ['The phone field is required when none of email are present.']
  })
  t.match(await errorsOf(post(two, { email: 'nope', phone: '123456', password: 'short' })), {
    email: [/^must be an e-mail address$/], phone: [/^must be a phone number/], password: [/at least 8/]
  })
  t.strictSame(await errorsOf(post(app, { email: 5, name: [], password: PASSWORD })), {
    email: ['must be string'],
    name: ['must be string']
  })
  t.equal(await users(app), 0)
})

t.test('a password that is too short, too long or common is refused', async (t) => {
  const { app } = await build(t)
  const table: [string, RegExp][] = [
    ['1234567', /at least 8 characters/],
    ['😀'.repeat(7), /at least 8/],
    ['x'.repeat(1001), /at most 1000 bytes/],
    ['é'.repeat(501), /at most 1000/],
    ['password', /most used/],
    ['PassWord1', /most used/],
    ['12345678', /most used/]
  ]
  for (const [password, message] of table) {
    t.match(await errorsOf(post(app, { email: 'ada@example.com', password })), { password: [message] }, password.slice(0, 12))
  }
  t.equal(await users(app), 0)
  for (const [number, password] of ['x'.repeat(1000), '😀'.repeat(8), '        x', 'Ünïcödé pässwörd', '"\\\'<>&%00'].entries()) {
    t.equal((await post(app, { email: `user${number}@example.com`, password })).statusCode, 201, password.slice(0, 12))
    t.equal(
      (await app.inject({ method: 'POST', url: '/v1/clients/web/login', payload: { email: `user${number}@example.com`, password } }))
        .statusCode,
      200,
      password.slice(0, 12)
    )
  }
})

t.test('a name has at most 100 visible characters, and is stored as it was sent', async (t) => {
  const { app } = await build(t)
  t.match(await errorsOf(post(app, { email: 'ada@example.com', password: PASSWORD, name: 'x'.repeat(101) })), { name: [/100/] })
  const name = '<b>Ada</b> "O\'Neil" 😀 محمد'
  t.equal((await post(app, { email: 'ada@example.com', password: PASSWORD, name })).json<{ name: string }>().name, name)
  for (const unseen of ['\u001b[2Kroot', 'Ada\nx', 'Ada\u009b31m', 'Adam\b\b', 'a\u202eb', '\u200d']) {
    t.match(
      await errorsOf(post(app, { email: 'bob@example.com', password: PASSWORD, name: unseen })),
      { name: [/contains invisible/] },
      JSON.stringify(unseen)
    )
  }
})

t.test('a national phone number gets a message that its country is missing, from the API, the login and the pages', async (t) => {
  const { app } = await build(t, { login: { attributes: readyAttributes } })
  const message = 'must be a phone number with its country code, such as +49 170 1234567; this number has no country code'
  t.strictSame(await errorsOf(register(app, { phone: '0170 1234567' })), { phone: [message] })
  t.strictSame(await errorsOf(login(app, { phone: '0170 1234567' })), { phone: [message] })
  t.match(await errorsOf(login(app, { username: '0170 1234567' })), { username: [/this number has no country code/] })
  t.strictSame(await errorsOf(register(app, { phone: 'nonsense' })), { phone: ['must be a phone number with its country code'] })
  const visitor = visit(app)
  const page = await visitor.submit(await visitor.get('/register'), { phone: '0170 1234567', password: PASSWORD })
  t.match([page.statusCode, page.body], [422, /Write the number with its country code/])
  const again = await visitor.submit(await visitor.get('/login'), { username: '0170 1234567', password: PASSWORD })
  t.match([again.statusCode, again.body], [401, /Write the number with its country code/])
})

t.test('an identifier of another user is taken, in any spelling', async (t) => {
  const { app } = await build(t, { login: { attributes: readyAttributes } })
  await register(app, { email: 'Ada@B.co', phone: '+49 170 1234567', username: 'ada' })
  await register(app, { email: 'x@bücher.example' })
  const again: Record<string, string>[] = [
    { email: 'ada@b.co' },
    { email: ' ADA@b.CO ' },
    { email: 'ａｄａ@ｂ.ｃｏ' },
    { email: 'ada@b。co' },
    { email: 'X@xn--bcher-kva.example' },
    { phone: '+491701234567' },
    { phone: '0049 (0)170-1234567' },
    { phone: '＋４９１７０１２３４５６７' },
    { username: 'ADA' },
    { username: 'ａｄａ' }
  ]
  for (const fields of again) {
    const [name] = Object.keys(fields) as [string]
    const answer = await register(app, fields)
    t.equal(answer.statusCode, 422)
    t.strictSame(answer.json<{ errors: object }>().errors, { [name]: [`The ${name} has already been taken.`] }, JSON.stringify(fields))
  }
  t.strictSame(await errorsOf(register(app, { email: 'ada@b.co', phone: '+491701234567', username: 'free' })), {
    email: ['The email has already been taken.'],
    phone: ['The phone has already been taken.']
  })
  t.equal(await users(app), 2, 'nothing was half made')
})

t.test('of two concurrent registrations of one identifier exactly one succeeds', async (t) => {
  const { app } = await build(t, { login: { attributes: { email: EmailSchema, phone: PhoneSchema } } })
  const spellings = ['ada@b.co', 'ADA@B.CO', 'ａｄａ@b.co', 'Ada@b.co', 'ada@b。co']
  const answers = await Promise.all(spellings.map((email, number) => register(app, { email, phone: `+49170123456${number}` })))
  t.same(answers.map(({ statusCode }) => statusCode).sort(), [201, 422, 422, 422, 422])
  for (const answer of answers.filter(({ statusCode }) => statusCode === 422)) {
    t.same(answer.json<{ errors: object }>().errors, { email: ['The email has already been taken.'] })
  }
  t.equal(await users(app), 1)
  const { rows } = await internals(app).database.pool.query('SELECT attribute FROM identifiers')
  t.equal(rows.length, 2, 'the losers left no phone number behind')
})

t.test('nobody can register the phone number or address of another user as a username', async (t) => {
  const nick = Type.String({ minLength: 1, maxLength: 60 })
  const { app } = await build(t, { login: { attributes: { ...readyAttributes, nick } } })
  await register(app, { phone: '+49 170 1234567' })
  for (const username of ['+491701234567', 'victim@example.com', '491701234567']) {
    t.match(await errorsOf(register(app, { username })), { username: [/must be a user name/] }, username)
  }
  for (const [value, other] of [
    ['+49 170 1234567', 'phone'],
    ['00491701234567', 'phone'],
    ['＋４９１７０１２３４５６７', 'phone'],
    ['Victim@Example.com', 'email'],
    ['ada', 'username']
  ] as const) {
    t.match(
      await errorsOf(register(app, { nick: value })),
      { nick: [new RegExp(`could also be taken for an? .*send it as ${other}$`)] },
      value
    )
  }
  t.equal((await register(app, { nick: 'Ada Lovelace' })).statusCode, 201)
})

t.test('invisible characters are not part of an identifier', async (t) => {
  const { app } = await build(t, { login: { attributes: readyAttributes } })
  for (const fields of [
    { email: 'a\u200bda@b.co' },
    { email: 'ada@b\u00ad.co' },
    { username: 'ada\u202e' },
    { username: 'a\ufe0fda' },
    { email: 'ada@b.co\u0000'.slice(0, -1) + '\u0001' }
  ] as Record<string, string>[]) {
    t.same(Object.keys((await errorsOf(register(app, fields)))!), Object.keys(fields), JSON.stringify(fields))
  }
})

t.test('fields that a user must not set are ignored', async (t) => {
  const { app } = await build(t)
  const answer = await post(app, {
    email: 'ada@example.com', password: PASSWORD, id: '00000000-0000-7000-8000-000000000000', disabled: true,
    is_admin: true, created_at: '1970-01-01', verified: true, passwordHash: 'x', token_epoch: 99, identifiers: []
  })
  t.same(Object.keys(answer.json()).sort(), ['created_at', 'email', 'id', 'locale', 'name'])
  t.notMatch(answer.json<{ id: string }>().id, '00000000-0000')
  t.notMatch(answer.json<{ created_at: string }>().created_at, /^1970/)
  t.equal((await login(app)).statusCode, 200)
})

t.test('registrations over the limit are 429 with Retry-After', async (t) => {
  const { app } = await build(t, { rateLimit: 'on' })
  let answer = await post(app, {})
  for (let i = 0; i < 40 && answer.statusCode === 422; i++) answer = await post(app, {})
  t.match(answer.json(), { statusCode: 429, code: 'LK_TOO_MANY_REQUESTS', message: /try again/ })
  t.ok(Number(answer.headers['retry-after']) >= 1)
})

t.test('addresses in one IPv6 /64 share a limit', async (t) => {
  const { app } = await build(t, { rateLimit: 'on' })
  const from = (remoteAddress: string) => app.inject({ method: 'POST', url: '/v1/register', payload: {}, remoteAddress })
  const statuses = new Set<number>()
  for (let i = 0; i < 40; i++) statuses.add((await from(`2001:db8:1:2::${i.toString(16)}`)).statusCode)
  t.same([...statuses], [422, 429])
  t.equal((await from('2001:db8:1:3::1')).statusCode, 422, 'the next one has its own count')
})

import t from 'tap'
import { createUser, disableUser, enableUser, listUsers, type NewUserArgs } from '../../src/cli/user.ts'
import { build, eventually, login, PASSWORD, profile, signedIn } from '../support/start-server.ts'
import { contextFor } from './helper.ts'

t.test('a user that the command created can log in at a running server', async (t) => {
  const { app, databaseUrl } = await build(t)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  const made = await createUser(context, { email: 'Ada@Example.com', name: 'Ada', password: PASSWORD })
  t.match(made.json, { email: 'ada@example.com', name: 'Ada', disabled_at: null })
  t.match(made.lines, ['User created successfully.', /^User ID: [0-9a-f-]{36}$/])
  t.notMatch(JSON.stringify(made), PASSWORD)
  t.equal((await login(app)).statusCode, 200)
})

t.test('each configured attribute has an option of its own, and --attribute works for any', async (t) => {
  const context = await contextFor(t, { LOGIN_ATTRIBUTES: 'email,phone,username' })
  t.match((await createUser(context, { phone: '+49 170 1234567', username: 'ada', password: PASSWORD })).json, {
    phone: '+491701234567',
    username: 'ada'
  })
  t.match(
    (await createUser(context, { attribute: ['email=a=b@example.com'], password: PASSWORD })).json,
    { email: 'a=b@example.com' },
    'the value may hold ='
  )
})

const REFUSED: [rule: string, args: NewUserArgs, message: RegExp | string][] = [
  ['nothing to sign in with', { password: PASSWORD }, 'a user needs something to sign in with: give --email or --phone'],
  ['an attribute that is not configured', { attribute: ['shoe=42'], password: PASSWORD },
    'there is no login attribute shoe; LOGIN_ATTRIBUTES has email, phone'],
  ['an attribute without a value', { attribute: ['email'], password: PASSWORD }, '--attribute email must be name=value'],
  ['an address that is none', { email: 'ada', password: PASSWORD }, 'email must be an e-mail address'],
  ['a common password', { email: 'ada@example.com', password: 'password123' }, /^password is one of the most used passwords/],
  ['a short password', { email: 'ada@example.com', password: 'short' }, 'password must have at least 8 characters'],
  ['several mistakes, in one line', { email: 'ada', password: 'short' },
    'email must be an e-mail address; password must have at least 8 characters'],
  ['two passwords', { email: 'ada@example.com', password: 'x', passwordStdin: true }, /choose one$/],
  ['a name that is too long', { email: 'ada@example.com', password: PASSWORD, name: 'a'.repeat(101) }, /name must have at most 100/]
]

t.test('user create applies the password policy', async (t) => {
  const context = await contextFor(t, { LOGIN_ATTRIBUTES: 'email,phone' })
  for (const [rule, args, message] of REFUSED) {
    await t.rejects(createUser(context, args), { message }, `refuses ${rule}`)
  }
  await createUser(context, { email: 'ada@example.com', password: PASSWORD })
  await t.rejects(
    createUser(context, { email: 'ADA@example.com', password: PASSWORD }),
    { message: 'The email has already been taken' },
    'refuses a second of the same address'
  )
  t.match((await listUsers(context, {})).json, { users: { length: 1 } }, 'nothing else was made')
})

t.test('user list prints one page at a time', async (t) => {
  const context = await contextFor(t)
  for (const name of ['ada', 'bob', 'eve']) await createUser(context, { email: `${name}@example.com`, password: PASSWORD })
  const first = await listUsers(context, { limit: 2 })
  const { users, next } = first.json as { users: { id: string, email: string }[], next: string }
  t.match(users, [{ email: 'ada@example.com', disabled_at: null }, { email: 'bob@example.com' }])
  t.equal(next, users[1]!.id)
  t.match(first.lines, [/^ID +NAME +SIGNS IN WITH +STATE$/, /ada@example.com +active$/, /bob/, `More: latchkey user list --after ${next}`])
  t.match((await listUsers(context, { limit: 2, after: next })).json, { users: [{ email: 'eve@example.com' }], next: null })
  t.notMatch(JSON.stringify(first), /argon2/)
  await t.rejects(listUsers(context, { after: 'ada' }), { message: '--after ada is not the id of a user' })
})

t.test('disabling a user reaches a running server at once; enabling lets them log in again', async (t) => {
  const { app, databaseUrl } = await build(t)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  const { access_token: accessToken, user } = await signedIn(app)
  const disabled = await disableUser(context, 'ADA@example.com')
  t.match(disabled, { json: { id: user.id, disabled_at: String }, lines: [`User ${user.id} is disabled and logged out everywhere.`] })
  t.ok(await eventually(async () => (await profile(app, accessToken)).statusCode === 401, 500))
  t.equal((await login(app)).statusCode, 401)
  t.match((await listUsers(context, {})).lines[1], /disabled$/)

  t.match(await enableUser(context, user.id), { json: { disabled_at: null }, lines: [`User ${user.id} is enabled.`] })
  t.equal((await login(app)).statusCode, 200)
  t.equal((await profile(app, accessToken)).statusCode, 401, 'what was ended stays ended')
})

t.test('an unknown user is an error', async (t) => {
  const context = await contextFor(t)
  for (const user of ['nobody@example.com', 'nobody', '01a20dc8-810d-76f8-8b1d-e68fcfd5f89b']) {
    await t.rejects(disableUser(context, user), { message: `There is no user ${user}; \`npx latchkey user list\` lists them` })
    await t.rejects(enableUser(context, user), { message: /^There is no user/ })
  }
})

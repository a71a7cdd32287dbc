import t from 'tap'
import { audit } from '../../src/cli/audit.ts'
import { createToken } from '../../src/cli/tokens.ts'
import { createUser, disableUser } from '../../src/cli/user.ts'
import { deleteUser, setPassword, showUser } from '../../src/cli/user-account.ts'
import { makeTv } from '../support/device.ts'
import {
  basic, build, eventually, login, makeClient, PASSWORD, profile, refresh, register, signedIn, token,
  type Tokens
} from '../support/start-server.ts'
import { rowsWith } from '../support/deletion.ts'
import { query } from '../unit/database/embedded-helper.ts'
import { authorize, loggedIn, logIn, makeApp, paramsOf, visit } from '../support/visitor.ts'
import { contextFor, run } from './helper.ts'

const NEXT = 'another correct horse battery'
const ADA = 'ada@example.com'

t.test('user show prints everything except the password', async (t) => {
  const { app, databaseUrl } = await build(t)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  const { user } = await signedIn(app)
  await createToken(context, { user: ADA, name: 'Cron' })
  const client = await makeApp(app, { ownerId: user.id })
  const { json, lines } = await showUser(context, 'ADA@example.com')
  t.match(json, {
    id: user.id, email: ADA, disabled_at: null, verified: [], has_password: true, sessions: 1, personal_access_tokens: 1,
    clients: [client.id]
  })
  t.match(lines, [/^email: /, /^id: /])
  t.notMatch(JSON.stringify({ json, lines }), /argon2|lk_pat_|hash/i)
})

t.test('user set-password ends every session at once and everywhere, and the old password', async (t) => {
  const { app, databaseUrl } = await build(t)
  const { app: other } = await build(t, { databaseUrl })
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  const tokens = await signedIn(app)
  const visitor = visit(app)
  await logIn(visitor)
  const { access_token: personal } = (await createToken(context, { user: ADA, name: 'Cron' })).json as { access_token: string }
  t.equal((await profile(other, personal)).statusCode, 200)

  t.match(await setPassword(context, ADA, { password: NEXT }), {
    json: { id: tokens.user.id, password_changed: true },
    lines: [/logged out everywhere/]
  })
  for (const process of [app, other]) {
    for (const accessToken of [tokens.access_token, personal]) {
      t.ok(
        await eventually(async () => (await profile(process, accessToken)).statusCode === 401, 1000)
      )
    }
  }
  t.equal((await refresh(app, tokens.refresh_token)).statusCode, 401)
  t.equal((await visitor.get('/account')).statusCode, 303)
  t.equal((await login(app)).statusCode, 401, 'the old password')
  t.equal((await login(app, { email: ADA, password: NEXT })).statusCode, 200)
  t.match((await audit(context, { type: 'password.changed' })).json, {
    events: [{ user_id: tokens.user.id, detail: { by: 'command line' } }]
  })
})

t.test('user set-password applies the password policy, and refuses disabled users', async (t) => {
  const context = await contextFor(t)
  await createUser(context, { email: ADA, password: PASSWORD })
  await t.rejects(setPassword(context, ADA, { password: 'short' }), { message: 'password must have at least 8 characters' })
  await t.rejects(setPassword(context, ADA, { password: 'password123' }), { message: /^password is one of the most used/ })
  await disableUser(context, ADA)
  await t.rejects(setPassword(context, ADA, { password: NEXT }), { message: /is disabled; `npx latchkey user enable`/ })
  for (const command of [showUser, deleteUser]) {
    await t.rejects(command(context, 'nobody@example.com'), { message: /^There is no user nobody@example\.com/ })
  }
  await t.rejects(setPassword(context, 'nobody@example.com', { password: NEXT }), { message: /^There is no user/ })
})

t.test('user delete removes all personal data, and every token is refused at once and everywhere', async (t) => {
  const { app, databaseUrl } = await build(t, { scopes: { read: 'Read' } })
  const { app: other } = await build(t, { databaseUrl, scopes: { read: 'Read' } })
  const context = await contextFor(t, { DATABASE_URL: databaseUrl, SCOPES: '{"read":"Read"}' })
  const visitor = await loggedIn(app, { 'user-agent': 'Mozilla/5.0 Ada' })
  const tokens = (await login(app)).json<Tokens>()
  const { access_token: personal } = (await createToken(context, { user: ADA, name: "Ada's script", scope: ['read'] })).json as {
    access_token: string
  }
  const third = await makeApp(app)
  t.ok(paramsOf(await authorize(visitor, third.id))['code'], 'with a code that waits, and a consent')
  await makeTv(app)
  // Another user of a client of hers
  const { id, secret } = await makeClient(app, { ownerId: visitor.userId, name: 'Ada\'s app' })
  await register(app, { email: 'bob@example.com' })
  const password = { grant_type: 'password', username: 'bob@example.com', password: PASSWORD }
  const bobs = (await token(app, password, basic(id, secret))).json<Tokens>()
  const bobsOwn = (await login(app, { email: 'bob@example.com' })).json<Tokens>()
  for (const process of [app, other]) {
    for (const accessToken of [tokens.access_token, personal, bobs.access_token, bobsOwn.access_token]) {
      t.equal(
        (await profile(process, accessToken)).statusCode,
        200
      )
    }
  }

  const deleted = await deleteUser(context, ADA)
  t.match(deleted, { json: { id: visitor.userId, deleted: true }, lines: [/is deleted, and all that was theirs/] })
  for (const process of [app, other]) {
    for (const accessToken of [tokens.access_token, personal, bobs.access_token]) {
      t.ok(await eventually(async () => (await profile(process, accessToken)).statusCode === 401, 1000))
    }
    t.equal((await refresh(process, tokens.refresh_token)).statusCode, 401)
    t.equal((await login(process)).statusCode, 401)
    t.equal((await profile(process, bobsOwn.access_token)).statusCode, 200, 'others go on')
  }
  t.equal((await visitor.get('/account')).statusCode, 303)
  t.equal((await token(app, password, basic(id, secret))).statusCode, 401, 'her client is gone')

  const left = await rowsWith(databaseUrl, [visitor.userId, ADA, 'Ada'])
  t.same(left.filter(({ table }) => table !== 'revocations'), [{ table: 'audit_events', text: 'user.deleted' }], 'but that she was deleted')
  t.match((await register(app)).json(), { errors: { email: [/taken/] } }, 'nobody gets her address for 30 days')
  t.match((await createUser(context, { email: ADA, password: PASSWORD })).json, { email: ADA }, 'but by the operator')
})

t.test("user delete names a host's table that refers to the user, and deletes nothing", async (t) => {
  const { app, databaseUrl } = await build(t)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  const tokens = await signedIn(app)
  await query(databaseUrl, 'CREATE TABLE orders (user_id uuid REFERENCES users)')
  await query(databaseUrl, `INSERT INTO orders VALUES ('${tokens.user.id}')`)
  await t.rejects(deleteUser(context, ADA), {
    message: 'The user cannot be deleted: the table orders refers to it (orders_user_id_fkey); delete its rows first'
  })
  t.equal((await profile(app, tokens.access_token)).statusCode, 200)
  t.equal((await login(app)).statusCode, 200)
})

t.test('concurrent logins leave nothing of a deleted user', async (t) => {
  const { app, databaseUrl } = await build(t)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  const tokens = await signedIn(app)
  const answers = await Promise.all([...Array.from({ length: 12 }, () => login(app)), deleteUser(context, ADA)])
  t.match(answers.at(-1), { json: { deleted: true } })
  t.same(await query(databaseUrl, 'SELECT FROM sessions'), [])
  for (const answer of answers.slice(0, -1)) {
    if (!('statusCode' in answer)) continue
    t.ok([200, 401].includes(answer.statusCode), String(answer.statusCode))
    if (answer.statusCode === 200) {
      t.ok(await eventually(async () => (await profile(app, answer.json<Tokens>().access_token)).statusCode === 401, 1000))
    }
  }
  t.equal((await profile(app, tokens.access_token)).statusCode, 401)
})

t.test('the built commands set a password and delete a user', async (t) => {
  const context = await contextFor(t)
  const options = { cwd: t.testdir({}), env: { DATABASE_URL: context.config.databaseUrl!, APP_KEY: context.config.appKey! } }
  await createUser(context, { email: ADA, password: PASSWORD })
  t.match(JSON.parse((await run(['user', 'show', ADA, '--json'], options)).stdout), { email: ADA, sessions: 0 })
  t.match(await run(['user', 'set-password', ADA, '--password-stdin', '--json'], { ...options, input: `${NEXT}\n` }), {
    code: 0, stdout: /"password_changed": true/, stderr: ''
  })
  t.match(await run(['user', 'set-password', ADA], options), { code: 1, stderr: /the password is missing/ })
  t.match(JSON.parse((await run(['user', 'delete', ADA, '--json'], options)).stdout), { deleted: true })
  t.match(await run(['user', 'delete', ADA], options), { code: 1, stdout: '', stderr: /^error: There is no user/ })
})

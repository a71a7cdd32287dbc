import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { internals } from '../../../plugins/internals.ts'
import { EmailSchema, PhoneSchema, Type, UsernameSchema } from '../../../src/index.ts'
import { advanceTime } from '../../../src/testing.ts'
import { DAY, DAYS_OF_GRACE, leavingLogin, purgeNow, requestDeletion, restore, rowsWith } from '../../support/deletion.ts'
import { call, personalToken } from '../../support/machines.ts'
import { createMailbox } from '../../support/mailbox.ts'
import { removeUserOf } from '../../../src/compose/removal.ts'
import type { Refused } from '../../../src/maintenance/user-purge.ts'
import { sql } from '../../support/session-rows.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { createDatabase, eventually, login, makeClient, PASSWORD, profile, register, signedIn, token, type Tokens } from '../../support/start-server.ts'
import { authorize, logIn, makeApp, visit } from '../../support/visitor.ts'

const build = sharedServers(t)

const EMAIL = 'ada@example.com'
const GRACE = DAYS_OF_GRACE * DAY

t.test('after the days of grace everything personal is gone, and nobody gets the identifiers before 30 days are over', async (t) => {
  const mailbox = createMailbox()
  const attributes = { email: EmailSchema, username: UsernameSchema }
  const { app, databaseUrl } = await build(t, { ...mailbox.options, login: { attributes } })
  const tokens = await signedIn(app, { email: EMAIL, username: 'ada' })
  await personalToken(app, tokens.access_token, { name: 'Script of Ada' })
  const visitor = visit(app, { 'user-agent': 'Mozilla/5.0 Adas' })
  await logIn(visitor)
  await authorize(visitor, (await makeApp(app)).id)
  const own = await makeClient(app, { ownerId: tokens.user.id, name: 'App of Ada' })
  await register(app, { email: 'bob@example.com' })
  const bobs = (await token(app, { grant_type: 'password', username: 'bob@example.com', password: PASSWORD }, own.basic)).json<Tokens>()
  await sql(app, `INSERT INTO social_accounts (provider, subject, email, name, user_id) VALUES ('acme', 'of Ada', '${EMAIL}', 'ada', '${tokens.user.id}')`)
  await requestDeletion(app, tokens.access_token)
  await mailbox.fetch(app)
  const deleted: object[] = []
  app.latchkey.on('user.deleted', (event) => { deleted.push(event) })

  await advanceTime(app, GRACE - 60)
  t.equal((await purgeNow(app))?.['users'], 0, 'not a minute earlier')
  await leavingLogin(app)
  await advanceTime(app, 120)
  for (const type of ['user.deletion_requested', 'login.incomplete']) {
    t.ok(await eventually(async () => (await sql(app, 'SELECT FROM audit_events WHERE type = $1', [type])).length === 1), type)
  }
  t.equal((await purgeNow(app))?.['users'], 1)
  t.same(deleted, [{ userId: tokens.user.id }])
  t.same((await rowsWith(databaseUrl, [tokens.user.id, EMAIL, '"ada"', 'of Ada', 'Adas'])).filter(({ table }) => table !== 'revocations'), [
    { table: 'audit_events', text: 'user.deleted' }
  ])
  t.ok((await sql(app, "SELECT FROM audit_events WHERE type = 'login.succeeded' AND user_id IS NULL AND ip IS NULL AND user_agent IS NULL")).length > 0)
  t.equal((await profile(app, bobs.access_token)).statusCode, 401, 'what a client of hers could do has ended for others, too')
  t.equal((await login(app, { email: 'bob@example.com' })).statusCode, 200)

  for (const fields of [{ email: EMAIL }, { username: 'ada' }]) {
    const [name] = Object.keys(fields)
    const again = await register(app, fields)
    const taken = await register(app, { email: 'bob@example.com' })
    t.same([again.statusCode, Object.keys(again.json<{ errors: object }>().errors)], [taken.statusCode, [name]])
  }
  const { access_token: bob } = (await login(app, { email: 'bob@example.com' })).json<Tokens>()
  const change = await call(app, 'PATCH', '/v1/profile', bob, { username: 'ada', current_password: PASSWORD })
  t.match(change.json(), { statusCode: 422, errors: { username: [/taken/] } })
  await advanceTime(app, 30 * DAY - GRACE)
  t.equal((await register(app, { email: EMAIL, username: 'ada' })).statusCode, 201)
})

t.test('nothing is left of a change that waited or could be undone, of the fields of the profile, of a login that waited, or of a throttle', async (t) => {
  const mailbox = createMailbox()
  const { app, databaseUrl } = await build(t, {
    ...mailbox.options, rateLimit: 'on', login: { attributes: { email: EmailSchema, phone: PhoneSchema, username: UsernameSchema } },
    profile: Type.Object({ company: Type.String() })
  })
  // No value is made of hexadecimal digits, in which keys are stored
  const own = { email: EMAIL, username: 'mathematician', phone: '+491701234567', name: 'Lovelace', profile: { company: 'Engines of Ada' } }
  const { id } = (await call(app, 'POST', '/v1/register', undefined, { ...own, password: PASSWORD })).json<{ id: string }>()
  const { access_token: bearer } = (await login(app)).json<Tokens>()
  await sql(app, "UPDATE identifiers SET verified_at = now() WHERE attribute = 'phone'")
  const changed = { username: 'countess', phone: '+491701234568', email: 'ada@new.example', locale: 'de-AT' }
  t.equal((await call(app, 'PATCH', '/v1/profile', bearer, changed)).statusCode, 200)
  await login(app, { email: EMAIL, password: 'wrong' })
  await call(app, 'POST', '/v1/password/forgot', undefined, { email: EMAIL })
  await requestDeletion(app, bearer)
  await advanceTime(app, GRACE + 1)
  t.equal((await purgeNow(app))?.['users'], 1)
  const values = [id, ...Object.values({ ...own, profile: own.profile.company }), ...Object.values(changed), bearer.slice(-20)]
  t.ok(await eventually(async () => (await sql(app, "SELECT FROM audit_events WHERE type = 'user.deletion_requested'")).length === 1))
  t.same((await rowsWith(databaseUrl, values)).filter(({ table }) => table !== 'revocations'), [{ table: 'audit_events', text: 'user.deleted' }])
  t.equal((await sql(app, 'SELECT FROM identifier_holds')).length, 5, 'only their HMAC')
})

t.test('nor is anything personal in entries of the audit log that are written while the user is deleted, or a moment later', async (t) => {
  const { app, databaseUrl } = await build(t)
  const { user: { id } } = await signedIn(app)
  t.ok(await eventually(async () => (await sql(app, "SELECT FROM audit_events WHERE type = 'login.succeeded'")).length === 1))
  const { database, events } = internals(app)
  const entered = [id, '192.0.2.77', 'Adas browser']
  const client = await database.pool.connect()
  await client.query('BEGIN')
  // As the detection of a reused refresh token does
  await client.query('UPDATE sessions SET generation = generation + 1 WHERE user_id = $1', [id])
  const removed = removeUserOf(internals(app))(id)
  t.ok(await eventually(async () => (await sql(app, "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")).length > 0))
  await client.query("INSERT INTO audit_events (id, type, user_id, ip, user_agent) VALUES (gen_random_uuid(), 'session.reused', $1, $2, $3)", entered)
  events.emit('profile.changed', { userId: id, fields: ['name'], ip: entered[1]!, userAgent: entered[2]! })
  t.ok(await eventually(async () => (await sql(app, 'SELECT FROM pg_locks WHERE NOT granted')).length > 1), 'its entry waits for the deletion')
  await client.query('COMMIT')
  client.release()
  t.equal(await removed, true)
  t.ok(await eventually(async () => (await sql(app, "SELECT FROM audit_events WHERE type = 'profile.changed'")).length === 1))
  t.same((await rowsWith(databaseUrl, entered)).filter(({ table }) => table !== 'revocations'), [{ table: 'audit_events', text: 'user.deleted' }])
  t.same((await sql(app, 'SELECT type FROM audit_events WHERE user_id IS NULL ORDER BY type')).map(({ type }) => type), [
    'login.succeeded', 'profile.changed', 'session.reused', 'user.registered'
  ])
})

t.test('where an address must be verified, one that is held is answered like any other, and nobody is written to', async (t) => {
  const mailbox = createMailbox()
  const { app } = await build(t, { ...mailbox.options, requireEmailVerification: 'on' })
  await register(app)
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  await requestDeletion(app, (await login(app)).json<Tokens>().access_token)
  await advanceTime(app, GRACE + 1)
  await purgeNow(app)
  await mailbox.fetch(app)
  const [held, fresh] = [await register(app), await register(app, { email: 'new@example.com' })]
  t.same([held.statusCode, Object.keys(held.json())], [fresh.statusCode, Object.keys(fresh.json())])
  t.same((await mailbox.fetch(app)).map(({ to }) => to), ['new@example.com'])
  const logins = [await login(app), await login(app, { email: 'new@example.com' })].map((answer) => [answer.statusCode, Object.keys(answer.json())])
  t.same(logins[0], logins[1], 'nor does the login afterwards tell')
})

t.test('a user whom a table of the host refers to stays, is named, and stops no other', async (t) => {
  const { app } = await build(t)
  await sql(app, 'CREATE TABLE orders (user_id uuid REFERENCES users)')
  const ids: string[] = []
  for (const name of ['ada', 'bob', 'eve']) {
    const { access_token: accessToken, user } = await signedIn(app, { email: `${name}@example.com` })
    ids.push(user.id)
    await requestDeletion(app, accessToken)
  }
  await sql(app, 'INSERT INTO orders VALUES ($1)', [ids[0]])
  await advanceTime(app, GRACE + 1)
  const refused: Refused[] = []
  t.equal((await purgeNow(app, refused))?.['users'], 2)
  t.match(refused, [{ userId: ids[0], table: 'orders', constraint: 'orders_user_id_fkey' }])
  t.same(await sql(app, 'SELECT id FROM users'), [{ id: ids[0] }])
  t.equal((await login(app)).statusCode, 401, 'the login stays closed')
  await sql(app, 'DELETE FROM orders')
  t.equal((await purgeNow(app))?.['users'], 1)
})

t.test('two processes that purge at once delete a user once', async (t) => {
  const databaseUrl = await createDatabase(t)
  const apps = [(await build(t, { databaseUrl })).app, (await build(t, { databaseUrl })).app]
  const deleted: string[] = []
  for (const app of apps) app.latchkey.on('user.deleted', ({ userId }) => { deleted.push(userId) })
  const ids: string[] = []
  for (let n = 0; n < 20; n++) ids.push((await register(apps[0]!, { email: `user${n}@example.com` })).json<{ id: string }>().id)
  await sql(apps[0]!, "UPDATE users SET deletion_requested_at = now() - interval '15 days'")
  const purged = await Promise.all([...apps, ...apps].map((app) => purgeNow(app)))
  // Whoever finds another purging does nothing
  t.equal(purged.reduce((sum, each) => sum + (each?.['users'] ?? 0), 0), 20)
  t.same(deleted.sort(), ids.sort())
  t.equal((await sql(apps[0]!, "SELECT FROM audit_events WHERE type = 'user.deleted'")).length, 20)
})

t.test('a restoration at the moment of the purge: exactly one wins', async (t) => {
  const { app } = await build(t)
  const outcomes = { restored: 0, deleted: 0 }
  for (let round = 0; round < 16; round++) {
    const email = `user${round}@example.com`
    const { access_token: accessToken, user: { id } } = await signedIn(app, { email })
    await requestDeletion(app, accessToken)
    const text = await leavingLogin(app, { email })
    // The days are over within the milliseconds of the two
    await sql(app, "UPDATE users SET deletion_requested_at = clock_timestamp() - interval '14 days' + $2 * interval '1 millisecond' WHERE id = $1", [id, round * 3])
    const [answer, ...purged] = await Promise.all([restore(app, text), purgeNow(app), sleep(round * 3).then(() => purgeNow(app))])
    purged.push(await sleep(60).then(() => purgeNow(app)))
    const left = await sql<{ at: Date | null }>(app, 'SELECT deletion_requested_at AS at FROM users WHERE id = $1', [id])
    const isRestored = answer.statusCode === 200
    outcomes[isRestored ? 'restored' : 'deleted']++
    const deleted = purged.reduce((sum, each) => sum + (each?.['users'] ?? 0), 0)
    t.same([left, deleted], isRestored ? [[{ at: null }], 0] : [[], 1], `round ${round}`)
    t.equal((await login(app, { email })).statusCode, isRestored ? 200 : 401)
  }
  t.comment(JSON.stringify(outcomes))
})

t.test('a restoration that began in time and waits for the row is not overtaken by the purge', async (t) => {
  const { app } = await build(t)
  const { access_token: accessToken, user: { id } } = await signedIn(app)
  await requestDeletion(app, accessToken)
  const text = await leavingLogin(app)
  const client = await internals(app).database.pool.connect()
  await client.query('BEGIN')
  await client.query("UPDATE users SET deletion_requested_at = now() - interval '14 days' + interval '1 second' WHERE id = $1", [id])
  const restoring = restore(app, text)
  await sleep(1100)
  await client.query('COMMIT')
  client.release()
  const [answer, purged] = await Promise.all([restoring, purgeNow(app)])
  t.same([answer.statusCode, purged?.['users']], [200, 0])
  t.equal((await login(app)).statusCode, 200)
})

import { hash } from '@node-rs/bcrypt'
import t from 'tap'
import type { FastifyInstance } from 'fastify'
import { Overloaded } from '../../../src/passwords/hashing.ts'
import { build, login, PASSWORD, profile, refresh, register, signedIn } from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'
import { internals } from '../../../plugins/internals.ts'

const STRONGER = { memoryCost: 128, timeCost: 1 }

const stored = async (app: FastifyInstance) =>
  (await sql<{ hash: string, stamp: number, epoch: number }>(
    app,
    'SELECT password_hash AS hash, password_stamp AS stamp, token_epoch AS epoch FROM users'
  ))[0]!

const store = (app: FastifyInstance, hash: string) => sql(app, 'UPDATE users SET password_hash = $1', [hash])

const wrongLogin = (app: FastifyInstance) => login(app, { email: 'ada@example.com', password: 'not the password' })

t.test('a login replaces a weaker hash, and ends no session', async (t) => {
  const { app, databaseUrl } = await build(t)
  const tokens = await signedIn(app)
  const weak = await stored(app)
  t.match(weak.hash, /^\$argon2id\$v=19\$m=64,t=1,p=1\$/)
  await login(app)
  t.same(await stored(app), weak, 'not while it is strong enough')

  const stronger = await build(t, { databaseUrl, passwords: STRONGER })
  t.equal((await wrongLogin(stronger.app)).statusCode, 401)
  t.same(await stored(app), weak, 'nor by a wrong password')
  t.equal((await login(stronger.app)).statusCode, 200)
  const strong = await stored(app)
  t.match(strong.hash, /^\$argon2id\$v=19\$m=128,t=1,p=1\$/)
  t.match(strong, { stamp: 0, epoch: 0 })
  t.equal((await login(app)).statusCode, 200, 'the password is the same')
  t.equal((await stored(app)).hash, strong.hash, 'and no process makes it weaker')
  t.equal((await profile(app, tokens.access_token)).statusCode, 200)
  t.equal((await refresh(app, tokens.refresh_token)).statusCode, 200)
})

/** As PHP (2y), Devise (2a) and others (2b) write it; they differ in name only. */
async function bcrypt (version: '2y' | '2a' | '2b'): Promise<string> {
  return (await hash(PASSWORD, 4)).replace(/^\$2.\$/, `$${version}$`)
}

t.test('a bcrypt hash of Laravel, Devise or Django is accepted, and replaced by argon2id', async (t) => {
  const { app } = await build(t)
  await register(app)
  for (const version of ['2y', '2a', '2b'] as const) {
    const old = await bcrypt(version)
    await store(app, old)
    t.equal((await wrongLogin(app)).statusCode, 401, version)
    t.match((await stored(app)).hash, /^\$2[a-z]\$04\$/, 'a wrong password replaces nothing')
    t.equal((await login(app)).statusCode, 200, version)
    t.match((await stored(app)).hash, /^\$argon2id\$/)
    t.equal((await login(app)).statusCode, 200, `${version}: and again`)
  }
  // What PHP's password_hash() wrote, so that not only our own library has to agree with itself
  await store(app, '$2y$10$92IXUNpkjO0rOQ5byMi.Ye4oKoEa3Ro9llC/.og/at2.uheWG/igi')
  t.equal((await login(app, { email: 'ada@example.com', password: 'password' })).statusCode, 200)
  t.match((await stored(app)).hash, /^\$argon2id\$/)
})

t.test('concurrent logins with a weaker hash all succeed, and one new hash is stored', async (t) => {
  const { app } = await build(t)
  await register(app)
  await store(app, await bcrypt('2y'))
  const answers = await Promise.all(Array.from({ length: 8 }, () => login(app)))
  t.same([...new Set(answers.map(({ statusCode }) => statusCode))], [200])
  t.match((await stored(app)).hash, /^\$argon2id\$/)
  t.equal((await login(app)).statusCode, 200)
})

t.test('a stronger hash of the old password never overwrites a new password', async (t) => {
  const { app } = await build(t)
  const { id } = (await register(app)).json<{ id: string }>()
  await store(app, await bcrypt('2y'))
  const { passwords, store: { users } } = internals(app)
  const { hash } = passwords
  passwords.hash = async (password) => {
    passwords.hash = hash
    await users.changePassword({ userId: id, passwordHash: await hash('another password'), passwordStamp: 0, keepSession: null })
    return await hash(password)
  }
  t.equal((await login(app)).statusCode, 401)
  t.equal((await login(app, { email: 'ada@example.com', password: 'another password' })).statusCode, 200)
  t.equal((await login(app)).statusCode, 401)
})

t.test('a login succeeds when the queue has no room for a stronger hash', async (t) => {
  const { app } = await build(t)
  await register(app)
  const old = await bcrypt('2y')
  await store(app, old)
  const { passwords } = internals(app)
  const { hash } = passwords
  passwords.hash = async () => { throw new Overloaded() }
  t.equal((await login(app)).statusCode, 200)
  t.match((await stored(app)).hash, /^\$2[a-z]\$04\$/)
  passwords.hash = hash
  t.equal((await login(app)).statusCode, 200)
  t.match((await stored(app)).hash, /^\$argon2id\$/)
})

t.test('RFC 8265 section 4.2: a password is the same however its accents were typed', async (t) => {
  const { app } = await build(t)
  const password = 'déjà vu à Århus, 1999'
  t.not(password.normalize('NFD'), password.normalize('NFC'))
  t.equal((await register(app, { email: 'ada@example.com', password: password.normalize('NFD') })).statusCode, 201)
  for (const form of ['NFC', 'NFD']) {
    t.equal((await login(app, { email: 'ada@example.com', password: password.normalize(form) })).statusCode, 200)
  }
  t.equal((await login(app, { email: 'ada@example.com', password: 'deja vu a Arhus, 1999' })).statusCode, 401)
})

import { hash as bcrypt } from '@node-rs/bcrypt'
import argon2 from '@node-rs/argon2'
import t from 'tap'
import type { FastifyInstance } from 'fastify'
import { build, eventually, login, PASSWORD, register } from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'

const COST = 10
const EMAILS = ['ada@example.com', 'bob@example.com']

const store = (app: FastifyInstance, email: string, hash: string) =>
  sql(app, 'UPDATE users u SET password_hash = $1 FROM identifiers i WHERE i.user_id = u.id AND i.value = $2', [hash, email])
const stored = async (app: FastifyInstance, email: string) =>
  (await sql<{ hash: string }>(
    app,
    'SELECT u.password_hash AS hash FROM users u JOIN identifiers i ON i.user_id = u.id WHERE i.value = $1',
    [email]
  ))[0]!.hash

async function timeOf (app: FastifyInstance, email: string): Promise<number> {
  const begun = performance.now()
  const { statusCode } = await login(app, { email, password: 'not the password' })
  const took = performance.now() - begun
  if (statusCode !== 401) throw new Error(String(statusCode))
  return took
}

/** Half of the least that one check takes on this machine, which others use, too; what does not wait takes a tenth. */
async function leastOf (check: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let index = 0; index < 5; index++) {
    const begun = performance.now()
    await check()
    times.push(performance.now() - begun)
  }
  return Math.min(...times) / 2
}

const FOREIGN: [string, () => Promise<string>][] = [
  ['bcrypt, as Laravel writes it', async () => (await bcrypt(PASSWORD, COST)).replace(/^\$2.\$/, '$2y$')],
  ['argon2id of other settings', () => argon2.hash(PASSWORD, { algorithm: 2, memoryCost: 32_768, timeCost: 3, parallelism: 1 })],
  ['argon2i', () => argon2.hash(PASSWORD, { algorithm: 1, memoryCost: 32_768, timeCost: 3, parallelism: 1 })]
]

for (const [name, make] of FOREIGN) {
  t.test(`RFC 6819 section 4.4.3.6: while a hash of ${name} is stored, every login takes its time, for any user`, async (t) => {
    const { app: first, databaseUrl } = await build(t)
    for (const email of EMAILS) await register(first, { email })
    await store(first, 'ada@example.com', await make())
    const least = await leastOf(make)

    const { app } = await build(t, { databaseUrl })
    for (const email of ['nobody@example.com', 'bob@example.com', 'ada@example.com']) {
      t.ok(await timeOf(app, email) >= least, `${email} waits`)
    }
    const begun = performance.now()
    t.equal((await login(app, { email: 'bob@example.com' })).statusCode, 200)
    t.ok(performance.now() - begun >= least, 'who may come in waits, too')
  })
}

t.test('a slower hash that is stored while the server runs is taken into account from its first login on', async (t) => {
  const { app } = await build(t)
  for (const email of EMAILS) await register(app, { email })
  await timeOf(app, 'bob@example.com')
  const hash = await bcrypt(PASSWORD, COST)
  await store(app, 'ada@example.com', hash)
  const least = await leastOf(() => bcrypt(PASSWORD, COST))
  await timeOf(app, 'ada@example.com')
  t.ok(await timeOf(app, 'nobody@example.com') >= least)
})

t.test('imported bcrypt hashes are wrapped in argon2id, and accept the same passwords', async (t) => {
  const { app: first, databaseUrl } = await build(t)
  for (const email of EMAILS) await register(first, { email })
  // What PHP's password_hash() wrote
  await store(first, 'ada@example.com', '$2y$10$92IXUNpkjO0rOQ5byMi.Ye4oKoEa3Ro9llC/.og/at2.uheWG/igi')
  await store(first, 'bob@example.com', '$2y$10$no hash of anything')

  const { app } = await build(t, { databaseUrl })
  t.ok(await eventually(async () => (await stored(app, 'ada@example.com')).startsWith('$2b$10$92IXUNpkjO0rOQ5byMi.Ye$argon2id$'), 20_000))
  t.notMatch(await stored(app, 'ada@example.com'), '4oKoEa3Ro9llC/.og/at2.uheWG/igi', 'the digest of bcrypt is gone')
  t.equal(await stored(app, 'bob@example.com'), '$2y$10$no hash of anything', 'what is none stays')
  await timeOf(app, 'ada@example.com')
  t.equal((await login(app, { email: 'ada@example.com', password: 'password' })).statusCode, 200)
  t.match(await stored(app, 'ada@example.com'), /^\$argon2id\$/, 'and is replaced at the first login')
  t.equal((await login(app, { email: 'ada@example.com', password: 'password' })).statusCode, 200)
})

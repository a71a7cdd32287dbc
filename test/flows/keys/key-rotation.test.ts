import { randomBytes } from 'node:crypto'
import Fastify from 'fastify'
import t from 'tap'
import latchkey from '../../../plugins/latchkey.ts'
import { APP_KEY, build, createDatabase, FAST, login, profile, signedIn, type Tokens } from '../../support/start-server.ts'
import { internals } from '../../../plugins/internals.ts'

const kidOf = (text: string) => (JSON.parse(Buffer.from(text.split('.')[0]!, 'base64url').toString()) as { kid: string }).kid
const past = "now() - interval '1 hour'"

t.test('a new key is published before it signs, and the old one stays until its last token has expired', async (t) => {
  const { app } = await build(t)
  const { keys, database: { pool } } = internals(app)
  const { access_token: old } = await signedIn(app)
  const [next] = await keys.rotate(false)
  t.same(keys.list().filter(({ alg }) => alg === 'ES256').map(({ state }) => state), ['current', 'next'])
  t.ok(keys.jwks().keys.some(({ kid }) => kid === next))
  t.equal(kidOf((await login(app)).json<Tokens>().access_token), kidOf(old), 'it does not sign yet')

  // Its time comes
  await pool.query(`UPDATE signing_keys SET signs_from = ${past} WHERE kid = $1`, [next])
  await pool.query(`UPDATE signing_keys SET signs_until = ${past} WHERE kid = $1`, [kidOf(old)])
  await keys.load()
  t.equal(kidOf((await login(app)).json<Tokens>().access_token), next)
  t.equal((await profile(app, old)).statusCode, 200)

  await pool.query("UPDATE signing_keys SET signs_until = now() - interval '1 hour 6 minutes' WHERE kid = $1", [kidOf(old)])
  await keys.load()
  t.notOk(keys.jwks().keys.some(({ kid }) => kid === kidOf(old)))
})

t.test('two processes that are due at once create one key', async (t) => {
  const databaseUrl = await createDatabase(t)
  const [{ app: first }, { app: second }] = [await build(t, { databaseUrl }), await build(t, { databaseUrl })]
  await internals(first).database.pool.query(
    "UPDATE signing_keys SET signs_from = now() - interval '200 days', created_at = now() - interval '200 days'"
  )
  await Promise.all([internals(first).keys.load(), internals(second).keys.load()])
  const made = await Promise.all([internals(first).keys.rotateDue(), internals(second).keys.rotateDue()])
  t.equal(made.flat().length, 2, 'one for each algorithm')
})

t.test('revoking a key ends its tokens in every process, and another key signs at once', async (t) => {
  const databaseUrl = await createDatabase(t)
  const [{ app: first }, { app: second }] = [await build(t, { databaseUrl }), await build(t, { databaseUrl })]
  const { access_token: old } = await signedIn(first)
  t.equal((await profile(second, old)).statusCode, 200)
  await internals(first).keys.revoke(kidOf(old))
  t.equal((await profile(first, old)).statusCode, 401)
  const { eventually } = await import('../../support/start-server.ts')
  t.ok(await eventually(async () => (await profile(second, old)).statusCode === 401))
  const fresh = (await login(first)).json<Tokens>().access_token
  t.not(kidOf(fresh), kidOf(old))
  t.ok(await eventually(async () => (await profile(second, fresh)).statusCode === 200))
})

t.test('a wrong APP_KEY stops the start and changes nothing; an earlier one opens the keys and seals them anew', async (t) => {
  const databaseUrl = await createDatabase(t)
  const { app } = await build(t, { databaseUrl })
  const before = (await internals(app).database.pool.query('SELECT kid, sealed FROM signing_keys ORDER BY kid')).rows
  const start = async (options: object) => {
    const other = Fastify()
    t.teardown(() => other.close())
    await other.register(latchkey, { ...FAST, databaseUrl, ...options })
    return other
  }
  const appKey = randomBytes(32).toString('base64')
  await t.rejects(start({ appKey }), { code: 'LK_CONFIG', message: /^appKey \(or LATCHKEY_APP_KEY\) is not the key/ })
  t.same((await internals(app).database.pool.query('SELECT kid, sealed FROM signing_keys ORDER BY kid')).rows, before)

  await start({ appKey, appPreviousKeys: [APP_KEY] })
  const after = (await internals(app).database.pool.query('SELECT kid, sealed FROM signing_keys ORDER BY kid')).rows
  t.same(after.map(({ kid }) => kid), before.map(({ kid }) => kid))
  t.notSame(after, before)
  await start({ appKey })
})

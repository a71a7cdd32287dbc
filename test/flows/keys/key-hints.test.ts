import { randomBytes } from 'node:crypto'
import Fastify, { type FastifyInstance } from 'fastify'
import type { JSONWebKeySet } from 'jose'
import t, { type Test } from 'tap'
import latchkey from '../../../plugins/latchkey.ts'
import { party, served, type Party } from '../../support/conformance.ts'
import { APP_KEY, FAST, makeClient } from '../../support/start-server.ts'
import { visit, type Visitor } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const kidOf = (text: string) => (JSON.parse(Buffer.from(text.split('.')[0]!, 'base64url').toString()) as { kid: string }).kid
const published = async (app: FastifyInstance) =>
  (await app.inject('/.well-known/jwks.json')).json<JSONWebKeySet>().keys.map(({ kid }) => kid)
const isLoggedIn = async (visitor: Visitor) => (await visitor.get('/account')).statusCode === 200
const end = (visitor: Visitor, hint: string) => visitor.get(`/v1/oauth/logout?id_token_hint=${hint}`)

type Started = {
  app: FastifyInstance, asked: Party, visitor: Visitor, hint: string, kid: string,
  rotatedAgo: (interval: string) => Promise<void>
}

/** A user whose application has an id token, by a key that is then rotated away. */
async function rotated (t: Test, algorithm = 'RS256'): Promise<Started> {
  const app = await served(t)
  const asked = await party(app, { idTokenAlg: algorithm })
  const visitor = visit(app)
  const { id_token: hint } = await asked.tokens({}, visitor)
  const { keys, database: { pool } } = internals(app)
  await keys.rotate(true)
  const kid = kidOf(hint)
  async function rotatedAgo (interval: string): Promise<void> {
    await pool.query(
      `UPDATE signing_keys SET signs_until = now() - interval '${interval}', keep_until = keep_until - interval '${interval}' WHERE kid = $1`,
      [kid]
    )
    await keys.load()
  }
  return { app, asked, visitor, hint, kid, rotatedAgo }
}

for (const algorithm of ['RS256', 'ES256']) {
  t.test(`a key stays in the JWKS while an id token that it signed is valid, however short access tokens live (${algorithm})`, async (t) => {
    const { app, asked, hint, kid, rotatedAgo } = await rotated(t, algorithm)
    await internals(app).database.pool.query("UPDATE settings SET value = '60' WHERE name = 'longest_access_token_ttl'")
    await rotatedAgo('59 minutes')
    t.ok((await published(app)).includes(kid))
    t.ok(await asked.verified(hint, algorithm))
    await rotatedAgo('66 minutes')
    t.notOk((await published(app)).includes(kid))
  })

  t.test(`RP-Initiated Logout section 2: an id_token_hint is accepted after its key has left the JWKS (${algorithm})`, async (t) => {
    const { app, visitor, hint, kid, rotatedAgo } = await rotated(t, algorithm)
    await rotatedAgo('179 days')
    t.notOk((await published(app)).includes(kid))
    t.match((await end(visitor, hint)).body, 'You are logged out')
    t.notOk(await isLoggedIn(visitor))
  })
}

t.test("a key stays in the JWKS as long as the longest lifetime of any client's tokens, including a new client's", async (t) => {
  const { app, kid, rotatedAgo } = await rotated(t)
  await rotatedAgo('2 hours')
  t.notOk((await published(app)).includes(kid))
  await makeClient(app, { accessTokenTtl: 86_400 })
  await internals(app).keys.load()
  t.ok((await published(app)).includes(kid))
})

t.test('a purge keeps a key as long as the longest session, because its id tokens can still be hints', async (t) => {
  const { app, visitor, hint, rotatedAgo } = await rotated(t)
  await internals(app).database.pool.query("UPDATE sessions SET expires_at = now() + interval '1000 days'")
  await internals(app).keys.rotate(true)
  await rotatedAgo('180 days')
  const { expired } = await purgeAll(app)
  t.equal(expired, 0)
  t.equal((await end(visitor, hint)).statusCode, 200)
  const [current] = internals(app).keys.list().filter(({ alg, signsUntil }) => alg === 'RS256' && signsUntil)
  const { rows: [row] } = await internals(app).database.pool.query<{ kept: boolean }>(
    "SELECT keep_until >= now() + interval '999 days' AS kept FROM signing_keys WHERE kid = $1",
    [current!.kid]
  )
  t.ok(row!.kept)
})

async function purgeAll (app: FastifyInstance): Promise<{ expired: number }> {
  const { store } = internals(app)
  const step = store.purge.steps({ expired: true, revoked: false, keep: 0, auditRetention: 86_400 }).find(({ table }) =>
    table === 'signing_keys'
  )
  return { expired: (await step!.batch(100, null)).count }
}

t.test('an earlier APP_KEY can be removed although keys that have left the JWKS were sealed with it', async (t) => {
  const { app, hint, visitor, rotatedAgo } = await rotated(t)
  await rotatedAgo('10 days')
  const { databaseUrl } = internals(app)
  const appKey = randomBytes(32).toString('base64')
  const start = async (options: object) => {
    const other = Fastify()
    t.teardown(() => other.close())
    await other.register(latchkey, { ...FAST, databaseUrl, ...options })
    return other
  }
  await (await start({ appKey, appPreviousKeys: [APP_KEY] })).close()
  const other = await start({ appKey })
  t.notOk((await published(other)).includes(kidOf(hint)))
  const elsewhere = visit(other)
  for (const [name, value] of visitor.cookies) elsewhere.cookies.set(name, value)
  t.match((await end(elsewhere, hint)).body, 'You are logged out')
})

t.test('an id_token_hint that a revoked key signed is refused, whether the key was current or old', async (t) => {
  const { app, visitor, hint, kid, rotatedAgo } = await rotated(t)
  await rotatedAgo('10 days')
  t.ok(await internals(app).keys.revoke(kid))
  t.equal((await end(visitor, hint)).statusCode, 400)
  t.ok(await isLoggedIn(visitor))
})

t.test('while the database is unreachable an id_token_hint gets a server error, and is not refused as forged', async (t) => {
  const { app, asked, hint, rotatedAgo } = await rotated(t)
  await rotatedAgo('10 days')
  const { pool } = internals(app).database
  await pool.query('ALTER TABLE signing_keys RENAME TO away')
  t.ok((await end(visit(app), hint)).statusCode >= 500)
  await pool.query('ALTER TABLE away RENAME TO signing_keys')
  t.ok((await end(visit(app), hint)).statusCode < 400)
  t.ok(asked)
})

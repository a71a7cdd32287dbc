import t, { type Test } from 'tap'
import { rotateKeys } from '../../../src/cli/keys.ts'
import { internals } from '../../../plugins/internals.ts'
import { contextFor } from '../../cli/helper.ts'
import { startLatchkey, throughLatchkey } from '../../support/latchkey-upstream.ts'
import { sql } from '../../support/session-rows.ts'
import { build } from '../../support/start-server.ts'
import { visit } from '../../support/visitor.ts'

/** A server of ours whose OpenID provider is another one. */
async function world (t: Test) {
  const upstream = await startLatchkey(t)
  const { issuer, client: { id: clientId, secret: clientSecret } } = upstream
  const { app, logs } = await build(t, { social: { latchkey: { issuer, clientId, clientSecret, label: 'Acme' } } })
  const there = upstream.visitor()
  async function enter (visitor = visit(app), decision?: 'allow' | 'deny') {
    return await visitor.get(await throughLatchkey(there, await visitor.get('/v1/auth/latchkey/redirect'), decision))
  }
  return { app, logs, upstream, there, enter }
}

t.test('a second server of ours is a provider: register, log in again', async (t) => {
  const { app, upstream, enter } = await world(t)
  await sql(upstream.app, 'UPDATE identifiers SET verified_at = now()')
  t.match(await enter(), { statusCode: 303, headers: { location: '/account' } })
  t.match(await sql(app, 'SELECT u.name, i.value, i.verified_at FROM users u JOIN identifiers i ON i.user_id = u.id'), [
    { name: 'Ada Lovelace', value: 'ada@example.com', verified_at: Date }
  ])
  t.equal((await enter()).statusCode, 303)
  t.equal((await sql(app, 'SELECT FROM users')).length, 1)
})

t.test('an address that the second server has not verified is none here', async (t) => {
  const { app, enter } = await world(t)
  t.equal((await enter()).statusCode, 303)
  t.same(await sql(app, 'SELECT value FROM identifiers'), [])
})

t.test('who says no there reads so here', async (t) => {
  const { app, enter } = await world(t)
  const answer = await enter(visit(app), 'deny')
  t.match([answer.statusCode, answer.body], [200, /You have canceled the login with Acme/])
  t.equal((await sql(app, 'SELECT FROM users')).length, 0)
})

t.test('keys that the provider has replaced since the last login are fetched', async (t) => {
  const { upstream, enter, logs } = await world(t)
  t.equal((await enter()).statusCode, 303)
  const kid = async () => (await (await fetch(`${upstream.issuer}/.well-known/jwks.json`)).json() as { keys: { kid: string }[] }).keys.map((key) => key.kid)
  const before = await kid()
  await rotateKeys(await contextFor(t, { DATABASE_URL: upstream.databaseUrl }), { now: true })
  await internals(upstream.app).keys.load()
  t.strictNotSame(await kid(), before)
  t.equal((await enter()).statusCode, 303, logs())
})

for (const [by, seconds] of [['ahead of', 1], ['behind', -1]] as const) {
  t.test(`a provider whose clock is a minute ${by} ours lets users in; by an hour it does not, and the log says so`, async (t) => {
    const { app, upstream, enter, logs } = await world(t)
    const { clock, keys } = internals(upstream.app)
    await sql(upstream.app, "UPDATE signing_keys SET signs_from = signs_from - interval '3 hours', created_at = created_at - interval '3 hours'")
    await keys.load()
    const differBy = (difference: number) => Object.assign(clock, { now: () => Date.now() + difference * 1000 })
    differBy(60 * seconds)
    t.equal((await enter()).statusCode, 303, logs())
    t.match(await sql(app, 'SELECT auth_time <= now() AS past FROM browser_sessions'), [{ past: true }])
    differBy(3600 * seconds)
    const answer = await enter()
    t.match([answer.statusCode, answer.body], [401, /has failed/])
    t.match(logs(), seconds > 0 ? /latchkey: its clock is 3(600|599|598|597) s ahead of ours; one of them is wrong/ : /latchkey[^"]*OAUTH_JWT_TIMESTAMP_CHECK[^"]*exp|its clock is 36\d\d s behind ours/)
    t.equal((await sql(app, 'SELECT FROM users')).length, 1)
  })
}

import t from 'tap'
import { audit } from '../../../src/cli/audit.ts'
import { listTokens } from '../../../src/cli/tokens.ts'
import { openDatabase } from '../../../src/database/client.ts'
import { parseDatabaseUrl } from '../../../src/database/connection.ts'
import { withClient } from '../../../src/database/with-client.ts'
import { contextFor } from '../../cli/helper.ts'
import { basic, build, createDatabase, makeClient, PASSWORD, register, token } from '../../support/start-server.ts'
import { query } from '../../unit/database/embedded-helper.ts'
import { createClock } from '../../../src/runtime/clock.ts'

/** What operators and other programs set for a database, each to something else than we rely on. */
const SET: Record<string, string> = {
  datestyle: 'German',
  timezone: 'Asia/Kolkata',
  intervalstyle: 'sql_standard',
  bytea_output: 'escape',
  extra_float_digits: '-10',
  array_nulls: 'off',
  transform_null_equals: 'on',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  statement_timeout: '500ms',
  lock_timeout: '400ms',
  idle_in_transaction_session_timeout: '400ms',
  idle_session_timeout: '400ms',
  transaction_timeout: '900ms',
  search_path: 'nowhere'
}
const SHOWN = Object.keys(SET).map((name) => `current_setting('${name}') AS ${name}`).join(', ')
const RELIED_ON = {
  datestyle: 'ISO, MDY',
  timezone: 'UTC',
  intervalstyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  array_nulls: 'on',
  transform_null_equals: 'off',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  transaction_timeout: '0',
  search_path: 'public'
}

async function strangeDatabase (t: Parameters<typeof createDatabase>[0], options?: { empty: boolean }): Promise<string> {
  const url = await createDatabase(t, options)
  const name = new URL(url).pathname.slice(1)
  for (const [setting, value] of Object.entries(SET)) await query(url, `ALTER DATABASE "${name}" SET ${setting} = '${value}'`)
  return url
}

t.test('each connection sets what we rely on, whatever the defaults of the database, role or URL are', async (t) => {
  const url = await strangeDatabase(t)
  const database = openDatabase({ url, poolSize: 2, clock: createClock(), onError: () => {} })
  t.teardown(database.close)
  const { rows: [inPool] } = await database.pool.query(`SELECT ${SHOWN}`)
  t.match(inPool, { ...RELIED_ON, statement_timeout: '10s' })
  t.match(await withClient(parseDatabaseUrl(url), async (client) => (await client.query(`SELECT ${SHOWN}`)).rows[0]), {
    ...RELIED_ON,
    statement_timeout: '0'
  })
  const limited = openDatabase({ url: `${url}?statement_timeout=100`, poolSize: 1, clock: createClock(), onError: () => {} })
  t.teardown(limited.close)
  await t.rejects(limited.pool.query('SELECT pg_sleep(5)'), { code: '57014' }, 'the URL itself may ask for less')
})

t.test('migrations, logins, refreshes, tokens and commands work on a database with unusual settings', async (t) => {
  const databaseUrl = await strangeDatabase(t, { empty: true })
  const { app, logs } = await build(t, { databaseUrl })
  const { id, secret } = await makeClient(app)
  await register(app)
  const first = await token(app, { grant_type: 'password', username: 'ada@example.com', password: PASSWORD }, basic(id, secret))
  t.equal(first.statusCode, 200, first.body)
  const { refresh_token: refresh, access_token: access } = first.json<{ refresh_token: string, access_token: string }>()
  t.equal((await token(app, { grant_type: 'refresh_token', refresh_token: refresh }, basic(id, secret))).statusCode, 200)
  const headers = { authorization: `Bearer ${access}` }
  const profile = await app.inject({ url: '/v1/profile', headers })
  t.ok(Math.abs(Date.parse(profile.json<{ created_at: string }>().created_at) - Date.now()) < 60_000, 'and times are those of the clock')
  t.equal((await app.inject({ url: '/v1/oauth/tokens', headers })).json<object[]>().length, 1)
  t.equal((await app.inject({ method: 'POST', url: '/v1/oauth/personal-access-tokens', headers, payload: { name: 'x' } })).statusCode, 201)
  t.equal((await app.inject({ method: 'POST', url: '/v1/api/logout', headers })).statusCode, 202)
  t.equal((await app.inject({ url: '/v1/profile', headers })).statusCode, 401)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  t.match((await listTokens(context, {})).json, { personal_access_tokens: [{ name: 'x' }] })
  t.match((await audit(context, {})).lines.join('\n'), /\d{4}-\d\d-\d\dT.*personal_token\.created/)
  t.notMatch(logs(), /connection broke|"level":50/)
})

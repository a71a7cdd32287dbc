import t from 'tap'
import { openFeedConnection } from '../../../src/revocation/feed-connection.store.ts'
import { openDatabase } from '../../../src/database/client.ts'
import { newClient } from '../../../src/database/connect.ts'
import { parseDatabaseUrl } from '../../../src/database/connection.ts'
import { migrate } from '../../../src/database/migrate.ts'
import { createTls } from '../../../src/database/tls.ts'
import { withClient } from '../../../src/database/with-client.ts'
import { certificate, isEncrypted, startTlsServer } from './tls-server.ts'
import { createClock } from '../../../src/runtime/clock.ts'

const CA = `sslrootcert=${certificate('ca.crt')}`
const OTHER_CA = `sslrootcert=${certificate('other-ca.crt')}`
const CLIENT = `sslcert=${certificate('client.crt')}&sslkey=${certificate('client.key')}`

const warnings: Error[] = []
process.on('warning', (warning) => warnings.push(warning))
// What psql of this machine's user has in ~/.postgresql is none of these tests
process.env['HOME'] = t.testdir({})
for (const name of ['PGSSLMODE', 'PGSSLROOTCERT', 'PGSSLCERT', 'PGSSLKEY']) delete process.env[name]

t.test('sslmode has the meaning of libpq', async (t) => {
  const server = await startTlsServer(t)
  const connect = (url: string) => withClient(parseDatabaseUrl(url), isEncrypted)

  /** User, parameters, host; whether the connection is encrypted, or why there is none. */
  const withTls: [user: string, parameters: string, answer: boolean | RegExp, host?: string][] = [
    ['latchkey', '?sslmode=disable', false],
    ['latchkey', '?sslmode=allow', false],
    ['latchkey', '?sslmode=prefer', true],
    ['latchkey', '?sslmode=require', true],
    ['latchkey', '?sslmode=no-verify', true],
    ['latchkey', `?sslmode=require&${CA}`, true],
    ['latchkey', `?sslmode=require&${OTHER_CA}`, /certificate.*\?sslrootcert=<file>, or accept any certificate with \?sslmode=require/],
    ['latchkey', `?sslmode=verify-ca&${CA}`, true],
    ['latchkey', `?sslmode=verify-ca&${OTHER_CA}`, /certificate.*sslrootcert/],
    ['latchkey', '?sslmode=verify-ca', /needs sslrootcert/],
    ['latchkey', `?sslmode=verify-full&${CA}`, true, 'localhost'],
    ['latchkey', `?sslmode=verify-full&${CA}`, /127\.0\.0\.1.*use the host name in its certificate, or \?sslmode=verify-ca/],
    ['latchkey', '?sslmode=verify-full', /certificate.*sslrootcert/, 'localhost'],
    ['latchkey', '?sslmode=verify-full&sslrootcert=system', /certificate.*sslrootcert/, 'localhost'],
    ['latchkey', '?sslmode=require&sslnegotiation=direct', true],
    ['latchkey', '?sslmode=require&ssl_min_protocol_version=TLSv1.3', true],
    ['latchkey', '?ssl=true', true],
    ['latchkey', '?ssl=0', false],
    ['latchkey', '', false],
    ['tls_only', '', true],
    ['tls_only', '?sslmode=allow', true],
    ['tls_only', '?sslmode=disable', /no pg_hba\.conf entry/],
    ['plain_only', '?sslmode=prefer', false],
    ['plain_only', '?sslmode=allow', false],
    ['plain_only', '?sslmode=require', /no pg_hba\.conf entry/],
    ['nobody', '?sslmode=prefer', /no pg_hba\.conf entry/],
    ['nobody', '?sslmode=allow', /no pg_hba\.conf entry/],
    ['cert_user', `?sslmode=verify-ca&${CA}&${CLIENT}`, true],
    ['cert_user', '?sslmode=require', /certificate/]
  ]
  for (const [user, parameters, answer, host] of withTls) await check(user, parameters, answer, host)

  await server.setTls(false)
  const withoutTls: typeof withTls = [
    ['latchkey', '', false],
    ['latchkey', '?sslmode=disable', false],
    ['latchkey', '?sslmode=allow', false],
    ['latchkey', '?sslmode=prefer', false],
    ['latchkey', '?sslmode=require', /the server offers no TLS, which sslmode=require asks for; .*prefer/],
    ['latchkey', `?sslmode=verify-full&${CA}`, /offers no TLS/],
    ['tls_only', '?sslmode=allow', /offers no TLS|no pg_hba/],
    ['nobody', '?sslmode=prefer', /no pg_hba\.conf entry/]
  ]
  for (const [user, parameters, answer] of withoutTls) await check(user, parameters, answer)
  t.same(warnings, [], 'and no library says anything of it')

  async function check (user: string, parameters: string, answer: boolean | RegExp, host?: string): Promise<void> {
    const name = `${user} ${parameters.replace(/=\/\S*\//g, '=')} ${host ?? ''}`.trim()
    if (answer instanceof RegExp) await t.rejects(async () => await connect(server.url(user, parameters, host)), { message: answer }, name)
    else t.equal(await connect(server.url(user, parameters, host)), answer, name)
  }
})

t.test('the pool, the feed and migrations use TLS alike', async (t) => {
  const server = await startTlsServer(t)
  for (const [user, parameters, encrypted] of [
    ['tls_only', '?sslmode=allow', true],
    ['plain_only', '?sslmode=prefer', false],
    ['latchkey', `?sslmode=verify-ca&${CA}`, true]
  ] as const) {
    const url = server.url(user, parameters)
    await migrate(url)
    const database = openDatabase({ url, poolSize: 3, clock: createClock(), onError: () => {} })
    t.same(await Promise.all([1, 2, 3].map(() => isEncrypted(database.pool))), [encrypted, encrypted, encrypted], `${user} ${encrypted}`)
    t.equal(await (await database.prisma()).user.count(), 0)
    await database.close()
    const feed = await openFeedConnection(url, () => {})
    const [{ ssl }] = await server.admin(
      "SELECT ssl FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE application_name = 'latchkey feed'"
    ) as [{ ssl: boolean }]
    t.equal(ssl, encrypted)
    t.match(await feed.poll(null), { rows: [] })
    await feed.close()
  }
})

t.test('with sslmode=prefer or allow, a connection that breaks later is not tried again in the other mode', async (t) => {
  const server = await startTlsServer(t)
  for (const parameters of ['?sslmode=prefer', '?sslmode=allow']) {
    const client = newClient(parseDatabaseUrl(server.url('latchkey', parameters)))
    client.on('error', () => {})
    await client.connect()
    const ended = new Promise<void>((resolve) => client.once('end', resolve))
    await t.rejects(client.query('SELECT pg_terminate_backend(pg_backend_pid())'), { code: '57P01' })
    await ended
  }
})

t.test('variables of libpq apply where the URL says nothing', async (t) => {
  const file = certificate('ca.crt')
  t.equal(createTls({}, false, {}).mode, 'prefer')
  t.equal(createTls({}, true, {}).mode, 'allow', 'nobody listens on the way to this machine')
  t.equal(createTls({}, true, { PGSSLMODE: 'require' }).mode, 'require')
  t.match(createTls({ sslmode: 'verify-full' }, true, { PGSSLMODE: 'disable', PGSSLROOTCERT: file }), {
    mode: 'verify-full',
    options: { ca: Buffer }
  })
  t.equal(createTls({ ssl: 'true' }, true, { PGSSLMODE: 'disable' }).mode, 'require')
  t.equal(createTls({ sslrootcert: 'system' }, true, {}).mode, 'verify-full')
})

const REFUSED: [parameters: object, message: RegExp][] = [
  [{ sslmode: 'on' }, /must be disable, allow, prefer, require, verify-ca or verify-full/], [{ sslmode: 'REQUIRE' }, /must be disable/],
  [{ sslmode: 'require', sslrootcert: '/nowhere/ca.pem' }, /sslrootcert of the database URL cannot be read: ENOENT.*\/nowhere\/ca\.pem/],
  [{ sslmode: 'require', sslrootcert: 'system' }, /needs sslmode=verify-full/],
  [{ sslmode: 'prefer', sslnegotiation: 'direct' }, /needs sslmode=require/],
  [{ sslmode: 'require', ssl_min_protocol_version: 'TLSv9' }, /must be one of TLSv1, /]
]

for (const [parameters, message] of REFUSED) {
  t.test(`${JSON.stringify(parameters)} is refused with an error that says what to do`, async (t) => {
    t.throws(() => createTls(parameters, false, {}), { message })
  })
}

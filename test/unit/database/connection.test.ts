import t from 'tap'
import { addressOf, parseDatabaseUrl, quoteIdentifier } from '../../../src/database/connection.ts'
import { sessionSettings } from '../../../src/database/session.ts'

const KNOWN = ['user', 'password', 'host', 'port', 'database', 'application_name', 'options', 'connectionTimeoutMillis']

const READS: [url: string, options: object, schema?: string][] = [
  ['postgresql://u:p@h:5433/db', { user: 'u', password: 'p', host: 'h', port: 5433, database: 'db' }],
  ['postgres://u:p@h/db', { user: 'u', password: 'p', host: 'h', database: 'db' }],
  ['postgresql://u:p%40%2F%23@h/db', { user: 'u', password: 'p@/#', host: 'h', database: 'db' }],
  ['postgresql://u:p@h/db?schema=auth', { user: 'u', password: 'p', host: 'h', database: 'db' }, 'auth'],
  ['postgresql://u:p@h/db?schema=Ünïcode%20"x"', { user: 'u', password: 'p', host: 'h', database: 'db' }, 'Ünïcode "x"'],
  ['postgresql://u:p@[::1]:5432/db', { host: '::1', port: 5432 }],
  ['postgresql:///db?host=/var/run/postgresql', { host: '/var/run/postgresql', database: 'db' }],
  ['postgresql://u:p@/db?host=/tmp&port=5433', { user: 'u', password: 'p', host: '/tmp', port: 5433 }],
  ['postgresql://u:p@%2Ftmp/db', { user: 'u', host: '/tmp', database: 'db' }],
  ['postgresql://u:p@ss@h/db', { password: 'p@ss', host: 'h' }],
  ['postgresql:///db?host=/cloudsql/p:r:i&user=me@project.iam', { user: 'me@project.iam', host: '/cloudsql/p:r:i' }],
  ['postgresql://h/db?user=me@project.iam', { user: 'me@project.iam', host: 'h' }],
  ['postgresql://u:p@h/db?connect_timeout=99999999', { connectionTimeoutMillis: 2 ** 31 - 1 }],
  ['postgresql://u:p@h/db?connect_timeout=5', { connectionTimeoutMillis: 5000 }],
  ['postgresql://u:p@h/db?application_name=app', { application_name: 'app' }]
]

for (const [url, options, schema = 'public'] of READS) {
  t.test(`a connection is read from ${url}`, async (t) => {
    const connection = parseDatabaseUrl(url)
    t.match(connection.options, options)
    t.equal(connection.schema, schema)
    t.strictSame(Object.keys(connection.options).filter((name) => !KNOWN.includes(name)), [], 'pg gets only what it knows')
  })
}

const REFUSES: [url: string, message: RegExp][] = [
  ['', /must look like postgresql:/],
  ['mysql://u:secret@h/db', /must look like postgresql:/],
  ['u:secret@h/db', /must look like postgresql:/],
  ['postgresql://u:sec/ret@h:5432/db', /percent-encode/],
  ['postgresql://u:secret@h:99999/db', /cannot be read/],
  ['postgresql://u:secret@h/db?port=x', /Invalid port/],
  ['postgresql://u:secret@h/db?schema=', /schema/],
  [`postgresql://u:secret@h/db?schema=${'x'.repeat(64)}`, /longer than 63 bytes/],
  ['postgresql://u:secret@h/db?connect_timeout=soon', /connect_timeout/],
  ['postgresql://u:secret@h/db?sslmode=require&sslrootcert=/nowhere/ca.pem', /\/nowhere\/ca.pem/]
]

/** A password that was not percent-encoded: nothing of it may be taken for a host. */
const RAW = [
  'p@ss/w#rd',
  'p@ss/word',
  '12/34',
  'p@ss?w=rd',
  '12?34',
  '12#34',
  'p@ss#',
  '1/2?user=3',
  '12?user=34',
  'p@ss?port=9/9',
  '#',
  '/',
  '?',
  'a/b@c',
  '%zz/x'
]

for (const password of RAW) {
  t.test(`an unencoded ${password} in the password is reported, and no part of the password is shown`, async (t) => {
    const { message } = t.throws(() => parseDatabaseUrl(`postgresql://boss:${password}@127.0.0.1:1/db`)) as Error
    t.match(message, /percent-encode/)
    t.notMatch(message, /boss|p@ss|w#rd|12|34/)
  })
}

for (const [url, message] of REFUSES) {
  t.test(`the URL ${url || '""'} is refused`, async (t) => {
    const error = t.throws(() => parseDatabaseUrl(url), { message })
    t.notMatch(String(error), /sec(ret|\/ret)/, 'and does not tell the password')
  })
}

t.test('the description of a database has its address and nothing secret', async (t) => {
  const address = (url: string) => addressOf(parseDatabaseUrl(url).options)
  t.equal(address('postgresql://u:p@h:5433/db'), 'h:5433')
  t.equal(address('postgresql://u:p@h/db'), 'h:5432')
  t.equal(address('postgresql://u:p@[::1]/db'), '[::1]:5432')
  t.equal(address('postgresql:///db?host=/tmp'), '/tmp/.s.PGSQL.5432')
})

t.test('a schema is quoted in the settings of a connection', async (t) => {
  t.equal(quoteIdentifier('a"b'), '"a""b"')
  t.match(sessionSettings({ schema: 'a"b\'c', local: true }), 'set_config(\'search_path\', \'"a""b\'\'c"\', true)')
})

t.test('timeouts in the URL are set by statement, because a pooler may refuse them as parameters', async (t) => {
  const { timeouts } = parseDatabaseUrl('postgresql://u:p@h/db?statement_timeout=5000&lock_timeout=100')
  t.same(timeouts, { statement_timeout: '5000', lock_timeout: '100' })
  t.match(
    sessionSettings({ schema: 'public', timeouts }),
    "set_config('statement_timeout', '5000', false), set_config('lock_timeout', '100', false)"
  )
})

t.test('pgbouncer=true disables prepared statements', async (t) => {
  t.equal(parseDatabaseUrl('postgresql://u:p@h/db?pgbouncer=true').prepare, false)
  t.equal(parseDatabaseUrl('postgresql://u:p@h/db').prepare, true)
})

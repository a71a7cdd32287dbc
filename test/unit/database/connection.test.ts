import t from 'tap'
import { addressOf, parseDatabaseUrl, poolConfig, quoteIdentifier, sessionSettings } from '../../../src/database/connection.ts'

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
  ['postgresql://u:p@h/db?sslmode=disable', { ssl: false }],
  ['postgresql://u:p@h/db?sslmode=verify-full', { ssl: {} }],
  ['postgresql://u:p@h/db?sslmode=no-verify', { ssl: { rejectUnauthorized: false } }],
  ['postgresql://u:p@h/db?connect_timeout=5', { connectionTimeoutMillis: 5000 }],
  ['postgresql://u:p@h/db?application_name=app', { application_name: 'app' }]
]

for (const [url, options, schema = 'public'] of READS) {
  t.test(`reads ${url}`, async (t) => {
    const connection = parseDatabaseUrl(url)
    t.match(connection.options, options)
    t.equal(connection.schema, schema)
    t.notOk('schema' in connection.options, 'pg gets only what it knows')
  })
}

const REFUSES: [url: string, message: RegExp][] = [
  ['', /must look like postgresql:/],
  ['mysql://u:secret@h/db', /must look like postgresql:/],
  ['u:secret@h/db', /must look like postgresql:/],
  ['postgresql://u:sec/ret@h:5432/db', /special characters percent-encoded/],
  ['postgresql://u:secret@h:99999/db', /cannot be read/],
  ['postgresql://u:secret@h/db?port=x', /Invalid port/],
  ['postgresql://u:secret@h/db?schema=', /schema/],
  [`postgresql://u:secret@h/db?schema=${'x'.repeat(64)}`, /longer than 63 bytes/],
  ['postgresql://u:secret@h/db?connect_timeout=soon', /connect_timeout/],
  ['postgresql://u:secret@h/db?sslrootcert=/nowhere/ca.pem', /\/nowhere\/ca.pem/]
]

for (const [url, message] of REFUSES) {
  t.test(`refuses ${url || 'nothing'}`, async (t) => {
    const error = t.throws(() => parseDatabaseUrl(url), { message })
    t.notMatch(String(error), /sec(ret|\/ret)/, 'and does not tell the password')
  })
}

t.test('names the address and nothing that is secret', async (t) => {
  const address = (url: string) => addressOf(parseDatabaseUrl(url).options)
  t.equal(address('postgresql://u:p@h:5433/db'), 'h:5433')
  t.equal(address('postgresql://u:p@h/db'), 'h:5432')
  t.equal(address('postgresql://u:p@[::1]/db'), '[::1]:5432')
  t.equal(address('postgresql:///db?host=/tmp'), '/tmp/.s.PGSQL.5432')
})

t.test('quotes a schema in the settings of a session', async (t) => {
  t.equal(quoteIdentifier('a"b'), '"a""b"')
  t.equal(sessionSettings('a"b', 'LOCAL'), 'SET LOCAL TIME ZONE \'UTC\'; SET LOCAL search_path TO "a""b"')
  t.type(poolConfig(parseDatabaseUrl('postgresql://h/db')).onConnect, 'function')
})

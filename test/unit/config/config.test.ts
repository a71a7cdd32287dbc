import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Type } from 'typebox'
import type { LatchkeyOptions } from '../../../src/config/config.ts'
import { Settings } from '../../../src/config/settings.ts'
import { configFrom, readEnvironment, readVariables, type Variables } from '../../../src/config/environment.ts'
import { noticeNames } from '../../../src/mail/notices.ts'
import { EmailSchema, PhoneSchema } from '../../../src/schemas/identifiers.ts'
import { problems } from '../../support/config-problems.ts'

const KEY = Buffer.alloc(32, 1).toString('base64')
const SECRET = 'hunter2-hunter2'
const from = (variables: Variables, options: LatchkeyOptions = {}) =>
  configFrom(options, readEnvironment(variables, { prefixedOnly: false }))
const inHost = (variables: Variables, options: LatchkeyOptions = {}) =>
  configFrom(options, readEnvironment(variables, { prefixedOnly: true }))
const withOptions = (options: object) => from({}, options as LatchkeyOptions)
type Described = { env?: string, properties?: Record<string, Described> }
const variablesIn = (properties: Record<string, Described>): string[] =>
  Object.values(properties).flatMap(({ env, properties: inner = {} }) => [...(env === undefined ? [] : [env]), ...variablesIn(inner)])
/** Each that an option names, those of groups such as `sms.perDay`, too. */
const variables = variablesIn(Settings.properties as Record<string, Described>)

t.test('every setting has a default', async (t) => {
  t.match(from({}), {
    port: 3000, host: '127.0.0.1', appUrl: 'http://localhost:3000', issuer: 'http://localhost:3000', passwordGrant: 'on',
    rateLimit: 'on', corsOrigins: [], trustProxy: false, scopes: {}
  })
  t.same(Object.keys(from({}).login.attributes), ['email'])
})

t.test('brand.colour is accepted as the former name of brand.color', async (t) => {
  const named = (brand: object) => withOptions({ brand })
  t.match(named({ colour: '#00695c' }), { brand: { color: '#00695c' }, deprecations: [/write brand\.color/] })
  t.match(named({ color: '#00695c', colour: '#00695c' }).brand, { color: '#00695c' })
  t.match(named({ color: '#00695c' }), { brand: { color: '#00695c' }, deprecations: [] })
  t.match(problems(() => named({ color: '#00695c', colour: '#fff' })), [{ name: 'brand.colour', message: /differs/ }])
})

t.test('a login attribute with the former keyword normaliser is reported like any deprecated option', async (t) => {
  const schema = { ...Type.String(), normaliser: 'email' }
  t.same(withOptions({ login: { attributes: { mail: schema } } }).deprecations, [
    'The option login.attributes.mail.normaliser is deprecated: write login.attributes.mail.normalizer'
  ])
})

t.test('an empty variable is treated as absent', async (t) => {
  const names = Object.values(Settings.properties).flatMap((property) => (property as { env?: string }).env ?? [])
  t.ok(names.length > 20)
  const empty = Object.fromEntries(
    [...names, 'LOGIN_ATTRIBUTES', 'DEFAULT_COUNTRY', 'CLIENT_WEB_ID', 'CLIENT_WEB_SECRET'].flatMap((name) => [[name, '']])
  )
  t.same(from(empty), from({}))
  t.same(from(Object.fromEntries(Object.keys(empty).map((name) => [name, ' \t']))), from({}), 'and so does one of spaces')
})

t.test('variables are converted to the types of their options', async (t) => {
  t.match(from({ PORT: '8080', ACCESS_TOKEN_TTL: ' 60 ', REFRESH_GRACE: '0', PASSWORD_GRANT: 'off', RATE_LIMIT: 'off' }), {
    port: 8080, appUrl: 'http://localhost:8080', accessTokenTtl: 60, refreshGrace: 0, passwordGrant: 'off', rateLimit: 'off'
  })
  t.same(from({ SCOPES: '{"orders:read":"See your orders"}' }).scopes, { 'orders:read': 'See your orders' })
  t.same(Object.keys(from({ LOGIN_ATTRIBUTES: 'phone, email' }).login.attributes), ['phone', 'email'], 'in their order')
  t.same(from({ CORS_ORIGINS: ' https://a.example , http://localhost:5173, ' }).corsOrigins, ['https://a.example', 'http://localhost:5173'])
  t.same(from({ APP_PREVIOUS_KEYS: `${KEY},${KEY}` }).appPreviousKeys, [KEY, KEY])
  t.equal(from({ APP_KEY: `${KEY}\n` }).appKey, KEY, 'a newline after a key is none of it')
  for (const [text, value] of [
    ['true', true],
    ['on', true],
    ['off', false],
    ['false', false],
    ['1', 1],
    ['2', 2],
    ['10.0.0.0/8, ::1', '10.0.0.0/8, ::1'],
    ['loopback', 'loopback']
  ] as const) t.equal(from({ TRUST_PROXY: text }).trustProxy, value, text)
})

t.test('the issuer is APP_URL and the prefix, without a trailing slash', async (t) => {
  const issuers: [string, string, string][] = [
    ['https://id.example.com', '', 'https://id.example.com'],
    ['https://id.example.com/', '/auth', 'https://id.example.com/auth'],
    ['https://example.com/id//', '', 'https://example.com/id'],
    ['http://[::1]:3000', '', 'http://[::1]:3000']
  ]
  for (const [appUrl, prefix, issuer] of issuers) t.equal(from({ APP_URL: appUrl }, { prefix }).issuer, issuer)
  t.match(from({}, { prefix: '/auth' }), { loginPath: '/auth/login', issuer: 'http://localhost:3000/auth' })
  t.match(from({ APP_URL: 'https://example.com/id/' }, { prefix: '/auth' }), {
    basePath: '/id/auth', loginPath: '/id/auth/login', homePath: '/id/auth/account'
  }, 'behind a proxy that has a path')
  t.match(from({ LOGIN_PATH: '/signin', HOME_PATH: '/start' }), { loginPath: '/signin', homePath: '/start' })
  t.same(problems(() => from({ LOGIN_PATH: 'https://evil.example' })).map(({ name }) => name), ['LOGIN_PATH'])
})

t.test('hosts and paths in Unicode are converted to Punycode and percent-encoding', async (t) => {
  const addresses: [string, string][] = [
    ['https://日本.example', 'https://xn--wgv71a.example'],
    ['https://bücher.example:8443/größe/', 'https://xn--bcher-kva.example:8443/gr%C3%B6%C3%9Fe'],
    ['https://ｉｄ.example', 'https://id.example'],
    ['https://xn--wgv71a.example/id', 'https://xn--wgv71a.example/id'],
    ['https://ID.example.com', 'https://ID.example.com']
  ]
  for (const [appUrl, issuer] of addresses) t.equal(from({ APP_URL: appUrl }).issuer, issuer, appUrl)
  const { corsOrigins, resourceServers, loginPath, homePath } = from({
    CORS_ORIGINS: 'https://日本.example,https://a.example',
    RESOURCE_SERVERS: 'https://bücher.example/v1', LOGIN_PATH: '/einloggen/größe?ü=1', HOME_PATH: '/a%20b'
  })
  t.same({ corsOrigins, resourceServers, loginPath, homePath }, {
    corsOrigins: ['https://xn--wgv71a.example', 'https://a.example'],
    resourceServers: ['https://xn--bcher-kva.example/v1'],
    loginPath: '/einloggen/gr%C3%B6%C3%9Fe?%C3%BC=1',
    homePath: '/a%20b'
  })
})

t.test('CLIENT_<SLUG>_ID and _SECRET configure the client of a proxy', async (t) => {
  const { clients } = from({
    CLIENT_WEB_ID: 'lk_client_a', CLIENT_WEB_SECRET: SECRET, CLIENT_OLD_APP_ID: 'lk_client_b',
    CLIENT_MOBILE_SECRET: SECRET, CLIENT_ID: 'x'
  })
  t.same(clients, { web: { id: 'lk_client_a', secret: SECRET }, 'old-app': { id: 'lk_client_b' } })
  t.same(
    from({ CLIENT_GOOGLE_ID: 'x.apps.googleusercontent.com', CLIENT_ID: 'y', HTTP_CLIENT_OLD_ID: 'z' }).clients,
    {},
    "that of another service is nobody's"
  )
  t.same(from({ LATCHKEY_CLIENT_GOOGLE_ID: 'x' }).clients, { google: { id: 'x' } }, 'under the prefix it is ours')
  t.same(from({ CLIENT_WEB_ID: 'a' }, { clients: { web: { id: 'b' } } }).clients, { web: { id: 'b' } }, 'options win')
})

t.test('every variable may be written with the prefix LATCHKEY_, which takes precedence', async (t) => {
  for (const name of variables.filter((one) => !one.startsWith('LATCHKEY_'))) {
    const wrong = { [`LATCHKEY_${name}`]: '?' }
    // A few take any text
    if (['HOST', 'APP_URL', 'TERMS_VERSION', 'BREACHED_PASSWORDS'].includes(name)) continue
    t.same(problems(() => from({ ...wrong, [name]: '' })).map((problem) => problem.name), [`LATCHKEY_${name}`], name)
    t.same(problems(() => inHost(wrong)).map((problem) => problem.name), [`LATCHKEY_${name}`], `${name} inside a host`)
  }
  t.match(
    from({
      PORT: 'x', LATCHKEY_PORT: '1', LOGIN_ATTRIBUTES: 'fax', LATCHKEY_LOGIN_ATTRIBUTES: 'phone', CLIENT_WEB_ID: 'a',
      LATCHKEY_CLIENT_WEB_ID: 'b'
    }),
    { port: 1, login: { attributes: { phone: {} } }, clients: { web: { id: 'b' } } }
  )
  t.equal(from({ PORT: '2', LATCHKEY_PORT: ' ' }).port, 2, 'an empty one counts as absent')
  t.equal(from({ LATCHKEY_DATA_DIR: '/data' }).dataDir, '/data')
})

t.test('variables of a group are read, and options of the same group join them', async (t) => {
  const terms = { TERMS_VERSION: '2026-11', TERMS_URL: 'https://example.com/terms', PRIVACY_URL: 'https://example.com/privacy' }
  t.same(from(terms).terms, { version: '2026-11', url: terms.TERMS_URL, privacyUrl: terms.PRIVACY_URL })
  t.same(from(terms, { terms: { version: '2026-12' } }).terms.version, '2026-12')
  t.same(problems(() => from({ TERMS_VERSION: '1' })).map(({ name }) => name), ['TERMS_URL'])
  const send = async () => {}
  t.match(from({ SMS_COUNTRIES: 'DE, AT', SMS_PER_DAY: '20' }, { sms: { send } }).sms, { countries: ['DE', 'AT'], perDay: 20, send })
  t.equal(from({ BREACHED_PASSWORDS: '/data/breached' }, { passwords: { numbers: true } }).passwords.breached, '/data/breached')
})

t.test('inside a host only variables with the prefix LATCHKEY_ are read', async (t) => {
  const names = variables.filter((name) => !name.startsWith('LATCHKEY_'))
  const theirs = Object.fromEntries(
    [...names, 'CLIENT_WEB_ID', 'CLIENT_GOOGLE_ID'].map((name) => [name, '\\\\.\\pipe\\?'])
  )
  t.same({ ...inHost(theirs), sources: null }, { ...inHost({}), sources: null })
  t.equal(inHost({ LATCHKEY_SCOPES: '{"a":"b"}', SCOPES: 'read write' }).scopes['a'], 'b')
})

t.test('a mistake is reported under the name of the option or variable that was set', async (t) => {
  const names = (run: () => unknown) => problems(run).map(({ name }) => name)
  t.same(names(() => from({ PORT: 'x', LATCHKEY_HOST: 'h' }, { workers: 0 })), ['PORT', 'workers'])
  t.same(names(() => from({ PORT: 'x' }, { port: -1 })), ['port'], 'of the option, which wins')
  t.same(names(() => from({ CORS_ORIGINS: 'https://a.example/' }, { corsOrigins: ['*'] })), ['corsOrigins.0'])
  t.same(names(() => from({ CLIENT_WEB_ID: 'a', CLIENT_WEB_SECRET: 'b' }, { clients: { mobile: { id: '' } } })), ['clients.mobile.id'])
  t.same(names(() => from({ DEFAULT_COUNTRY: 'x' }, { login: { attributes: { email: EmailSchema } } })), ['DEFAULT_COUNTRY'])
  t.same(names(() => from({}, { databaseUrl: 'postgres://db/app' })), ['APP_KEY'])
  t.same(problems(() => inHost({}, { databaseUrl: 'postgres://db/app' })), [{
    name: 'appKey (or LATCHKEY_APP_KEY)',
    message:
      'is required with databaseUrl; create one with `openssl rand -base64 32` and keep it: it decrypts the signing keys in the database'
  }])
  t.match(problems(() => inHost({ LATCHKEY_DATABASE_URL: 'postgres://db/app' })), [{ message: /^is required with LATCHKEY_DATABASE_URL;/ }])
})

t.test('options take precedence over the environment, one by one', async (t) => {
  t.match(from({ DOCS: 'off', METRICS: 'off', PROFILE: 'on' }, { routes: { docs: true, profile: false } }).routes, {
    docs: true, metrics: false, profile: false, clients: true, pages: true
  })
  t.match(from({ PORT: '1', HOST: '::' }, { port: 2 }), { port: 2, host: '::' })
  t.same(Object.keys(from({ LOGIN_ATTRIBUTES: 'phone' }, { login: { prefix: 'user.' } }).login.attributes), ['phone'])
  t.same(Object.keys(from({ LOGIN_ATTRIBUTES: 'phone' }, { login: { attributes: { email: EmailSchema } } }).login.attributes), ['email'])
  t.equal(from({ PORT: '1' }, { port: undefined } as never).port, 1, 'what is undefined says nothing')
})

t.test('NOTICES_OFF turns off notices by their names, and only those that carry nothing their reader needs', async (t) => {
  const { notices } = from({ NOTICES_OFF: 'newDevice, welcome' }, { notices: { welcome: true, restored: false } })
  t.match(notices, { newDevice: false, welcome: true, restored: false, passwordChanged: true }, 'an option wins over the variable, one by one')
  t.same(Object.values(from({}).notices), noticeNames.map(() => true), 'all are on')
  for (const name of ['reset', 'verify', 'identifierChange', 'identifierChanged', 'deletionScheduled', 'taken', 'invitation', 'newdevice']) {
    t.match(problems(() => from({ NOTICES_OFF: `welcome,${name}` })), [{ name: 'NOTICES_OFF', message: new RegExp(`^cannot turn off ${name}\\. .*newDevice`) }])
    t.match(problems(() => withOptions({ notices: { [name]: false } })), [{ name: `notices.${name}` }])
  }
  t.match(problems(() => withOptions({ notices: { welcome: 'off' } })), [{ name: 'notices.welcome' }])
})

t.test('variables of the process take precedence over those of the file', async (t) => {
  const file = join(t.testdir(), '.env')
  writeFileSync(file, 'LATCHKEY_TEST_A=file\nPATH=file\nLATCHKEY_TEST_Q="a # b"\n')
  const variables = readVariables(file)
  t.match(variables, { LATCHKEY_TEST_A: 'file', LATCHKEY_TEST_Q: 'a # b', PATH: process.env['PATH'] })
  t.doesNotThrow(() => readVariables(join(t.testdirName, 'none')), 'no file is no mistake')
})

/** Variable, mistaken value, what the message says to write. */
const MISTAKES: [string, string, RegExp][] = [
  ['PORT', 'x', /integer/],
  ['PORT', '99999', /65535/],
  ['PORT', '3.5', /integer/],
  ['PORT', '-1', />= 0/],
  ['APP_URL', 'localhost:3000', /such as https:/],
  ['APP_URL', 'ftp://id.example.com', /such as https:/],
  ['APP_URL', 'https://id.example.com/?a', /such as https:/],
  ['APP_URL', 'https://id.example.com:99999', /host or port/],
  ['APP_URL', 'https://xn--a.example', /host or port/],
  ['CORS_ORIGINS', 'https://a.example:99999', /host or port/],
  ['RESOURCE_SERVERS', 'https://[::1', /host or port/],
  ['APP_URL', `https://user:${SECRET}@id.example.com`, /such as https:/],
  ['APP_KEY', SECRET, /openssl rand -base64 32/],
  ['APP_PREVIOUS_KEYS', `${KEY},${SECRET}`, /commas/],
  ['DATABASE_URL', `mysql://root:${SECRET}@db/x`, /such as postgresql:/],
  ['DATABASE_DIRECT_URL', SECRET, /postgres/],
  ['DATABASE_POOL_SIZE', '0', />= 1/],
  ['LOGIN_ATTRIBUTES', 'email,fax', /no built-in schema for fax; the built-in ones are email, phone, username/],
  ['LOGIN_ATTRIBUTES', 'toString', /no built-in schema/],
  ['LOGIN_ATTRIBUTES', ',', /name at least one/],
  ['DEFAULT_COUNTRY', 'Germany', /such as DE/],
  ['SCOPES', '{', /is not JSON/],
  ['SCOPES', '[]', /object.*such as \{/],
  ['SCOPES', '{"a b":"x"}', /has the invalid name "a b"/],
  ['SCOPES', '{"a":1}', /string/],
  ['SCOPES', '{"a":"x","revocations:read":"x"}', /cannot register revocations:read, which is reserved/],
  ['SCOPES', '{"*":"x"}', /cannot register \*/],
  ['RESOURCE_SERVERS', 'api', /such as https:/],
  ['ACCESS_TOKEN_TTL', '1h', /integer.*seconds/],
  ['ACCESS_TOKEN_TTL', '0', />= 1/],
  ['REFRESH_TOKEN_TTL', '-5', />= 1/],
  ['SESSION_TTL', '1e12', /<= 315360000/],
  ['REFRESH_GRACE', '-1', />= 0/],
  ['KEY_ROTATION', '60', />= 3600/],
  ['CORS_ORIGINS', 'https://app.example.com/', /such as https:/],
  ['CORS_ORIGINS', '*', /no wildcards/],
  ['CORS_ORIGINS', 'https://*.example.com', /no wildcards/],
  ['CORS_ORIGINS', 'capacitor://*', /no wildcards/],
  ['CORS_ORIGINS', 'null', /such as https:/],
  ['CORS_ORIGINS', 'capacitor:', /such as https:/],
  ['CORS_ORIGINS', 'capacitor://localhost/path', /such as https:/],
  ['CORS_ORIGINS', 'https://user@app.example.com', /such as https:/],
  ['CORS_ORIGINS', 'https://a.example,b.example', /such as https:/],
  ['PASSWORD_GRANT', 'yes', /must be on or off/],
  ['REGISTRATION', 'closed', /must be open or invite or off/],
  ['PROFILE', 'false', /must be on or off/],
  ['USER_CLIENTS', 'no', /must be on or off/],
  ['METRICS', '0', /must be on or off/],
  ['RATE_LIMIT', 'true', /must be on or off/],
  ['LOG_LEVEL', 'loud', /must be fatal or error or warn or info or debug or trace or silent/],
  ['TRUST_PROXY', '0', /their number or their addresses/],
  ['TRUST_PROXY', 'my-proxy', /their number or their addresses/],
  ['METRICS_TOKEN', SECRET, /16 characters/],
  ['WORKERS', '0', />= 1/],
  ['LOGIN_PATH', '//evil.example', /pattern/]
]

for (const [variable, value, fix] of MISTAKES) {
  t.test(`${variable}=${value.replaceAll(SECRET, '…')} is reported once, with a fix and without the value`, async (t) => {
    const found = problems(() => from({ [variable]: value }))
    t.equal(found.length, 1, JSON.stringify(found))
    t.equal(found[0]!.name, variable)
    t.match(found[0]!.message, fix)
    t.notMatch(found[0]!.message, SECRET)
  })
}

t.test('APP_KEY is required with DATABASE_URL', async (t) => {
  const found = problems(() => from({ DATABASE_URL: `postgres://app:${SECRET}@db/app` }))
  t.match(found, [{ name: 'APP_KEY', message: /openssl rand -base64 32/ }])
  t.notMatch(JSON.stringify(found), SECRET)
  t.same(problems(() => from({ DATABASE_URL: `postgres://app:${SECRET}@db/app`, APP_KEY: KEY })), [])
})

t.test('all mistakes are reported at once, one per line', async (t) => {
  t.throws(() => withOptions({ port: -1, host: '', accessTokenTtl: 0, nope: 1 }), {
    name: 'ConfigError', code: 'LK_CONFIG',
    message: /^(?=[^]*^port )(?=[^]*^host )(?=[^]*^accessTokenTtl )(?=[^]*^nope is not an option)/m
  })
  t.equal(problems(() => withOptions({ port: -1, host: '', accessTokenTtl: 0, nope: 1 })).length, 4)
})

const OPTIONS: [string, object, string, RegExp][] = [
  ['an unknown option', { prot: 1 }, 'prot', /is not an option/],
  ['an unknown option within', { passwords: { minimum: 8 } }, 'passwords.minimum', /is not an option/],
  ['a wrong option within', { passwords: { minLength: 0 } }, 'passwords.minLength', />= 1/],
  ['a choice', { revocation: { onStale: 'maybe' } }, 'revocation.onStale', /must be refuse or accept/],
  ['guards that would answer 503 whenever a process ends', { revocation: { maxStaleness: 4 } }, 'revocation.maxStaleness',
    />= 5.*At least 5/],
  ['an attribute that can be no member', { login: { attributes: { 'e mail': EmailSchema } } }, 'login.attributes',
    /has the invalid name "e mail"/],
  ['an attribute without a schema', { login: { attributes: { email: 'email' } } }, 'login.attributes.email', /object/],
  ['no attribute', { login: { attributes: {} } }, 'login.attributes', /name at least one/],
  ['a slug that is none', { clients: { 'My App': { id: 'x' } } }, 'clients', /has the invalid name "My App"/],
  ['a client without id', { clients: { web: { id: '' } } }, 'clients.web.id', /CLIENT_WEB_ID/],
  ['a prefix without slash', { prefix: 'auth' }, 'prefix', /such as \/auth/],
  ['a prefix with one at the end', { prefix: '/auth/' }, 'prefix', /such as \/auth/]
]

for (const [name, options, option, fix] of OPTIONS) {
  t.test(`${name} is reported once, with a fix`, async (t) => {
    const found = problems(() => withOptions(options))
    t.equal(found.length, 1, JSON.stringify(found))
    t.equal(found[0]!.name, option)
    t.match(found[0]!.message, fix)
  })
}

t.test("a schema of the host's own can be an attribute", async (t) => {
  const Employee = Type.String({ pattern: '^E[0-9]{6}$' })
  t.same(
    Object.keys(withOptions({ login: { attributes: { employee: Employee, phone: PhoneSchema } } }).login.attributes),
    ['employee', 'phone']
  )
})

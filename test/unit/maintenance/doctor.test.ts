import t from 'tap'
import { resolveConfig } from '../../../src/config/config.ts'
import { checkClients, type ClientFacts } from '../../../src/maintenance/doctor/clients.ts'
import { checkClock } from '../../../src/maintenance/doctor/clock.ts'
import { checkDatabase, type ServerFacts } from '../../../src/maintenance/doctor/database.ts'
import { readyAttributes } from '../../../src/schemas/identifiers.ts'
import { APP_KEY } from '../../support/start-server.ts'

t.test('doctor reports version, role, latency and connections of the database', async (t) => {
  const facts: ServerFacts = {
    version: '18.1', versionNumber: 180001, standby: false, readOnly: false, maxConnections: 97, pooled: false,
    settings: { array_nulls: 'on' }, latency: 1
  }
  const url = 'postgresql://user@db/name'
  const check = (changed: Partial<ServerFacts>, options = {}) =>
    checkDatabase(resolveConfig({ databaseUrl: url, appKey: APP_KEY, login: { attributes: readyAttributes }, ...options }), url, {
      ...facts,
      ...changed
    })
      .filter(({ status }) => status !== 'ok').map(({ name, status }) => `${status} ${name}`)
  t.same(check({}), [])
  t.same(check({ versionNumber: 140012 }), ['fail database'])
  t.same(check({ standby: true }), ['fail database-role'])
  t.same(check({ readOnly: true }), ['fail database-role'])
  t.same(check({ latency: 9 }), ['warn database-latency'])
  t.same(check({}, { workers: 6 }), ['warn database-connections'])
  t.same(check({}, { workers: 10 }), ['fail database-connections'])
  t.same(check({ pooled: true }, { workers: 10 }), [])
  const settings = { default_transaction_isolation: 'serializable' }
  t.same(check({ settings }), [], 'connections of our own change it')
  t.same(check({ settings, pooled: true }), ['warn database-settings'])
})

t.test('doctor compares the clocks of server and database', async (t) => {
  t.same([3, -3000, 60_000].map((ahead) => checkClock(ahead).status), ['ok', 'warn', 'fail'])
  t.match(checkClock(-3000).message, '3.00 s behind')
})

t.test('doctor warns of clients with weak settings', async (t) => {
  const strong: ClientFacts = {
    id: 'lk_client_1',
    slug: null,
    hasSecret: true,
    authMethod: 'client_secret_basic',
    grantTypes: ['authorization_code'],
    redirectUris: ['https://a.example/cb', 'http://127.0.0.1/cb', 'com.example.app:/cb'],
    scopes: ['a'],
    firstParty: false,
    proxy: false,
    skipsConsent: false,
    pkceOptional: false,
    accessTokenTtl: null
  }
  const found = (weak: Partial<ClientFacts>) =>
    checkClients([strong, { ...strong, ...weak, slug: 'weak' }], 3600).map(({ name, status, message }) => ({
      name, status, names: message.endsWith(': weak')
    }))
  t.match(checkClients([strong], 3600), [{ name: 'clients', status: 'ok' }])
  const weak: [Partial<ClientFacts>, string, string][] = [
    [{ authMethod: 'none', hasSecret: false, grantTypes: ['password'] }, 'client-password', 'fail'],
    [{ hasSecret: false }, 'client-secret', 'warn'],
    [{ redirectUris: ['http://a.example/cb'] }, 'client-redirect', 'warn'],
    [{ scopes: ['*'] }, 'client-scopes', 'warn'],
    [{ skipsConsent: true }, 'client-consent', 'warn'],
    [{ authMethod: 'none', hasSecret: false, pkceOptional: true }, 'client-pkce', 'warn'],
    [{ accessTokenTtl: 7200 }, 'client-revocation', 'fail']
  ]
  for (const [settings, name, status] of weak) t.same(found(settings), [{ name, status, names: true }], name)
  t.same(found({ accessTokenTtl: 90_000 }).map(({ name }) => name), ['client-lifetime', 'client-revocation'])
  t.match(found({ hasSecret: false, proxy: true }), [{ name: 'clients' }])
  const many = Array.from({ length: 7 }, (_, index) => ({ ...strong, slug: `c${index}`, scopes: ['*'] }))
  t.match(checkClients(many, 3600)[0]!.message, /: c0, c1, c2, c3, c4 and 2 more$/)
})

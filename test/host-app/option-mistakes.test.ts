import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { authGuard, clientProxy, latchkey, oauth, type GuardKind, type GuardOptions } from '../../src/index.ts'
import { actingAs, actingAsClient } from '../../src/testing.ts'
import { createDatabase, FAST, register, signedIn } from '../support/start-server.ts'

type Plugin = Parameters<FastifyInstance['register']>[0]

function createHost (t: Test): FastifyInstance {
  const host = Fastify()
  t.teardown(() => host.close())
  return host
}

t.test('an invalid option of a guard throws at the start, because it could let others in', async (t) => {
  const host = createHost(t)
  await host.register(latchkey, { ...FAST, databaseUrl: await createDatabase(t), scopes: { admin: 'All' } })
  const mistakes: [unknown[], RegExp][] = [
    [['api', { scope: ['admin'] }], /authGuard\('api'\)\.scope is not an option; it takes scopes, anyScope/],
    [['api', { Scopes: ['admin'] }], /Scopes is not an option/],
    [['api', { scopes: 'admin' }], /scopes must be array/],
    [['api', { scopes: [] }], /scopes must not have fewer than 1/],
    [['api', { anyScope: [] }], /anyScope must not have fewer/],
    [['api', { scopes: [''] }], /scopes\.0 must match/],
    [['api', { scopes: ['orders admin'] }], /scopes\.0 must match/],
    [['api', { scopes: ['admin', 5] }], /scopes\.1 must be string/],
    [['api', { scopes: undefined }], /scopes is undefined; leave it out/],
    [['api', { anyScope: 'admin' }], /anyScope must be array/],
    [['api', { acr: 'phr2' }], /acr must be mfa/],
    [['api', { acr: '0' }], /acr must be mfa/],
    [['api', { maxAge: -1 }], /maxAge has an invalid value\. Age of the login at most/],
    [['api', { maxAge: 1.5 }], /maxAge has an invalid value/],
    [['web', { maxAge: '10 minutes' }], /maxAge has an invalid value/],
    [['client', { acr: 'mfa' }], /authGuard\('client'\)\.acr is not an option/],
    [['api', { clients: 'yes' }], /clients must be boolean/],
    [['api', ['admin']], /takes an object of options/],
    [['api', 'admin'], /takes an object of options/],
    [['api', null], /takes an object of options/],
    [['api', Object.create({ scopes: ['admin'] })], /takes an object of options/],
    [['api', Object.defineProperty({}, 'scopes', { value: ['admin'] })], /takes an object of options/],
    [['apii'], /takes 'api' or 'client' or 'web'/],
    [['API'], /takes 'api'/],
    [['toString'], /takes 'api'/],
    [[], /takes 'api'/],
    [[undefined], /takes 'api'/],
    [[{ scopes: ['admin'] }], /takes 'api'/],
    [[['api', 'admin']], /takes 'api'/],
    [['client', { clients: true }], /authGuard\('client'\)\.clients is not an option; it takes scopes, anyScope/],
    [['web', { scopes: ['admin'] }], /authGuard\('web'\)\.scopes is not an option; it takes optional/]
  ]
  const make = host.authGuard as (...input: unknown[]) => unknown
  for (const [input, message] of mistakes) t.throws(() => make(...input), { code: 'LK_CONFIG', message }, JSON.stringify(input))
  // As a hook itself, without the call
  host.get('/forgotten', { onRequest: host.authGuard as never }, async () => 'in')
  t.equal((await host.inject('/forgotten')).statusCode, 500)
})

t.test('changing the options object later does not change the guard', async (t) => {
  const host = createHost(t)
  await host.register(latchkey, { ...FAST, databaseUrl: await createDatabase(t), scopes: { admin: 'All' } })
  const options = { scopes: ['admin'] }
  host.get('/admin', { onRequest: host.authGuard('api', options) }, async () => 'in')
  options.scopes.pop()
  const { access_token: token } = await signedIn(host)
  t.equal((await host.inject({ url: '/admin', headers: { authorization: `Bearer ${token}` } })).statusCode, 403)
})

t.test('unknown options and wrong types are named at registration, for every plugin', async (t) => {
  const databaseUrl = await createDatabase(t)
  const local = { ...FAST, databaseUrl }
  const issuer = 'https://id.example.com'
  const mistakes: [Plugin, object, RegExp][] = [
    [latchkey as Plugin, { ...local, acessTokenTtl: 5 }, /acessTokenTtl is not an option/],
    [latchkey as Plugin, { ...local, operations: 'yes' }, /operations must be true or false/],
    [latchkey as Plugin, { ...local, prisma: {} }, /prisma must be a Prisma client/],
    [latchkey as Plugin, { ...local, views: { logn: () => '' } }, /views\.logn is not a page or a message; there are start, login/],
    [latchkey as Plugin, { ...local, views: { login: '<html>' } }, /views\.login must be a function/],
    [latchkey as Plugin, { ...local, languages: { fr: { logn: { title: 'Connexion' } } } }, /languages\.fr\.logn is not a part of the pages/],
    [latchkey as Plugin, { ...local, languages: { fr: { login: { titel: 'Connexion' } } } },
      /languages\.fr\.login\.titel is not a word of the pages; there are title/],
    [latchkey as Plugin, { ...local, languages: { fr: { login: { title: undefined } } } }, /languages\.fr\.login\.title must be a string/],
    [latchkey as Plugin, { ...local, languages: { fr: { login: { to: 'à' } } } }, /languages\.fr\.login\.to must be a function/],
    [latchkey as Plugin, { ...local, login: { attributes: { email: { type: 'string', normalizer: 'emial' } } } },
      /login\.attributes\.email has an unknown normalizer/],
    [latchkey as Plugin, { ...local, login: { atributes: {} } }, /login\.atributes is not an option/],
    [latchkey as Plugin, { ...local, brand: { nam: 'x' } }, /brand\.nam is not an option/],
    [oauth as Plugin, { ...local, scope: {} }, /scope is not an option/],
    [clientProxy as Plugin, { ...local, slug: 'web' }, /slug is not an option/],
    [clientProxy as Plugin, { issuer, client: {} }, /clientProxy\.client is not an option; it takes/],
    [clientProxy as Plugin, { issuer, clients: { web: { id: 'x' } } }, /clientProxy\.clients/],
    [clientProxy as Plugin, { issuer, clients: { web: { id: 'x', secret: 'y' } }, refreshTokenInBody: 'no' },
      /refreshTokenInBody must be boolean/],
    [clientProxy as Plugin, { issuer: undefined, clients: {} }, /issuer must be a URL/],
    [clientProxy as Plugin, { issuer: 'id.example.com', clients: { web: { id: 'x', secret: 'y' } } }, /clientProxy\.issuer must match/],
    [authGuard as Plugin, { ...local, audiences: 'x' }, /audiences is not an option/],
    [authGuard as Plugin, { issuer, clientID: 'x' }, /authGuard\.clientID is not an option; it takes issuer, clientId/],
    [authGuard as Plugin, { issuer, clientId: 'x' }, /authGuard\.clientSecret is missing/],
    [authGuard as Plugin, { issuer, clientSecret: 'x' }, /authGuard\.clientId is missing/],
    [authGuard as Plugin, { issuer, clientId: undefined, clientSecret: undefined }, /authGuard\.clientId is undefined/],
    [authGuard as Plugin, { issuer, revocation: { maxStale: 5 } }, /authGuard\.revocation\.maxStale is not an option/],
    [authGuard as Plugin, { issuer, revocation: { maxStaleness: 6 } }, /authGuard\.revocation\.maxStaleness must be >= 7/],
    [authGuard as Plugin, { issuer, audience: [] }, /authGuard\.audience/],
    [authGuard as Plugin, { issuer: undefined }, /issuer must be a URL/],
    [authGuard as Plugin, { issuer: '' }, /issuer must be a URL/]
  ]
  for (const [plugin, options, message] of mistakes) {
    const host = Fastify()
    await t.rejects(async () => await host.register(plugin, options), { code: 'LK_CONFIG', message }, JSON.stringify(options))
    await host.close().catch(() => {})
  }
})

t.test('registering a part twice on one instance is an error unless the options are equal', async (t) => {
  const databaseUrl = await createDatabase(t)
  const local = { ...FAST, databaseUrl, prefix: '/a' }
  const remote = { issuer: 'https://id.example.com' }
  const elsewhere = { issuer: 'https://other.example.com' }
  const proxy = { ...remote, clients: { web: { id: 'x', secret: 'y' } } }
  type Step = [Plugin, object]
  const [whole, server, proxies, guard] = [latchkey, oauth, clientProxy, authGuard] as unknown as [Plugin, Plugin, Plugin, Plugin]
  const cases: [string, Step, Step, RegExp | null][] = [
    ['the whole, twice', [whole, local], [whole, { ...local, prefix: '/b' }],
      /^latchkey is registered on this instance already\. For a second one .* its own scope/],
    ['the whole, twice the same', [whole, local], [whole, local], /^latchkey is registered on this instance already/],
    ['the server within the whole', [whole, local], [server, {}], /^oauth is registered on this instance already/],
    ['the proxies within the whole', [whole, local], [proxies, {}], /^clientProxy is registered on this instance already/],
    ['the whole after the server', [server, local], [whole, local],
      /^oauth is registered on this instance already; latchkey includes it/],
    ['the whole after the proxies', [proxies, local], [whole, local],
      /^clientProxy is registered on this instance already; latchkey includes it/],
    ['the server, twice', [server, local], [server, local], /^oauth is registered/],
    ['a guard within the whole', [whole, local], [guard, {}], null],
    ['a guard with the same options', [whole, local], [guard, local], null],
    ['a guard with other options', [whole, local], [guard, { accessTokenTtl: 60 }],
      /^accessTokenTtl is not what the first registration on this instance has/],
    ['a guard with other parts of options', [whole, local], [guard, { passwords: { timeCost: 2 } }], /^passwords\.timeCost is not what/],
    ['a guard for another issuer', [whole, local], [guard, remote],
      /^authGuard is registered on this instance already, for the tokens of this server/],
    ['a guard for another issuer than another', [guard, remote], [guard, elsewhere],
      /^authGuard is .* already, for the tokens of https:\/\/id\.example\.com/],
    ['a guard for the same issuer', [guard, remote], [guard, remote], null],
    ['the server beside a guard for another issuer', [guard, remote], [server, local],
      /^authGuard is .* already, for the tokens of https:\/\/id\.example\.com/],
    ['the proxies beside the server', [server, local], [proxies, local], null],
    ['the proxies beside the server, elsewhere', [server, local], [proxies, { prefix: '/b' }], /^prefix is not what/],
    ['the proxies of another issuer, under the same prefix', [proxies, proxy], [proxies, { ...proxy, ...elsewhere }],
      /^clientProxy is registered/],
    ['the proxies of another issuer, under another prefix', [proxies, proxy], [proxies, { ...proxy, ...elsewhere, prefix: '/b' }], null]
  ]
  for (const [what, [first, one], [second, two], message] of cases) {
    const host = Fastify()
    await host.register(first, one)
    if (message) await t.rejects(async () => await host.register(second, two), { code: 'LK_CONFIG', message }, what)
    else await t.resolves(async () => { await host.register(second, two); await host.ready() }, what)
    await host.close().catch(() => {})
  }
})

t.test('two servers can be registered in two scopes', async (t) => {
  const host = createHost(t)
  for (const prefix of ['/a', '/b']) {
    const databaseUrl = await createDatabase(t)
    await host.register(async (scope) => {
      await scope.register(latchkey, { ...FAST, databaseUrl, prefix })
      scope.get(`${prefix}/orders`, { onRequest: scope.authGuard('api') }, async ({ auth }) => ({ user: auth.userId }))
    })
  }
  await host.ready()
  t.equal((await host.inject('/b/.well-known/openid-configuration')).json<{ issuer: string }>().issuer, 'http://localhost:3000/b')
  const payload = { email: 'ada@example.com', password: 'correct horse battery staple' }
  await host.inject({ method: 'POST', url: '/a/v1/register', payload })
  const { access_token: token } = (
    await host.inject({ method: 'POST', url: '/a/v1/clients/web/login', payload })
  ).json<{ access_token: string }>()
  const headers = { authorization: `Bearer ${token}` }
  t.same(
    [(await host.inject({ url: '/a/orders', headers })).statusCode, (await host.inject({ url: '/b/orders', headers })).statusCode],
    [200, 401]
  )
})

t.test('a route that the host already has is named, with what to do', async (t) => {
  const host = createHost(t)
  host.get('/login', async () => 'of the host')
  await t.rejects(async () => await host.register(latchkey, { ...FAST, databaseUrl: await createDatabase(t) }), {
    code: 'LK_CONFIG',
    message: /^prefix must be one .*such as \/auth: .*GET.*\/login/
  })
})

t.test('invalid arguments of latchkey/testing and of event handlers are errors, too', async (t) => {
  const host = createHost(t)
  await t.rejects(actingAs(host, 'x'), { name: 'TypeError', message: /Register latchkey/ })
  await host.register(latchkey, { ...FAST, databaseUrl: await createDatabase(t) })
  const { id } = (await register(host)).json<{ id: string }>()
  for (const scopes of ['orders:read', ['orders:read orders:write'], [5], null] as unknown as string[][]) {
    await t.rejects(actingAs(host, id, scopes), { name: 'TypeError', message: /list of names/ })
    await t.rejects(actingAsClient(host, scopes), { name: 'TypeError', message: /list of names/ })
  }
  t.throws(() => host.latchkey.on('login.fialed' as 'login.failed', () => {}), {
    name: 'TypeError',
    message: /no event "login.fialed"; there are .*login\.failed/
  })
  t.throws(() => host.latchkey.on('login.failed', undefined as never), { name: 'TypeError', message: /must be a function/ })
  const typed: GuardOptions = { scopes: ['orders:read'], anyScope: ['a'], clients: true }
  const kinds: GuardKind[] = ['api', 'client', 'web']
  t.ok(typed && kinds)
})

t.test('a host that already decorates request.auth is told what to do', async (t) => {
  const host = createHost(t)
  host.decorateRequest('auth', null as never)
  await t.rejects(Promise.resolve(host.register(latchkey, { ...FAST, databaseUrl: await createDatabase(t) })), {
    code: 'LK_CONFIG',
    message: /request\.auth .* another name/
  })
})

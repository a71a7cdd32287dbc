import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { clientProxy } from '../../../src/index.ts'
import { basic, build, makeClient, PASSWORD, register } from '../../support/start-server.ts'
import { all, attempt, deviceCookie, farAway, ON, rightly, times, WRONG } from '../../support/throttled.ts'
import { internals } from '../../../plugins/internals.ts'

/** Logs in at the token endpoint for a user whose address the header tells. */
async function backend (t: Test, trustedProxy: boolean) {
  const { app } = await build(t, ON)
  await register(app)
  const { id, basic } = await makeClient(app, { trustedProxy })
  const logIn = (ip: string, password = WRONG) =>
    app.inject({
      method: 'POST',
      url: '/v1/oauth/token',
      remoteAddress: '192.0.2.1',
      headers: { authorization: basic, 'x-latchkey-client-ip': ip },
      payload: { grant_type: 'password', username: 'ada@example.com', password }
    })
  const lastAddress = async () => (await (await internals(app).database.prisma()).session.findFirst({ orderBy: { createdAt: 'desc' } }))?.ip
  return { app, id, logIn, lastAddress }
}

t.test('a trusted proxy passes on the address of the user', async (t) => {
  const { logIn, lastAddress } = await backend(t, true)
  t.same(await times(6, () => logIn('203.0.113.1')), [...all(5, 400), 429])
  t.equal((await logIn('2001:db8::1', PASSWORD)).statusCode, 200)
  t.equal(await lastAddress(), '2001:db8::1', 'which is kept with the session')
  t.same(await times(6, (index) => logIn(`no address ${index}`)), [...all(5, 400), 429], 'what is no address is ignored')
})

t.test('behind a trusted proxy the limit of the route is per user address', async (t) => {
  const { logIn } = await backend(t, true)
  t.same([...new Set(await times(70, (index) => logIn(`203.0.113.${index}`, PASSWORD)))], [200])
  const one = await times(62, () => logIn('2001:db8::1', PASSWORD))
  t.same(one.slice(0, 60), all(60, 200))
  t.same(one.slice(60), all(2, 429), 'one of them has the limit that everybody has')
  t.equal((await logIn('203.0.113.1', PASSWORD)).statusCode, 200, 'which is no limit for the others')
})

t.test('without a trusted proxy the limit of the route is per peer address', async (t) => {
  const { logIn } = await backend(t, false)
  t.same((await times(62, (index) => logIn(`203.0.113.${index}`, PASSWORD))).slice(60), all(2, 429))
  const { app, id } = await backend(t, true)
  const wrong = (ip: string) =>
    app.inject({
      method: 'POST',
      url: '/v1/oauth/token',
      remoteAddress: '192.0.2.1',
      headers: { authorization: basic(id, 'not the secret'), 'x-latchkey-client-ip': ip },
      payload: { grant_type: 'password', username: 'x', password: 'x' }
    })
  t.match((await times(62, (index) => wrong(`203.0.113.${index}`))).slice(60), all(2, 429))
})

t.test('RFC 9700 section 4.13: the forwarded address is accepted from a trusted proxy only', async (t) => {
  const { app, logIn, lastAddress } = await backend(t, false)
  t.equal((await logIn('203.0.113.1', PASSWORD)).statusCode, 200)
  t.equal(await lastAddress(), '192.0.2.1')
  t.same(await times(6, (index) => logIn(`203.0.113.${index}`)), [...all(5, 400), 429])
  const headers = (index: number) => ({ 'x-latchkey-client-ip': `198.51.100.${index}`, 'x-forwarded-for': `198.51.100.${index}` })
  t.same(await times(6, (index) => attempt(app, { headers: headers(index) })), [...all(5, 401), 429], 'nor at the proxies in this process')
})

t.test('client proxies in another process pass on address, user agent and known device', async (t) => {
  const { app: issuer } = await build(t, ON)
  await register(issuer)
  const { id, secret } = await makeClient(issuer, { trustedProxy: true })
  const app = Fastify({ trustProxy: false })
  t.teardown(() => app.close())
  await app.register(clientProxy, { issuer: await issuer.listen({ port: 0 }), clients: { web: { id, secret } } })

  const first = await rightly(app, { headers: { 'user-agent': 'Browser/1' } })
  t.equal(first.statusCode, 200)
  const session = await (await internals(issuer).database.prisma()).session.findFirstOrThrow()
  t.match(session, { ip: '203.0.113.1', userAgent: 'Browser/1' })

  t.same(await times(20, (index) => attempt(app, { from: farAway(index) })), all(20, 401))
  const refused = await rightly(app)
  t.equal(refused.statusCode, 429)
  t.ok(Number(refused.headers['retry-after']) > 60)
  t.equal((await rightly(app, { headers: { cookie: deviceCookie(first)!.pair } })).statusCode, 200)
})

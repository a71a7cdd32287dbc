import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { startLatchkey, throughLatchkey } from '../../support/latchkey-upstream.ts'
import { sql } from '../../support/session-rows.ts'
import { build, login, register } from '../../support/start-server.ts'
import { visit, type Visitor } from '../../support/visitor.ts'

type Answer = (response: ServerResponse) => void
type Profile = (claims: Record<string, unknown>) => unknown
type User = { id: string, email?: string, name?: string }

const readUser: Profile = ({ user }) => {
  const { id, email, name } = user as User
  return { subject: id, email, emailVerified: true, name }
}

/** A server that answers as it is told. */
async function endpoint (t: Test): Promise<{ url: string, answer: Answer }> {
  const state: { url: string, answer: Answer } = { url: '', answer: (response) => response.end('{}') }
  const server = createServer((_request, response) => state.answer(response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return state
}

/** A server of ours whose provider is another one, without id tokens; what `more` answers belongs to the profile, too. */
async function world (t: Test, profile: Profile = readUser, { tokens = false } = {}) {
  const [upstream, more] = [await startLatchkey(t), await endpoint(t)]
  const { issuer, client } = upstream
  const { app, logs } = await build(t, {
    social: {
      latchkey: {
        clientId: client.id, clientSecret: client.secret, label: 'Acme', scopes: ['profile', 'email'],
        authorizationEndpoint: tokens ? `${more.url}authorize` : `${issuer}/v1/oauth/authorize`,
        tokenEndpoint: tokens ? more.url : `${issuer}/v1/oauth/token`,
        profileEndpoints: { user: `${issuer}/v1/profile`, ...(!tokens && { more: more.url }) },
        profile: profile as () => never
      }
    }
  })
  const there = upstream.visitor()
  async function back (visitor: Visitor, decision?: 'allow' | 'deny'): Promise<string> {
    const start = await visitor.get('/v1/auth/latchkey/redirect')
    if (!tokens) return await throughLatchkey(there, start, decision)
    return `/v1/auth/latchkey/callback?${new URLSearchParams({ code: 'any', state: new URL(start.headers.location!).searchParams.get('state')! })}`
  }
  const enter = async (visitor = visit(app)) => await visitor.get(await back(visitor))
  return { app, logs, upstream, more, back, enter }
}

const failed = (answer: { statusCode: number, body: string }) => [answer.statusCode, /has failed/.test(answer.body)]

t.test('a user registers by a provider without id tokens, and the next login finds the user', async (t) => {
  const { app, upstream, enter, back } = await world(t)
  const visitor = visit(app)
  const sent = new URL((await visitor.get('/v1/auth/latchkey/redirect')).headers.location!)
  t.match(Object.fromEntries(sent.searchParams), { scope: 'profile email', code_challenge_method: 'S256', state: /^lk_ot_/ })
  t.notOk(sent.searchParams.has('nonce'))
  t.match(await visitor.get(await back(visitor)), { statusCode: 303, headers: { location: '/account' } })
  const [ada] = await sql<{ id: string }>(upstream.app, 'SELECT id FROM users')
  t.match(await sql(app, 'SELECT s.subject, u.name, i.value, i.verified_at FROM social_accounts s JOIN users u ON u.id = s.user_id JOIN identifiers i ON i.user_id = u.id'), [
    { subject: ada!.id, name: 'Ada Lovelace', value: 'ada@example.com', verified_at: Date }
  ])
  t.equal((await enter()).statusCode, 303)
  t.equal((await sql(app, 'SELECT FROM users')).length, 1)
  t.same(await sql(app, 'SELECT FROM upstream_sessions'), [], 'nothing of the login at the provider is kept')
})

t.test('who says no at the question of the provider reads so, and nobody is created', async (t) => {
  const { app, back } = await world(t)
  const visitor = visit(app)
  const answer = await visitor.get(await back(visitor, 'deny'))
  t.match([answer.statusCode, answer.body], [200, /You have canceled the login with Acme/])
  t.equal((await sql(app, 'SELECT FROM users')).length, 0)
})

const NONSENSE: [what: string, profile: Profile][] = [
  ['an error', () => { throw new Error('of the host') }],
  ['null as an error', () => { throw null }], // eslint-disable-line no-throw-literal
  ['a promise', () => Promise.resolve({ subject: '1' })],
  ['a promise that is rejected', () => Promise.reject(new Error('of the host'))],
  ['nothing', () => undefined],
  ['a text', () => 'ada'],
  ['a list', () => ['ada']],
  ['an object without a subject', () => ({ email: 'ada@example.com', emailVerified: true })],
  ['a subject that is an object', () => ({ subject: { id: 1 } })],
  ['a member that cannot be read', () => ({ get subject () { throw new TypeError('unreadable') } })]
]

t.test('a function of the host that throws or returns nonsense refuses the login: a plain page, a line in the log, nothing else', async (t) => {
  const [, ...others] = NONSENSE
  let profile = NONSENSE[0]![1]
  const { app, logs, enter } = await world(t, (claims) => profile(claims))
  t.same(failed(await enter()), [401, true])
  t.match(logs(), /latchkey[^"]*of the host"/)
  for (const [what, next] of others) {
    profile = next
    t.same(failed(await enter()), [401, true], what)
  }
  t.equal(logs().match(/A login at a provider has failed/g)?.length, NONSENSE.length)
  profile = readUser
  t.equal((await enter()).statusCode, 303)
  t.equal((await sql(app, 'SELECT FROM users')).length, 1)
})

t.test('an answer that names an issuer elsewhere is refused; one at an address of the provider is not, whatever its path is (RFC 9207)', async (t) => {
  const { app, upstream, back } = await world(t)
  const enter = async (change: (answer: URLSearchParams) => void) => {
    const visitor = visit(app)
    const url = new URL(await back(visitor), 'http://localhost:3000')
    change(url.searchParams)
    return (await visitor.get(url.pathname + url.search)).statusCode
  }
  t.equal(await enter((answer) => answer.set('iss', `${upstream.issuer}/login/oauth`)), 303)
  t.equal(await enter((answer) => answer.delete('iss')), 303, 'without one')
  for (const iss of ['https://evil.example', 'null', `${upstream.issuer}.evil.example`, `${upstream.issuer}@evil.example`]) {
    t.equal(await enter((answer) => answer.set('iss', iss)), 401, iss)
  }
  t.equal(await enter((answer) => answer.append('iss', upstream.issuer)), 401, 'two')
})

const HUGE = JSON.stringify({ text: 'x'.repeat(100_000) })
const WRONG: [what: string, status: number, answer: Answer][] = [
  ['more than 100 kB', 401, (response) => response.end(HUGE)],
  ['more than 100 kB without an end', 401, (response) => {
    const timer = setInterval(() => response.write('x'.repeat(50_000)), 10)
    response.on('close', () => clearInterval(timer))
  }],
  ['no JSON', 401, (response) => response.end('<html>')],
  ['a redirect, after which somebody else would get the token', 503, (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ['403', 401, (response) => response.writeHead(403).end('{}')],
  ['500', 503, (response) => response.writeHead(500).end('{}')],
  ['a connection that breaks', 503, (response) => response.destroy()]
]

t.test('wrong answers about the user refuse the login, and say why in the log', async (t) => {
  const { app, logs, more, enter } = await world(t)
  for (const [what, status, answer] of WRONG) {
    more.answer = answer
    t.equal((await enter()).statusCode, status, what)
  }
  t.match(logs(), /answered too much/)
  t.match(logs(), /answered 403 about the user/)
  t.equal(logs().match(/A login at a provider has failed/g)?.length, WRONG.length)
  t.notMatch(logs(), /lk_at_|eyJ[\w-]+\.eyJ/, 'no token')
  t.equal((await sql(app, 'SELECT FROM users')).length, 0)
})

t.test('a token endpoint that answers more than 100 kB is not read to the end', async (t) => {
  const { more, logs, enter } = await world(t, readUser, { tokens: true })
  more.answer = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(HUGE)
  t.same(failed(await enter()), [401, true])
  t.match(logs(), /answered too much/)
})

t.test('a provider that refuses our own client reads as one that does not answer; the log says once what is wrong', async (t) => {
  const { more, logs, enter } = await world(t, readUser, { tokens: true })
  more.answer = (response) => response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"invalid_client"}')
  for (const round of [1, 2]) {
    const answer = await enter()
    t.match([answer.statusCode, answer.body], [503, /Acme does not answer at the moment/], `${round}`)
  }
  t.equal(logs().split('\n').filter((line) => line.includes('"level":40') && line.includes('refuses our client')).length, 1)
})

t.test('an endpoint that never answers is given up after 5 seconds; other logins are unharmed meanwhile', async (t) => {
  const silent: Answer = () => {}
  const drip: Answer = (response) => {
    const timer = setInterval(() => response.write(' '), 100)
    response.on('close', () => clearInterval(timer))
  }
  for (const [tokens, answer] of [[true, silent], [false, silent], [false, drip]] as const) {
    const { app, more, enter } = await world(t, readUser, { tokens })
    await register(app, { email: 'bob@example.com' })
    more.answer = answer
    const start = performance.now()
    const waiting = Promise.all([enter(), enter(), enter()])
    let logins = 0
    const over = waiting.then(() => true)
    while (!await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 250))])) {
      const before = performance.now()
      t.equal((await login(app, { email: 'bob@example.com' })).statusCode, 200)
      if (performance.now() - before < 2000) logins++
    }
    for (const { statusCode, body } of await waiting) t.match([statusCode, body], [503, /does not answer at the moment/])
    t.ok(performance.now() - start < 15_000)
    t.ok(logins >= 5, String(logins))
  }
})

import t from 'tap'
import type { FastifyInstance } from 'fastify'
import { addTotp, challenge, codeOf, enrolled, send, wrongCode } from '../../support/factors.ts'
import { createMailbox } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { build, login, PASSWORD, signedIn, type Tokens } from '../../support/start-server.ts'
import { deviceCookie, farAway, ON } from '../../support/throttled.ts'
import { logIn, visit, type Visitor } from '../../support/visitor.ts'

/** The cookies of one browser at another server of the same database. */
function moved (from: Visitor, app: FastifyInstance): Visitor {
  const visitor = visit(app)
  for (const [name, value] of from.cookies) visitor.cookies.set(name, value)
  return visitor
}

t.test('the second step does not tell whether a registration has created a user', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { requireEmailVerification: 'on', ...box.options })
  const seen = []
  for (const email of ['new@example.com', 'new@example.com']) {
    const visitor = visit(app)
    const waiting = await visitor.submit(await visitor.get('/register'), { email, password: PASSWORD })
    t.match([waiting.statusCode, visitor.cookies.has('latchkey-auth')], [303, true], 'the address waits, and is taken the second time')
    const page = await visitor.get('/login/factor')
    const code = await visitor.post('/login/factor', { code: '123456', ...await csrfOf(visitor) })
    seen.push([page, code].map(({ statusCode, headers, body }) => [statusCode, headers.location, body, Object.keys(headers).sort()]))
  }
  t.match(seen[0]![0], [303, '/login'])
  t.same(seen[0], seen[1])
})

async function csrfOf (visitor: Visitor): Promise<Record<string, string>> {
  const page = await visitor.get('/forgot-password').then((found) => found.statusCode === 200 ? found : visitor.get('/login'))
  return { _csrf: /name="_csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? '' }
}

t.test('a token from before FACTORS was on does not manage the account, and a login with the factor does', async (t) => {
  const { app, databaseUrl } = await build(t)
  const { id, secret } = await enrolled(app)
  const { app: off } = await build(t, { databaseUrl, factors: 'off' })
  const old = (await login(off)).json<Tokens>().access_token
  const requests = [
    ['DELETE', `/v1/factors/${id}`], ['GET', '/v1/factors'], ['POST', '/v1/factors/recovery-codes'], ['GET', '/v1/profile/export'], ['DELETE', '/v1/profile'],
    ['POST', '/v1/oauth/personal-access-tokens']
  ] as const
  for (const [method, url] of requests) {
    const answer = await send(app, method, url, old, { current_password: PASSWORD, name: 'CI' })
    t.match([answer.statusCode, answer.json()], [403, { code: 'LK_INSUFFICIENT_AUTHORIZATION' }], `${method} ${url}`)
  }
  t.equal((await sql(app, 'SELECT FROM factors')).length, 1)
  const half = (await login(app)).json<{ auth_session: string }>().auth_session
  const fresh = (await challenge(app, { auth_session: half, code: codeOf(app, secret) })).json<Tokens>().access_token
  t.equal((await send(app, 'GET', '/v1/factors', fresh)).statusCode, 200)
})

t.test('a browser session from before FACTORS was on exports nothing', async (t) => {
  const { app, databaseUrl } = await build(t)
  await enrolled(app)
  const { app: off } = await build(t, { databaseUrl, factors: 'off' })
  const before = visit(off)
  await logIn(before)
  const refused = await moved(before, app).get('/account/data/export')
  t.match([refused.statusCode, refused.body], [403, 'Enter your code'])
  t.not(refused.headers['content-disposition'], 'attachment; filename="account.json"')
})

t.test('the time of a login is that of its first proof', async (t) => {
  const { app, databaseUrl } = await build(t)
  const { secret } = await enrolled(app)
  const { app: off } = await build(t, { databaseUrl, factors: 'off' })
  const before = visit(off)
  await logIn(before)
  await sql(app, "UPDATE browser_sessions SET auth_time = now() - interval '1 hour'")
  const visitor = moved(before, app)
  const form = await visitor.get('/account/profile')
  const asked = await visitor.submit(form, { name: 'Eve' })
  const step = asked.body.includes('Enter your code') ? asked : await visitor.get('/login/factor')
  t.match(step.body, 'Enter your code')
  await visitor.submit(step, { code: codeOf(app, secret) })
  const rows = await sql<{ old: boolean }>(app, "SELECT auth_time < now() - interval '50 minutes' AS old FROM browser_sessions WHERE amr @> '{mfa}'")
  t.same(rows, [{ old: true }])
  t.match((await visitor.get('/account/data/export')).headers.location, /^\/login\?/, 'which is too long ago for an export')
})

t.test('devices that are known by the password alone share one counter for codes, and the owner keeps one of their own', async (t) => {
  const { app } = await build(t, ON)
  const { access_token: accessToken } = await signedIn(app)
  // Whoever has the password gets as many of them as they want, before the factor is added
  const known = []
  for (let count = 0; count < 4; count++) {
    known.push(deviceCookie(await app.inject({
      method: 'POST', url: '/v1/clients/web/login', remoteAddress: farAway(count), payload: { email: 'ada@example.com', password: PASSWORD }
    }))!.pair)
  }
  const { secret } = await addTotp(app, accessToken)
  const enter = async (code: string, cookie: string, from: string) => {
    const headers = { cookie }
    const half = await app.inject({
      method: 'POST', url: '/v1/clients/web/login', remoteAddress: from, headers, payload: { email: 'ada@example.com', password: PASSWORD }
    })
    return await challenge(app, { auth_session: half.json<{ auth_session: string }>().auth_session, code }, { from, headers })
  }
  const own = deviceCookie(await enter(codeOf(app, secret), known[0]!, farAway(0)))!.pair
  const statuses = []
  for (let count = 0; count < 12; count++) {
    statuses.push((await enter(wrongCode(app, secret), known[1 + count % 3]!, farAway(20 + count))).statusCode)
  }
  t.same([statuses.filter((status) => status === 401).length, statuses.at(-1)], [10, 429], 'ten a minute for all of them')
  await sql(app, 'UPDATE factors SET last_step = last_step - 2')
  t.equal((await enter(codeOf(app, secret), own, farAway(40))).statusCode, 200)
})

t.test('with a login page of the host the second step knows the device, too', async (t) => {
  const { app } = await build(t, { ...ON, loginPath: '/sign-in' })
  const { secret } = await enrolled(app)
  const visitor = visit(app)
  const csrf = await csrfOf(visitor)
  const asked = await visitor.post('/login', { username: 'ada@example.com', password: PASSWORD, ...csrf })
  t.match(asked.body, 'Enter your code')
  const done = await visitor.submit(asked, { code: codeOf(app, secret) })
  t.match(deviceCookie(done)?.header, /; Path=\/;/i)
})

import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import {
  eventually, login, logout, makeClient, PASSWORD, refresh, register, token,
  type Tokens
} from '../../support/start-server.ts'
import { call, passwordGrant } from '../../support/machines.ts'
import { age, sessionId } from '../../support/session-rows.ts'
import { authorize, CALLBACK, letIn, logIn, makeApp, paramsOf, VERIFIER, visit, type Visitor } from '../../support/visitor.ts'
import { internals, type Internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const AGENT = 'Audited/1.0'
const ORIGIN = { ip: '127.0.0.1', userAgent: AGENT }

type Line = Awaited<ReturnType<Internals['store']['audit']['list']>>[number]

/** Lines of the audit log of a type, the oldest first, when there are as many. */
async function written (app: FastifyInstance, type: string, count: number): Promise<Line[]> {
  const read = async () => (await internals(app).store.audit.list({ type, limit: 100 })).reverse()
  await eventually(async () => (await read()).length >= count)
  return await read()
}

async function browserOf (app: FastifyInstance): Promise<Visitor> {
  const visitor = visit(app, { 'user-agent': AGENT })
  t.equal((await logIn(visitor)).statusCode, 303)
  return visitor
}

const browserSession = async (app: FastifyInstance, visitor: Visitor) =>
  (await internals(app).sessions.browser.find(visitor.cookies.get('latchkey')))!.id

t.test('every logout in a browser emits session.ended with address and user agent', async (t) => {
  const { app } = await build(t)
  const userId = (await register(app)).json<{ id: string }>().id
  const client = await makeApp(app)
  const heard: object[] = []
  app.latchkey.on('session.ended', (details) => { heard.push(details) })

  const page = await browserOf(app)
  const pageId = await browserSession(app, page)
  t.equal((await page.submit(await page.get('/logout'))).statusCode, 303)

  const party = await browserOf(app)
  const tokens = await letIn(app, party, client, 'openid') as Tokens & { id_token: string }
  const partyId = await browserSession(app, party)
  await party.get(`/v1/oauth/logout?${new URLSearchParams({ id_token_hint: tokens.id_token })}`)

  const asked = await browserOf(app)
  const askedId = await browserSession(app, asked)
  t.equal((await asked.submit(await asked.get(`/v1/oauth/logout?client_id=${client.id}`))).statusCode, 303)

  const again = await browserOf(app)
  const [before] = [await browserSession(app, again), await logIn(again, '/login?prompt=login')]

  const ends: [string, string | null, string][] = [
    [pageId, null, 'logout'],
    [partyId, null, 'logout'],
    [sessionId(tokens), client.id, 'logout'],
    [askedId, null, 'logout'],
    [before, null, 'replaced']
  ]
  const expected = ends.map(([sessionId, clientId, reason]) => ({ sessionId, userId, clientId, reason, ...ORIGIN }))
  t.same(heard, expected)
  const lines = (await written(app, 'session.ended', ends.length)).map((line) => ({ ...line, ...line.detail as { reason: string } }))
  t.match(lines, expected, 'in the order in which they ended')
})

t.test('every other end of a session emits session.ended with its reason: a client, the account page, an app, reuse of a token or a code', async (t) => {
  const { app } = await build(t)
  const userId = (await register(app)).json<{ id: string }>().id
  const web = (await internals(app).store.clients.findBySlug('web'))!.id
  const ours = await makeClient(app)
  const party = await makeApp(app)
  const visitor = await browserOf(app)
  const heard: { sessionId: string, reason: string }[] = []
  app.latchkey.on('session.ended', (details) => {
    t.match(details, { userId, ip: '127.0.0.1', userAgent: String })
    heard.push({ sessionId: details.sessionId, reason: details.reason })
  })
  const own = (await login(app)).json<Tokens>()
  const ended: [string, string][] = []
  const expect = (tokens: Tokens, reason: string) => { ended.push([sessionId(tokens), reason]) }

  const bearer = (await login(app)).json<Tokens>()
  await logout(app, bearer.access_token)
  expect(bearer, 'logout')
  const proxy = (await login(app)).json<Tokens>()
  await app.inject({ method: 'POST', url: '/v1/clients/web/logout', payload: { refresh_token: proxy.refresh_token } })
  expect(proxy, 'logout')
  for (const kind of ['access_token', 'refresh_token'] as const) {
    const tokens = await passwordGrant(app, ours.basic)
    await app.inject({ method: 'POST', url: '/v1/oauth/revoke', headers: { authorization: ours.basic }, payload: { token: tokens[kind] } })
    expect(tokens, 'client')
  }
  const listed = (await login(app)).json<Tokens>()
  t.equal((await call(app, 'DELETE', `tokens/${sessionId(listed)}`, own.access_token)).statusCode, 204)
  expect(listed, 'user')
  const apps = [await letIn(app, visitor, party, 'openid'), await letIn(app, visitor, party, 'openid')]
  await internals(app).account.apps.end(party.id, userId, { ip: '127.0.0.1', userAgent: AGENT })
  for (const tokens of apps) expect(tokens, 'user')

  const stolen = (await login(app)).json<Tokens>()
  await refresh(app, (await refresh(app, stolen.refresh_token)).json<Tokens>().refresh_token)
  await age(app, stolen, 31)
  t.equal((await refresh(app, stolen.refresh_token)).statusCode, 401)
  expect(stolen, 'reused')

  const { code } = paramsOf(await authorize(visitor, party.id))
  const redeem = () =>
    token(app, { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER }, party.basic)
  const redeemed = (await redeem()).json<Tokens>()
  t.equal((await redeem()).statusCode, 400)
  expect(redeemed, 'code_reused')

  const by = (list: { sessionId: string, reason: string }[]) => list.map(({ sessionId, reason }) => `${sessionId} ${reason}`).sort()
  t.same(by(heard), by(ended.map(([sessionId, reason]) => ({ sessionId, reason }))))
  const lines = await written(app, 'session.ended', ended.length)
  t.same(by(lines.map((line) => ({ sessionId: line.sessionId!, reason: (line.detail as { reason: string }).reason }))), by(heard))
  t.ok(lines.some(({ clientId }) => clientId === web))
})

t.test('a second logout of the same session emits no event', async (t) => {
  const { app } = await build(t)
  await register(app)
  const visitor = await browserOf(app)
  const tokens = await letIn(app, visitor, await makeApp(app), 'openid') as Tokens & { id_token: string }
  const heard: string[] = []
  app.latchkey.on('session.ended', ({ sessionId }) => { heard.push(sessionId) })
  const hint = `/v1/oauth/logout?${new URLSearchParams({ id_token_hint: tokens.id_token })}`
  const id = await browserSession(app, visitor)
  await visitor.get(hint)
  await visitor.get(hint)
  t.same(heard.sort(), [id, sessionId(tokens)].sort())
})

t.test('a registration on the page is audited with address and user agent', async (t) => {
  const { app } = await build(t)
  const visitor = visit(app, { 'user-agent': AGENT })
  await visitor.submit(await visitor.get('/register'), { email: 'new@example.com', password: PASSWORD })
  t.match(await written(app, 'user.registered', 1), [{ ...ORIGIN, userId: String }])
})

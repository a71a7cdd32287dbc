import { get, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { guardedHost } from '../../support/guarded-host.ts'
import {
  build, eventually, login, logout, makeClient, refresh, signedIn, token, type MadeClient,
  type Tokens
} from '../../support/start-server.ts'
import { passwordGrant, personalToken } from '../../support/machines.ts'
import { actingAs } from '../../../src/testing.ts'
import { internals } from '../../../plugins/internals.ts'

const READ = 'revocations:read'
const guardClient = (app: FastifyInstance) => makeClient(app, { grantTypes: ['client_credentials'], scopes: [READ], firstParty: false })
const machine = async (app: FastifyInstance, { basic }: MadeClient, scope = READ) =>
  (await token(app, { grant_type: 'client_credentials', scope }, basic)).json<Tokens>().access_token

type Stream = { status: number, text: () => string, ended: () => boolean, answer: IncomingMessage, close: () => void }

/** Follows over HTTP, as a guard elsewhere does. */
async function follow (t: Test, base: string, accessToken: string, path = '/v1/oauth/revocations'): Promise<Stream> {
  const request = get(base + path, { agent: false, headers: { authorization: `Bearer ${accessToken}` } })
  t.teardown(() => { request.destroy() })
  const [answer] = await once(request, 'response') as [IncomingMessage]
  let text = ''
  let ended = false
  answer.on('data', (chunk: Buffer) => { text += chunk.toString() }).on('close', () => { ended = true }).on('error', () => {})
  return { status: answer.statusCode!, text: () => text, ended: () => ended, answer, close: () => request.destroy() }
}

async function listening (t: Test, options: object = {}) {
  const built = await build(t, options)
  return { ...built, base: await built.app.listen({ port: 0, host: '127.0.0.1' }) }
}

t.test('only a client whose token names revocations:read can follow the feed: no user, and no client by *', async (t) => {
  const { app, base } = await listening(t)
  const { access_token: own, user } = await signedIn(app)
  const everything = await makeClient(app)
  const wide = await makeClient(app, { grantTypes: ['client_credentials'], scopes: ['*'] })
  const refused: [string, string, number][] = [
    ['a user with *', (await passwordGrant(app, everything.basic, '*')).access_token, 401],
    ['a user whose token has the scope', (await actingAs(app, user.id, [READ])).authorization.slice(7), 401],
    ['a personal access token with *', (await personalToken(app, own, { scopes: ['*'] })).access_token, 401],
    ['a client with *', await machine(app, wide, '*'), 403]
  ]
  for (const [what, text, status] of refused) {
    const stream = await follow(t, base, text)
    t.equal(stream.status, status, what)
    t.notMatch(stream.text(), 'snapshot')
  }
  t.match((await token(app, { grant_type: 'client_credentials', scope: READ }, wide.basic)).json(), { error: 'invalid_scope' })
  t.equal((await follow(t, base, await machine(app, await guardClient(app)))).status, 200)
})

t.test('* includes no reserved scope, in a guard or in a refresh', async (t) => {
  const { app } = await build(t)
  await signedIn(app)
  const { basic } = await makeClient(app)
  const session = await passwordGrant(app, basic, '*')
  const host = await guardedHost(t, app)
  host.get('/reserved', { onRequest: host.authGuard('api', { scopes: [READ] }) }, async () => ({}))
  host.get('/any', { onRequest: host.authGuard('api', { anyScope: [READ, 'else'] }) }, async ({ auth }) => ({ can: auth.can(READ) }))
  const at = (url: string) => host.inject({ url, headers: { authorization: `Bearer ${session.access_token}` } })
  t.equal((await at('/reserved')).statusCode, 403)
  t.same((await at('/any')).json(), { can: false }, 'of anything else it is everything')
  const narrowed = (scope: string) => token(app, { grant_type: 'refresh_token', refresh_token: session.refresh_token, scope }, basic)
  for (const scope of [READ, `* ${READ}`]) t.match((await narrowed(scope)).json(), { error: 'invalid_scope' }, scope)
  t.equal((await narrowed('*')).statusCode, 200, 'and the session goes on')
})

t.test('a stream ends when its token, its client or its key is revoked, in every process', async (t) => {
  const { app, databaseUrl } = await build(t, { appUrl: 'http://localhost:3000' })
  const { app: other } = await build(t, { appUrl: 'http://localhost:3000', databaseUrl })
  const base = await other.listen({ port: 0, host: '127.0.0.1' })
  const ends: [string, (client: MadeClient, text: string) => PromiseLike<unknown>][] = [
    ['token', ({ basic }, text) =>
      app.inject({ method: 'POST', url: '/v1/oauth/revoke', headers: { authorization: basic }, payload: { token: text } })],
    ['client', ({ id }) => internals(app).store.clients.revoke(id)],
    ['all tokens of the client', ({ id }) => internals(app).store.clients.foldRevocations(id)],
    ['key', (_client, text) =>
      internals(app).store.keys.revoke((JSON.parse(Buffer.from(text.split('.')[0]!, 'base64url').toString()) as { kid: string }).kid)]
  ]
  for (const [what, end] of ends) {
    const client = await guardClient(app)
    const text = await machine(app, client)
    const stream = await follow(t, base, text)
    t.ok(await eventually(() => stream.text().includes('heartbeat')), what)
    await end(client, text)
    t.ok(await eventually(stream.ended, 5000), what)
    t.equal((await follow(t, base, text)).status, 401, `${what}: nor can another one be opened`)
  }
})

t.test('a client from which the operator removes the scope can no longer follow with an existing token', async (t) => {
  const { app, base } = await listening(t)
  const client = await guardClient(app)
  const text = await machine(app, client)
  const stream = await follow(t, base, text)
  t.ok(await eventually(() => stream.text().includes('heartbeat')))
  const prisma = await internals(app).database.prisma()
  await prisma.client.update({ where: { id: client.id }, data: { scopes: ['orders:read'] } })
  t.ok(await eventually(stream.ended, 10_000))
  t.equal((await follow(t, base, text)).status, 403, 'nor can another one be opened')
})

t.test('streams are limited per client, and closed ones are not counted', async (t) => {
  const { app, base } = await listening(t, { revocation: { maxStreams: 2 } })
  const [client, other] = [await guardClient(app), await guardClient(app)]
  const text = await machine(app, client)
  const [first] = [await follow(t, base, text), await follow(t, base, await machine(app, client))]
  const third = await follow(t, base, text)
  t.equal(third.status, 429)
  t.ok(third.answer.headers['retry-after'])
  t.ok(await eventually(() => third.text().includes('LK_TOO_MANY_STREAMS')))
  t.equal((await follow(t, base, await machine(app, other))).status, 200, 'another client')
  first!.close()
  t.ok(await eventually(async () => (await follow(t, base, text)).status === 200))
})

t.test('a revocation is sent at once; HEAD opens no stream; the server can close while guards follow', async (t) => {
  const { app, base } = await listening(t)
  const text = await machine(app, await guardClient(app))
  const { access_token: before } = await signedIn(app)
  await logout(app, before)
  const stream = await follow(t, base, text)
  t.ok(await eventually(() => stream.text().includes('heartbeat')))
  const { access_token: bearer, refresh_token: refreshToken } = (await login(app)).json<Tokens>()
  await logout(app, bearer)
  t.equal((await refresh(app, refreshToken)).statusCode, 401)
  const { sid } = JSON.parse(Buffer.from(bearer.split('.')[1]!, 'base64url').toString()) as { sid: string }
  t.ok(await eventually(() => stream.text().includes(sid)))
  const head = await fetch(`${base}/v1/oauth/revocations`, { method: 'HEAD', headers: { authorization: `Bearer ${text}` } })
  t.equal(head.status, 404)
  await app.close()
  t.ok(await eventually(stream.ended))
})

t.test('heartbeats repeat the stream name that the reader chose', async (t) => {
  const { app, base } = await listening(t)
  const accessToken = await machine(app, await guardClient(app))
  const stream = await follow(t, base, accessToken, '/v1/oauth/revocations?stream=mine-1')
  t.ok(await eventually(() => /event: heartbeat\ndata: \{"stream":"mine-1","at":\d/.test(stream.text())))
  for (const query of ['stream=', 'stream=a%0Ab', `stream=${'a'.repeat(65)}`, 'stream=a&stream=b']) {
    t.equal((await follow(t, base, accessToken, `/v1/oauth/revocations?${query}`)).status, 422, query)
  }
})

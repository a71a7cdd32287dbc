import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import pg from 'pg'
import t, { type Test } from 'tap'
import { authGuard } from '../../src/index.ts'
import { build, createDatabase, eventually, makeClient, signedIn } from '../support/start-server.ts'
import { createLine, type Line } from '../support/line.ts'
import { internals } from '../../plugins/internals.ts'

// A machine may be busy; what is waited for takes some seconds
const PATIENCE = 30_000

type Status = (text: string) => Promise<number>

/** A server behind the line, whose address is that of the line. */
async function issuer (t: Test, line: Line, options: object): Promise<{ app: FastifyInstance, port: number, streams: ServerResponse[] }> {
  const { app } = await build(t, { ...options, appUrl: `http://127.0.0.1:${line.port}` })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const streams: ServerResponse[] = []
  app.server.on('request', ({ url }, response) => { if (url?.startsWith('/v1/oauth/revocations')) streams.push(response) })
  return { app, port: (app.server.address() as AddressInfo).port, streams }
}

/** A service elsewhere that follows by the line. @returns what it answers to a token */
async function guardElsewhere (t: Test, app: FastifyInstance, line: Line, revocation = {}): Promise<Status> {
  const { id: clientId, secret: clientSecret } = await makeClient(app, { grantTypes: ['client_credentials'], scopes: ['revocations:read'] })
  const api = Fastify()
  t.teardown(() => api.close())
  await api.register(authGuard, { issuer: `http://127.0.0.1:${line.port}`, clientId, clientSecret, revocation })
  api.get('/me', { onRequest: api.authGuard('api') }, async () => ({}))
  return async (text) => (await api.inject({ url: '/me', headers: { authorization: `Bearer ${text}` } })).statusCode
}

async function query (t: Test, databaseUrl: string) {
  const client = new pg.Client(databaseUrl)
  await client.connect()
  t.teardown(() => client.end())
  return async (sql: string) => { await client.query(sql) }
}

t.test('a remote guard answers 503 while the issuer itself has stale revocations', async (t) => {
  const databaseUrl = await createDatabase(t)
  const run = await query(t, databaseUrl)
  await run("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not here'; END $$")
  await run('CREATE TRIGGER refuse BEFORE UPDATE ON feed_pulse FOR EACH ROW EXECUTE FUNCTION refuse()')
  const line = await createLine(t, null)
  const { app, port } = await issuer(t, line, { databaseUrl, revocation: { onStale: 'accept' } })
  line.turn(port)
  const { access_token: text } = await signedIn(app)
  const status = await guardElsewhere(t, app, line)
  t.equal(internals(app).revocation.feed.age(), Infinity)
  t.notOk(await eventually(async () => await status(text) !== 503, 4000), 'an age without an end is not fresh')
  await run('DROP TRIGGER refuse ON feed_pulse')
  t.ok(await eventually(async () => await status(text) === 200, PATIENCE), 'and goes on when it knows')
})

t.test('a remote guard that reconnects to a server with older data forgets no revocation', async (t) => {
  const databaseUrl = await createDatabase(t)
  const [line, direct] = [await createLine(t, null), await createLine(t, Number(new URL(databaseUrl).port))]
  const [good, behind] = [
    await issuer(t, line, { databaseUrl }),
    await issuer(t, line, { databaseUrl, databaseDirectUrl: direct.through(databaseUrl), revocation: { onStale: 'accept' } })
  ]
  line.turn(good.port)
  const [gone, other] = [await signedIn(good.app, { email: 'gone@example.com' }), await signedIn(good.app, { email: 'other@example.com' })]
  const status = await guardElsewhere(t, good.app, line)
  t.ok(await eventually(async () => await status(gone.access_token) === 200, PATIENCE))

  direct.turn(null)
  await internals(good.app).store.users.setDisabled(gone.user.id, true)
  t.ok(await eventually(async () => await status(gone.access_token) === 401, PATIENCE))
  line.turn(behind.port)
  t.ok(
    await eventually(() => behind.streams.some(({ headersSent, statusCode }) => headersSent && statusCode === 200), PATIENCE),
    'it follows the server behind'
  )
  t.notOk(await eventually(async () => await status(gone.access_token) === 200, 4000), 'what was revoked stays so')
  direct.turn(Number(new URL(databaseUrl).port))
  t.ok(await eventually(async () => await status(other.access_token) === 200, PATIENCE))
  t.equal(await status(gone.access_token), 401, 'and when it knows as much')
})

import t from 'tap'
import { createClient } from '../../src/cli/client.ts'
import { listClients, revokeClient, rotateSecret, showClient } from '../../src/cli/clients.ts'
import type { ClientArgs } from '../../src/cli/new-client.ts'
import { createUser } from '../../src/cli/user.ts'
import { APP_KEY, basic, build, eventually, PASSWORD, profile, signedIn, token } from '../support/start-server.ts'
import { contextFor, type TestContext } from './helper.ts'
import { internals } from '../../plugins/internals.ts'

type Made = { client_id: string, client_secret: string | null, name: string, user_id: string | null }

async function make (context: TestContext, args: ClientArgs): Promise<Made> {
  return (await createClient(context, args)).json as Made
}

t.test('a client that the command created gets a token from a running server', async (t) => {
  const { app, databaseUrl } = await build(t, { scopes: { 'orders:read': 'See your orders' } })
  const context = await contextFor(t, { DATABASE_URL: databaseUrl, SCOPES: '{"orders:read":"See your orders"}' })
  const made = await make(context, { client: true, name: 'Reports', scope: ['orders:read'], defaultScope: ['orders:read'] })
  t.match(made, {
    client_id: /^lk_client_/, client_secret: /^lk_cs_/, name: 'Reports', grant_types: ['client_credentials'],
    scopes: ['orders:read'], token_endpoint_auth_method: 'client_secret_basic', redirect_uris: []
  })
  const answer = await token(app, { grant_type: 'client_credentials' }, basic(made.client_id, made.client_secret!))
  t.equal(answer.statusCode, 200, answer.body)
  t.match(answer.json(), { scope: 'orders:read' })
})

t.test('a client with --proxy has its routes in a running server', async (t) => {
  const { app, databaseUrl } = await build(t)
  await signedIn(app)
  await make(await contextFor(t, { DATABASE_URL: databaseUrl }), { password: true, proxy: true, slug: 'kiosk' })
  const answer = await app.inject({
    method: 'POST', url: '/v1/clients/kiosk/login', payload: { email: 'ada@example.com', password: PASSWORD }
  })
  t.equal(answer.statusCode, 200, answer.body)
})

t.test('the options of Laravel Passport are understood', async (t) => {
  const context = await contextFor(t)
  const password = await createClient(context, { password: true })
  t.match(password.lines, ['Password grant client created successfully.', /^Client ID: lk_client_/, /^Client secret: lk_cs_/])
  const open = await createClient(context, { public: true, redirectUri: ['https://app.example.com/cb'] })
  t.match(open.lines, ['New client created successfully.', /^Client ID: lk_client_/])
  t.equal(open.lines.length, 2)
  t.match(open.json, { client_secret: null, token_endpoint_auth_method: 'none', redirect_uris: ['https://app.example.com/cb'] })
  t.match(await createClient(context, { personal: true }), {
    json: { client_secret: null },
    lines: ['Personal access client created successfully.', /^Client ID:/]
  })
})

t.test('only the hash of the secret is stored, and no list shows it', async (t) => {
  const context = await contextFor(t)
  const { client_secret: secret } = await make(context, { client: true })
  const list = await listClients(context)
  t.notMatch(JSON.stringify(list), secret!)
  t.notMatch(JSON.stringify(list), 'secret_hash')
  t.match(list.json, { clients: [{ slug: 'web' }, { slug: 'mobile' }, { slug: 'personal-access' }, { slug: null, revoked_at: null }] })
})

t.test('a client can belong to a user', async (t) => {
  const context = await contextFor(t)
  const { id } = (await createUser(context, { email: 'ada@example.com', password: PASSWORD })).json as { id: string }
  t.equal((await make(context, { client: true, user: id })).user_id, id)
  await t.rejects(make(context, { client: true, user: 'ada' }), { message: 'There is no user ada; `npx latchkey user list` lists them' })
  await t.rejects(make(context, { client: true, user: '01a20dc8-810d-76f8-8b1d-e68fcfd5f89b' }), { message: /^There is no user/ })
})

t.test('a slug belongs to one client', async (t) => {
  await t.rejects(make(await contextFor(t), { password: true, slug: 'web' }), {
    message: 'The slug web belongs to another client; `npx latchkey clients` lists them'
  })
})

t.test('revoking a client reaches a running server at once', async (t) => {
  const { app, databaseUrl } = await build(t)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  const { access_token: accessToken } = await signedIn(app)
  t.equal((await profile(app, accessToken)).statusCode, 200)
  const web = (await internals(app).store.clients.findBySlug('web'))!
  const { lines } = await revokeClient(context, web.id)
  t.same(lines, [`Client ${web.id} is revoked, and so are its tokens and sessions.`])
  // Without the notification it would take until the next poll, up to two seconds
  t.ok(await eventually(async () => (await profile(app, accessToken)).statusCode === 401, 500))
  t.same(context.said, [])

  t.match(await revokeClient(context, web.id), {
    json: { client_id: web.id, revoked: true },
    lines: [`Client ${web.id} was revoked before.`]
  }, 'again')
  t.match((await listClients(context)).lines.find((line) => line.startsWith(web.id)), /revoked$/)
})

t.test('an unknown client cannot be revoked', async (t) => {
  await t.rejects(revokeClient(await contextFor(t), 'lk_client_nobody'), {
    message: 'There is no client lk_client_nobody; `npx latchkey clients` lists them'
  })
})

t.test('a revocation that cannot be announced is stored, with a warning', async (t) => {
  const context = await contextFor(t, { APP_KEY, DATABASE_DIRECT_URL: 'postgresql://nobody@127.0.0.1:1/none' })
  const { client_id: id } = await make(context, { client: true })
  t.match(await revokeClient(context, id), { json: { revoked: true } })
  t.match(context.said, [/^warning: Running servers could not be notified at once.*ECONNREFUSED/])
})

t.test('a secret that was rotated with an overlap is valid at once in a running server', async (t) => {
  const { app, databaseUrl } = await build(t)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  const { client_id: id, client_secret: first } = await make(context, { client: true })
  const status = async (secret: string) => (await token(app, { grant_type: 'client_credentials' }, basic(id, secret))).statusCode
  t.equal(await status(first!), 200)
  const { json, lines } = await rotateSecret(context, id, { overlap: 3600 })
  const { client_secret: second } = json as { client_secret: string }
  t.match(lines, [/^Client ID/, /^Client secret: lk_cs_/, /^The old secret stays valid until/])
  t.same([await status(second), await status(first!)], [200, 200])
  await rotateSecret(context, id, {})
  t.ok(await eventually(async () => await status(second) === 401, 4000))
  t.notMatch(JSON.stringify(await showClient(context, id)), second)
  t.match((await showClient(context, id)).json, { client_id: id, has_secret: true, grant_types: ['client_credentials'], revoked_at: null })
  const { client_id: open } = await make(context, { public: true, redirectUri: ['https://app.example.com/cb'] })
  await t.rejects(rotateSecret(context, open, {}), { message: /is public: it has no secret/ })
  await revokeClient(context, id)
  await t.rejects(rotateSecret(context, id, {}), { message: /is revoked/ })
  await t.rejects(rotateSecret(context, 'lk_client_nobody', {}), { message: /^There is no client/ })
})

t.test('a revoked client gives up its slug', async (t) => {
  const context = await contextFor(t)
  const { client_id: id } = await make(context, { password: true, slug: 'kiosk' })
  await revokeClient(context, id)
  t.match((await showClient(context, id)).json, { slug: null, revoked_at: String })
  t.match(await make(context, { password: true, slug: 'kiosk' }), { client_id: /^lk_client_/ })
})

t.test("a client's own token lifetime extends how long revocations and keys are kept", async (t) => {
  const { app, databaseUrl } = await build(t)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  const { client_id: id, client_secret: secret } = await make(context, { client: true, accessTokenTtl: 86_400 })
  const { expires_in: expiresIn } = (
    await token(app, { grant_type: 'client_credentials' }, basic(id, secret!))
  ).json<{ expires_in: number }>()
  t.equal(expiresIn, 86_400)
  t.equal(await internals(app).store.settings.raiseLongestTokenTtl(1), 86_400)
  await t.rejects(make(context, { client: true, accessTokenTtl: 0 }), { message: /--access-token-ttl must be/ })
})

import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { sharedServers } from '../support/shared-server.ts'
import { login, logout, makeClient, PASSWORD, signedIn, token, type MadeClient, type Tokens } from '../support/start-server.ts'
import { call, personalToken } from '../support/machines.ts'
import { letIn, loggedIn, makeApp } from '../support/visitor.ts'
import { internals } from '../../plugins/internals.ts'

const build = sharedServers(t)

const API = 'https://api.example.com'
const INACTIVE = { active: false }

const ask = (app: FastifyInstance, { basic }: Pick<MadeClient, 'basic'>, text: string, more: object = {}) =>
  app.inject({ method: 'POST', url: '/v1/oauth/introspect', headers: { authorization: basic }, payload: { token: text, ...more } })

const byPassword = async (app: FastifyInstance, { basic }: MadeClient, more: Record<string, string> = {}) =>
  (await token(app, { grant_type: 'password', username: 'ada@example.com', password: PASSWORD, ...more }, basic)).json<Tokens>()

t.test('RFC 7662 section 2.2: a client introspects its own tokens, and others are not active to it', async (t) => {
  const { app } = await build(t)
  const ours = await makeClient(app)
  const { user } = await signedIn(app)
  const tokens = await byPassword(app, ours)
  t.match((await ask(app, ours, tokens.access_token)).json(), {
    active: true, token_type: 'Bearer', sub: user.id, client_id: ours.id, iss: internals(app).config.issuer
  })
  t.match((await ask(app, ours, tokens.refresh_token)).json(), { active: true, token_type: 'refresh_token', sub: user.id })
  const next = (await token(app, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }, ours.basic)).json<Tokens>()
  t.same((await ask(app, ours, tokens.refresh_token)).json(), INACTIVE, 'a replaced refresh token')
  await logout(app, next.access_token)
  for (const text of [tokens.access_token, next.access_token, next.refresh_token, 'nonsense', `${tokens.access_token}x`]) {
    t.same((await ask(app, ours, text)).json(), INACTIVE)
  }

  const own = await byPassword(app, ours)
  t.equal((await ask(app, { basic: `Basic ${Buffer.from(`${ours.id}:wrong`).toString('base64')}` }, own.access_token)).statusCode, 401)
  const open = await makeClient(app, { authMethod: 'none' })
  t.match(
    (await app.inject({ method: 'POST', url: '/v1/oauth/introspect', payload: { client_id: open.id, token: own.access_token } })).json(),
    { error: 'invalid_client' },
    'a client without a secret is told nothing'
  )
})

t.test('RFC 7662 section 4: tokens of others are shown only to clients that the operator allows', async (t) => {
  const { app } = await build(t, { scopes: { 'orders:read': 'See your orders' }, resourceServers: [API] })
  const visitor = await loggedIn(app)
  const { access_token: own } = (await login(app)).json<Tokens>()
  const third = await letIn(app, visitor, await makeApp(app), 'openid orders:read')
  const first = await byPassword(app, await makeClient(app))
  const forApi = await byPassword(app, await makeClient(app), { resource: API })
  const personal = await personalToken(app, own, { scopes: ['orders:read'] })
  const machine = (
    await token(app, { grant_type: 'client_credentials' }, (await makeClient(app, { grantTypes: ['client_credentials'] })).basic)
  ).json<Tokens>()
  const texts = {
    third: third.access_token,
    first: first.access_token,
    forApi: forApi.access_token,
    personal: personal.access_token,
    machine: machine.access_token,
    refresh: first.refresh_token
  }
  const made = (
    await call(app, 'POST', 'clients', own, { name: 'Mine', redirect_uris: ['https://app.example.com/cb'] })
  ).json<{ id: string, secret: string }>()
  const askers: [string, Pick<MadeClient, 'basic'>, (keyof typeof texts)[]][] = [
    ['a client', await makeClient(app), []],
    ['a client of a user', { basic: `Basic ${Buffer.from(`${made.id}:${made.secret}`).toString('base64')}` }, []],
    [
      'a client of a user whose list names what is reserved',
      await makeClient(app, { scopes: ['*', 'revocations:read'], grantTypes: ['authorization_code', 'refresh_token'] }),
      []
    ],
    ['a client with *', await makeClient(app, { grantTypes: ['client_credentials'], scopes: ['*'] }), []],
    [
      'the resource server that a token is for',
      await makeClient(app, { grantTypes: ['client_credentials'], resourceServers: [API] }),
      ['forApi']
    ],
    [
      'a guard elsewhere',
      await makeClient(app, { grantTypes: ['client_credentials'], scopes: ['revocations:read'], firstParty: false }),
      ['third', 'first', 'forApi', 'personal', 'machine']
    ],
    [
      'who is marked',
      await makeClient(app, { grantTypes: [], introspects: true, firstParty: false }),
      ['third', 'first', 'forApi', 'personal', 'machine']
    ]
  ]
  for (const [what, asker, told] of askers) {
    for (const [name, text] of Object.entries(texts)) {
      for (const hint of ['', 'access_token', 'refresh_token']) {
        const { statusCode, body } = await ask(app, asker, text, hint === '' ? {} : { token_type_hint: hint })
        t.equal(statusCode, 200)
        const { active, ...rest } = JSON.parse(body) as { active: boolean }
        t.equal(active, told.includes(name as keyof typeof texts), `${what}: ${name}`)
        if (!active) t.same(rest, {}, 'and nothing else')
      }
    }
  }
})

t.test('an introspection that is refused is not recorded as a use', async (t) => {
  const { app } = await build(t)
  const { access_token: own } = await signedIn(app)
  const { access_token: text, token: { id } } = await personalToken(app, own)
  t.same((await ask(app, await makeClient(app), text)).json(), INACTIVE)
  const { rows } = await internals(app).database.pool.query('SELECT last_used_at FROM personal_access_tokens WHERE id = $1', [id])
  t.same(rows, [{ last_used_at: null }])
})

t.test('tokens of a revoked client and of a disabled user are not active', async (t) => {
  const { app } = await build(t)
  const asker = await makeClient(app, { introspects: true })
  const { user, access_token: own } = await signedIn(app)
  const client = await makeClient(app)
  const tokens = await byPassword(app, client)
  t.match((await ask(app, asker, tokens.access_token)).json(), { active: true })
  await internals(app).store.clients.revoke(client.id)
  t.same((await ask(app, asker, tokens.access_token)).json(), INACTIVE)
  t.equal((await ask(app, client, tokens.access_token)).statusCode, 401, 'nor may the client ask')
  await internals(app).store.users.setDisabled(user.id, true)
  t.same((await ask(app, asker, own)).json(), INACTIVE)
})

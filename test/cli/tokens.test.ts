import t from 'tap'
import { audit } from '../../src/cli/audit.ts'
import { createToken, listTokens, revokeTokens } from '../../src/cli/tokens.ts'
import { disableUser } from '../../src/cli/user.ts'
import { build, eventually, login, makeClient, profile, signedIn, token, type Tokens } from '../support/start-server.ts'
import { personalToken } from '../support/machines.ts'
import { sessionId } from '../support/session-rows.ts'
import { contextFor, run } from './helper.ts'
import { internals } from '../../plugins/internals.ts'

type List = { sessions: { id: string, user_id: string }[], personal_access_tokens: { id: string, user_id: string }[] }

async function both (t: Parameters<typeof build>[0]) {
  const { app, databaseUrl } = await build(t, { scopes: { read: 'Read' } })
  return { app, context: await contextFor(t, { DATABASE_URL: databaseUrl, SCOPES: '{"read":"Read"}' }) }
}

const gone = (app: Parameters<typeof profile>[0], text: string) =>
  eventually(async () => (await profile(app, text)).statusCode === 401, 1500)

t.test('the command lists valid sessions and tokens: all, of a user, of a client', async (t) => {
  const { app, context } = await both(t)
  const ada = await signedIn(app)
  const grace = await signedIn(app, { email: 'grace@example.com' })
  const mobile = (await login(app, { email: 'ada@example.com' }, 'mobile')).json<Tokens>()
  const { token: { id } } = await personalToken(app, ada.access_token)
  const all = (await listTokens(context, {})).json as List
  t.same([all.sessions.length, all.personal_access_tokens.length], [3, 1])
  const hers = await listTokens(context, { user: 'ada@example.com' })
  t.same((hers.json as List).sessions.map((session) => session.user_id), [ada.user.id, ada.user.id])
  t.match(hers.json, { personal_access_tokens: [{ id, user_id: ada.user.id }] })
  t.match(hers.lines[0], /^ID +KIND +USER +OF/)
  const { id: client } = (await internals(app).store.clients.findBySlug('mobile'))!
  t.match((await listTokens(context, { client })).json, { sessions: [{ id: sessionId(mobile) }], personal_access_tokens: [] })
  t.equal((await listTokens(context, { limit: 1 })).json && ((await listTokens(context, { limit: 1 })).json as List).sessions.length, 1)
  t.ok(grace.access_token)
  await t.rejects(listTokens(context, { user: 'nobody@example.com' }), { message: /^There is no user/ })
  await t.rejects(listTokens(context, { client: 'lk_client_nobody' }), { message: /^There is no client/ })
  await t.rejects(listTokens(context, { client, user: 'ada@example.com' }), { message: /choose one/ })
})

t.test('tokens are revoked by user, client, session and token, in a running server', async (t) => {
  const { app, context } = await both(t)
  const ada = await signedIn(app)
  const one = (await login(app)).json<Tokens>()
  const personal = await personalToken(app, ada.access_token)
  const { json } = await revokeTokens(context, { session: sessionId(one) })
  t.same(json, { session_id: sessionId(one), revoked: true })
  t.ok(await gone(app, one.access_token), 'session')
  await revokeTokens(context, { token: personal.token.id })
  t.ok(await gone(app, personal.access_token), 'token')
  const again = await personalToken(app, ada.access_token)
  await revokeTokens(context, { user: 'ada@example.com' })
  for (const text of [ada.access_token, again.access_token]) t.ok(await gone(app, text), 'user')

  const next = (await login(app)).json<Tokens>()
  const machine = await makeClient(app, { grantTypes: ['client_credentials', 'password', 'refresh_token'] })
  const grant = async () => (await token(app, { grant_type: 'client_credentials' }, machine.basic)).json<Tokens>().access_token
  const own = await grant()
  const users =
    (await token(app, { grant_type: 'password', username: 'ada@example.com', password: 'correct horse battery staple' }, machine.basic))
      .json<Tokens>()
  t.match((await revokeTokens(context, { client: machine.id })).json, { client_id: machine.id, sessions: 1 })
  t.ok(await gone(app, users.access_token), 'client')
  const introspect = async (text: string) =>
    (await app.inject({ method: 'POST', url: '/v1/oauth/introspect', headers: { authorization: machine.basic }, payload: { token: text } }))
      .json<{ active: boolean }>().active
  t.ok(await eventually(async () => !await introspect(own), 1500), 'its own')
  t.equal((await profile(app, next.access_token)).statusCode, 200, 'another client goes on')
  t.ok(await eventually(async () => introspect(await grant()), 4000), 'and so does this one')
  t.same(context.said, [])
})

t.test('exactly one existing user, client, session or token must be named', async (t) => {
  const { context } = await both(t)
  const id = '01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'
  await t.rejects(revokeTokens(context, {}), { message: /^name one/ })
  await t.rejects(revokeTokens(context, { user: 'a', client: 'b' }), { message: /^name one/ })
  await t.rejects(revokeTokens(context, { session: id }), { message: /^There is no valid session/ })
  await t.rejects(revokeTokens(context, { session: 'x' }), { message: /^There is no valid session/ })
  await t.rejects(revokeTokens(context, { token: id }), { message: /^There is no valid personal access token/ })
  await t.rejects(revokeTokens(context, { user: id }), { message: /^There is no user/ })
  await t.rejects(revokeTokens(context, { client: 'lk_client_nobody' }), { message: /^There is no client/ })
})

t.test('a personal access token that the command created is accepted by a running server', async (t) => {
  const { app, context } = await both(t)
  const { user } = await signedIn(app)
  const { json, lines } = await createToken(context, { user: 'ada@example.com', name: 'Cron', scope: ['read'], expiresIn: 'never' })
  t.match(json, { access_token: /^lk_pat_/, token: { name: 'Cron', scopes: ['read'], expires_at: null, user_id: user.id } })
  t.match(lines[0], 'created successfully')
  t.equal((await profile(app, (json as { access_token: string }).access_token)).statusCode, 200)
  await t.rejects(createToken(context, { user: 'ada@example.com', name: 'x', scope: ['nothing'] }), {
    message: /The scope nothing is unknown/
  })
  await disableUser(context, 'ada@example.com')
  await t.rejects(createToken(context, { user: 'ada@example.com', name: 'x' }), { message: 'The user ada@example.com is disabled' })
})

t.test('changes by the command line are in the audit log, and found by its filters', async (t) => {
  const { app, context } = await both(t)
  const { user } = await signedIn(app)
  const before = new Date(Date.now() + 60_000)
  await createToken(context, { user: user.id, name: 'Cron' })
  await revokeTokens(context, { user: user.id })
  await disableUser(context, user.id)
  const types = async (args: Parameters<typeof audit>[1]) =>
    ((await audit(context, args)).json as { events: { type: string, detail: object }[] }).events.map(({ type }) => type)
  t.ok(await eventually(async () => (await types({ user: 'ada@example.com' })).includes('login.succeeded')))
  t.same((await types({ user: user.id })).slice(0, 3), ['user.disabled', 'user.logged_out', 'personal_token.created'])
  t.same(await types({ type: 'personal_token.*' }), ['personal_token.created'])
  t.same(await types({ user: user.id, limit: 1 }), ['user.disabled'])
  t.same(await types({ since: before }), [])
  t.same(await types({ client: 'lk_client_nobody' }), [])
  const { lines } = await audit(context, { type: 'user.logged_out' })
  t.match(lines, [/^AT +TYPE/, /by=command line/])
  await t.rejects(audit(context, { user: 'nobody@example.com' }), { message: /^There is no user/ })
})

t.test('the built commands print only their result, and fail with one line', async (t) => {
  const { app, context } = await both(t)
  await signedIn(app)
  const options = { cwd: t.testdir({}), env: { DATABASE_URL: context.config.databaseUrl!, APP_KEY: context.config.appKey! } }
  const list = await run(['tokens', '--json'], options)
  t.equal(list.stderr, '')
  t.match(JSON.parse(list.stdout), { sessions: [{ kind: 'session' }] })
  t.match(JSON.parse((await run(['audit', '--since', '1h', '--json'], options)).stdout), { events: [{}] })
  for (const wrong of ['0', '59', '315360001', '-1', '1e9', '3600s', '', 'NEVER']) {
    const { code, stderr } = await run(['tokens', 'create', '--user', 'ada@example.com', '--name', 'x', `--expires-in=${wrong}`], options)
    t.equal(code, 1, wrong)
    t.match(stderr, /^error: .*never, or a number of seconds from 60 to 315360000/, 'as at the route')
  }
  t.match(
    JSON.parse(
      (await run(['tokens', 'create', '--user', 'ada@example.com', '--name', 'x', '--expires-in', 'never', '--json'], options)).stdout
    ),
    { token: { expires_at: null } }
  )
  for (const [args, message] of [
    [['tokens', 'revoke'], /^error: name one.*\n$/],
    [['audit', '--since', 'yesterday'], /^error: .*such as 24h or 7d\.\n$/],
    [['clients', 'show', 'lk_client_nobody'], /^error: There is no client lk_client_nobody.*\n$/],
    [['tokens', 'create', '--name', 'x'], /^error: required option '--user <user>' not specified\n$/]
  ] as const) {
    const { code, stdout, stderr } = await run([...args], options)
    t.same([code, stdout], [1, ''], args.join(' '))
    t.match(stderr, message)
  }
})

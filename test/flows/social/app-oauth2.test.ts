import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import { APP_CALLBACK } from '../../support/app-upstream.ts'
import { sql } from '../../support/session-rows.ts'
import { build, type Tokens } from '../../support/start-server.ts'

const CODE = { code: 'a-code', redirect_uri: APP_CALLBACK, code_verifier: 'v'.repeat(43) }
const OF_APP = { active: true, client_id: 'latchkey', token_type: 'Bearer' }
const ADA = { id: 'ada-at-acme', email: 'ada@example.com', name: 'Ada Lovelace' }
const TOKEN = 'an-access-token-of-acme'

/** Of one endpoint: `body` is JSON, unless it is a text; 'never': nothing. */
type Told = { status?: number, body: unknown } | 'never'
type Endpoint = 'token' | 'introspect' | 'user'
type Sent = { path: string, authorization: string | undefined, body: string }

const readUser = ({ user: { id, email, name } }: { user: typeof ADA }) => ({ subject: id, email, emailVerified: true, name })

/** A provider without id tokens, whose endpoints answer as they are told. */
async function startOAuth2 (t: Test) {
  const told: Record<Endpoint, Told> = {
    token: { body: { access_token: TOKEN, token_type: 'Bearer' } }, introspect: { body: OF_APP }, user: { body: ADA }
  }
  const sent: Sent[] = []
  const server = createServer((request, response) => {
    const path = request.url!.slice(1) as Endpoint
    read(request).then((body) => {
      sent.push({ path, authorization: request.headers.authorization, body })
      const answer = told[path]
      if (answer === 'never') return
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' })
      response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body))
    }, () => response.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, told, sent }
}

async function read (request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return String(Buffer.concat(parts))
}

type Options = Partial<AppOptions> & { introspection?: boolean, more?: object }

async function world (t: Test, { introspection = true, more, ...options }: Options = {}) {
  const { url, told, sent } = await startOAuth2(t)
  const { app, logs } = await build(t, {
    ...options,
    social: {
      acme: {
        clientId: 'latchkey', clientSecret: 'a secret at Acme', redirectUris: [APP_CALLBACK], ...more,
        authorizationEndpoint: `${url}/authorize`, tokenEndpoint: `${url}/token`, profileEndpoints: { user: `${url}/user` },
        ...(introspection && { introspectionEndpoint: `${url}/introspect` }),
        profile: readUser as () => never
      }
    }
  })
  const enter = async (body: object = { oauth_token: TOKEN }) =>
    await app.inject({ method: 'POST', url: '/v1/auth/acme', payload: { client: 'web', ...body } })
  const users = async () => (await sql(app, 'SELECT FROM users')).length
  return { app, logs, told, sent, enter, users }
}

t.test('an access token is accepted where introspection names our client or an app of ours, whatever its audience is', async (t) => {
  const { told, sent, enter, users } = await world(t, { more: { audiences: ['latchkey-ios'] } })
  for (const body of [OF_APP, { ...OF_APP, client_id: 'latchkey-ios', aud: ['https://api.acme.example'] }]) {
    told.introspect = { body }
    const answer = await enter()
    t.equal(answer.statusCode, 200, answer.body)
    t.ok(answer.json<Tokens>().access_token)
  }
  t.equal(await users(), 1)
  const [asked, read] = sent
  t.equal(asked?.path, 'introspect')
  t.match(Object.fromEntries(new URLSearchParams(asked!.body)), { token: TOKEN, token_type_hint: 'access_token' })
  t.match(asked?.authorization, /^Basic /)
  t.match(read, { path: 'user', authorization: `Bearer ${TOKEN}` })
})

const SUBSTITUTED: [what: string, answer: object][] = [
  ['another client', { active: true, client_id: 'a-game' }],
  ['another client, for us as audience', { active: true, client_id: 'a-game', aud: 'latchkey' }],
  ['another client, for us among audiences', { active: true, client_id: 'a-game', aud: ['a-game', 'latchkey'] }],
  ['no client', { active: true, aud: ['latchkey'] }],
  ['a list of clients', { active: true, client_id: ['latchkey'] }],
  ['null as client', { active: true, client_id: null }],
  ['our client in other letters', { active: true, client_id: 'LATCHKEY' }],
  ['a token that is not active', { active: false, client_id: 'latchkey' }],
  ['active as text', { active: 'true', client_id: 'latchkey' }],
  ['no word about it', { client_id: 'latchkey' }],
  ['a list', [{ active: true, client_id: 'latchkey' }]],
  ['azp alone', { active: true, azp: 'latchkey' }]
]

t.test('an access token of another application, or of none that introspection names, opens nothing (token substitution)', async (t) => {
  const { logs, told, sent, enter, users } = await world(t)
  for (const [what, body] of SUBSTITUTED) {
    told.introspect = { body }
    const answer = await enter()
    t.match([answer.statusCode, answer.json()], [401, { code: 'LK_INVALID_CREDENTIALS' }], what)
  }
  t.notOk(sent.some(({ path }) => path === 'user'), 'the user is not asked about')
  t.equal(await users(), 0)
  t.notMatch(logs(), TOKEN)
})

t.test('without an introspection endpoint no access token is accepted, and the provider is not asked', async (t) => {
  const { sent, enter } = await world(t, { introspection: false })
  t.match((await enter()).json(), { statusCode: 422, errors: { oauth_token: Array } })
  t.same(sent, [])
})

t.test('a provider that answers too many requests, or fails, is 503 and no wrong proof', async (t) => {
  const { told, enter, users } = await world(t, { rateLimit: 'on' })
  for (const endpoint of ['introspect', 'user', 'token'] as const) {
    const usual = told[endpoint]
    for (const status of [429, 500, 503]) {
      told[endpoint] = { status, body: { error: 'slow_down' } }
      const answer = await enter(endpoint === 'token' ? CODE : { oauth_token: TOKEN })
      t.match([answer.statusCode, answer.json()], [503, { code: 'LK_PROVIDER_UNAVAILABLE' }], `${endpoint} ${status}`)
      t.ok(answer.headers['retry-after'])
    }
    told[endpoint] = usual
  }
  t.equal(await users(), 0)
})

t.test('a provider that refuses our own client is 503, no wrong proof of anybody, and is told to the operator once', async (t) => {
  const { told, enter, users, logs } = await world(t, { rateLimit: 'on' })
  const warnings = () => logs().split('\n').filter((line) => line.includes('refuses our client') && line.includes('"level":40')).length
  for (const [endpoint, answer] of [
    ['introspect', { status: 401, body: { error: 'invalid_client' } }],
    ['introspect', { status: 401, body: '' }],
    ['introspect', { status: 403, body: {} }],
    ['token', { status: 401, body: { error: 'invalid_client' } }],
    ['token', { status: 400, body: { error: 'unauthorized_client' } }],
    ['token', { body: { error: 'incorrect_client_credentials' } }]
  ] as const) {
    const usual = told[endpoint]
    told[endpoint] = answer
    for (const round of [1, 2]) {
      const refused = await enter(endpoint === 'token' ? CODE : { oauth_token: TOKEN })
      t.match([refused.statusCode, refused.json()], [503, { code: 'LK_PROVIDER_UNAVAILABLE' }], `${endpoint} ${JSON.stringify(answer)} ${round}`)
    }
    told[endpoint] = usual
  }
  t.equal(warnings(), 1)
  t.equal((await enter()).statusCode, 200, 'no attempt of a user was counted')
  told.introspect = { status: 401, body: {} }
  await enter()
  t.equal(warnings(), 2, 'and again after it was accepted')
  t.equal(await users(), 1)
  t.notMatch(logs(), 'a secret at Acme')
})

t.test('a user endpoint that refuses the access token says nothing about our client', async (t) => {
  const { told, enter } = await world(t)
  told.user = { status: 401, body: { error: 'invalid_token' } }
  t.equal((await enter()).statusCode, 401)
})

t.test('introspection that never answers is given up: 503', async (t) => {
  const { told, enter } = await world(t)
  told.introspect = 'never'
  t.match((await enter()).json(), { statusCode: 503, code: 'LK_PROVIDER_UNAVAILABLE' })
})

t.test('nothing of an answer that is no JSON reaches the log', async (t) => {
  const { logs, told, enter } = await world(t)
  for (const endpoint of ['introspect', 'user', 'token'] as const) {
    const usual = told[endpoint]
    told[endpoint] = { body: 'hunter2' }
    t.equal((await enter(endpoint === 'token' ? CODE : { oauth_token: TOKEN })).statusCode, 401, endpoint)
    told[endpoint] = usual
  }
  t.equal(logs().match(/A login at a provider has failed/g)?.length, 3)
  t.notMatch(logs(), 'hunter2')
})

t.test('a code is redeemed at a provider without id tokens, once', async (t) => {
  const { told, sent, enter, users } = await world(t)
  t.equal((await enter(CODE)).statusCode, 200)
  t.match(Object.fromEntries(new URLSearchParams(sent[0]!.body)), { grant_type: 'authorization_code', ...CODE })
  t.equal((await enter(CODE)).statusCode, 401, 'also where the provider redeems it twice')
  told.token = { status: 400, body: { error: 'invalid_grant' } }
  t.equal((await enter({ ...CODE, code: 'another' })).statusCode, 401)
  t.match((await enter({ ...CODE, code: 'third', nonce: 'n' })).json(), { statusCode: 422, errors: { nonce: [/belongs to an id token/] } })
  t.match((await enter({ id_token: 'a.b.c' })).json(), { statusCode: 422, errors: { id_token: ['is not accepted here; send code'] } })
  t.equal(await users(), 1)
})

t.test('whom a provider lets in counts for apps: only users who are there, or only new ones', async (t) => {
  const known = await world(t, { more: { use: 'login' } })
  t.match((await known.enter()).json(), { statusCode: 403, code: 'LK_NO_ACCOUNT' })
  t.equal(await known.users(), 0)
  const fresh = await world(t, { more: { use: 'register' } })
  t.equal((await fresh.enter()).statusCode, 200)
  t.match((await fresh.enter()).json(), { statusCode: 403, code: 'LK_NO_ACCOUNT' })
  fresh.told.user = { body: { ...ADA, id: 'ada-at-work' } }
  t.match((await fresh.enter()).json(), { statusCode: 409, code: 'LK_ACCOUNT_EXISTS' }, 'nor is anybody joined')
  t.equal(await fresh.users(), 1)
})

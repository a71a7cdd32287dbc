import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { resealKeys } from '../../../src/cli/keys.ts'
import { internals } from '../../../plugins/internals.ts'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import { unseal } from '../../../src/crypto/seal.ts'
import { deriveKeys } from '../../../src/crypto/app-key.ts'
import { PROVIDER_TOKEN_KEYS, providerTokenContext } from '../../../src/social/provider-tokens.ts'
import type { UpstreamTokens } from '../../../src/social/upstream-tokens.ts'
import { contextFor } from '../../cli/helper.ts'
import { APP_CALLBACK, codeOf, tokensOf } from '../../support/app-upstream.ts'
import { sql } from '../../support/session-rows.ts'
import { build, claimsOf, eventually, type Tokens } from '../../support/start-server.ts'
import { startTokenUpstream } from '../../support/token-upstream.ts'
import { CLIENT, logInUpstream, pathOf, through } from '../../support/upstream.ts'
import { formsOf, loggedIn, visit } from '../../support/visitor.ts'

const NEW_KEY = randomBytes(32).toString('base64')
const ADA = { sub: 'ada-at-acme', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' }

async function world (t: Test, { keepTokens = true, ...options }: Partial<AppOptions> & { keepTokens?: boolean } = {}) {
  const upstream = await startTokenUpstream(t)
  const acme = { ...CLIENT, issuer: upstream.issuer, label: 'Acme', redirectUris: [APP_CALLBACK], ...(keepTokens && { keepTokens }) }
  const social = { acme, other: { ...CLIENT, issuer: upstream.issuer, label: 'Other' } }
  const built = await build(t, { ...options, social })
  const enter = async (person = ADA) => t.equal((await logInUpstream(visit(built.app), upstream, person)).statusCode, 303)
  return { ...built, upstream, social, enter }
}

const userOf = async (app: FastifyInstance, subject = ADA.sub) =>
  (await sql<{ user_id: string }>(app, 'SELECT user_id FROM social_accounts WHERE subject = $1', [subject]))[0]!.user_id
type Row = { provider: string, subject: string, sealed: Buffer, refreshing_until: Date | null }
const rows = async (app: FastifyInstance) =>
  await sql<Row>(app, 'SELECT * FROM provider_tokens ORDER BY subject')
const kept = async (app: FastifyInstance, subject = ADA.sub) => await app.latchkey.providerTokens(await userOf(app, subject), 'acme')
/** Access tokens are over, while logins are possible: clocks may differ by five minutes. Only this process has another time. */
const later = (app: FastifyInstance) => internals(app).clock.advance(100_000)

/** What is in the row, which only a key of the app opens. */
async function opened (app: FastifyInstance, subject = ADA.sub) {
  const [row] = (await rows(app)).filter((one) => one.subject === subject)
  const text = row && unseal(deriveKeys(internals(app).appKeys, PROVIDER_TOKEN_KEYS), row.sealed, providerTokenContext(row))?.text
  return text === undefined ? null : JSON.parse(text) as UpstreamTokens
}

t.test('a login keeps the tokens of the provider, sealed: no word of them is in the row, in the log or in an answer', async (t) => {
  const { app, upstream, enter, logs } = await world(t)
  const visitor = visit(app)
  t.equal((await logInUpstream(visitor, upstream, ADA)).statusCode, 303)
  const tokens = await kept(app)
  t.match(tokens, { subject: ADA.sub, accessToken: /./, expiresAt: Date, scopes: ['openid', 'email', 'profile'] })
  t.notOk('refreshToken' in tokens!)
  t.equal(await upstream.accepts(tokens!.accessToken), 200)
  const inside = await opened(app)
  t.equal(inside!.accessToken, tokens!.accessToken)
  t.match(inside!.refreshToken, /^[\w-]{20,}$/)
  const [row] = await rows(app)
  const written = [row!.sealed.toString('latin1'), row!.sealed.toString('base64'), JSON.stringify(row), logs(), (await visitor.get('/account/security')).body]
  for (const secret of [inside!.accessToken, inside!.refreshToken!, 'accessToken']) {
    t.notOk(written.some((text) => text.includes(secret)))
  }
  t.equal(unseal(deriveKeys(internals(app).appKeys, PROVIDER_TOKEN_KEYS), row!.sealed, providerTokenContext({ ...row!, subject: 'eve' })), null,
    'in the row of somebody else it does not open')
  await enter()
  t.equal((await rows(app)).length, 1, 'one row for an account')
  t.not((await opened(app))!.accessToken, inside!.accessToken, 'of the last login')
})

t.test('the tokens of an app that redeems its code here are kept; those of an id token or access token that it has are not', async (t) => {
  const { app, upstream } = await world(t)
  const enter = async (body: object) => {
    const answer = await app.inject({ method: 'POST', url: '/v1/auth/acme', payload: { client: 'web', ...body } })
    t.equal(answer.statusCode, 200, answer.body)
    return answer.json<Tokens>()
  }
  await enter({ id_token: (await tokensOf(upstream, ADA)).id_token })
  t.same(await rows(app), [])
  t.equal(await kept(app), null)
  const { access_token: token } = await enter(await codeOf(upstream, ADA))
  t.equal(await upstream.accepts((await kept(app))!.accessToken), 200)
  t.equal(claimsOf(token)['sub'], await userOf(app))
  const before = await opened(app)
  await enter({ id_token: (await tokensOf(upstream, ADA)).id_token })
  t.same(await opened(app), before)
})

t.test('who adds a provider, on the page or by the API, has its tokens kept; who removes it has not', async (t) => {
  const { app, upstream } = await world(t)
  const visitor = await loggedIn(app)
  const press = async (action: string) => {
    const form = formsOf(await visitor.get('/account/security')).find((one) => one.action === action)!
    return await visitor.post(action, form.hidden)
  }
  await visitor.get(pathOf(await through(await press('/account/security/identities/link'), ADA, upstream)))
  t.match(await kept(app), { subject: ADA.sub })
  const userId = await userOf(app)
  t.equal((await press('/account/security/identities/unlink')).statusCode, 303)
  t.same(await rows(app), [])
  t.equal(await app.latchkey.providerTokens(userId, 'acme'), null)

  const { access_token: token } = (await app.inject({
    method: 'POST', url: '/v1/clients/web/login', payload: { email: 'ada@example.com', password: 'correct horse battery staple' }
  })).json<Tokens>()
  const link = async () => await app.inject({
    method: 'POST', url: '/v1/auth/acme/link', headers: { authorization: `Bearer ${token}` }, payload: await codeOf(upstream, ADA)
  })
  t.equal((await link()).statusCode, 201)
  const before = await opened(app)
  t.match(before, { accessToken: String })
  t.equal((await link()).statusCode, 200)
  t.not((await opened(app))!.accessToken, before!.accessToken, 'also who has it already')
})

t.test('an access token that is over is renewed at the provider, and the refresh token that comes with it replaces the one before', async (t) => {
  const { app, upstream, enter } = await world(t)
  await enter()
  const first = await opened(app)
  t.equal((await kept(app))!.accessToken, first!.accessToken)
  t.same(upstream.refreshed, [], 'not before')
  for (const round of [1, 2]) {
    later(app)
    const tokens = await kept(app)
    t.equal(await upstream.accepts(tokens!.accessToken), 200)
    t.equal(tokens!.expiresAt! > new Date(internals(app).clock.now()), true)
    t.equal(upstream.refreshed.length, round)
    t.equal((await kept(app))!.accessToken, tokens!.accessToken)
    t.match(await rows(app), [{ refreshing_until: null }])
  }
  t.equal(new Set([...upstream.refreshed, first!.refreshToken]).size, 2, 'each was used once')
})

t.test('several at once, in two processes, use a refresh token once, and all get what it brought', async (t) => {
  const { app, databaseUrl, social, upstream, enter } = await world(t)
  const { app: second } = await build(t, { databaseUrl, social })
  await enter()
  for (const one of [app, second]) later(one)
  let go = () => {}
  upstream.meanwhile = async () => {
    await new Promise<void>((resolve) => { go = resolve })
    return false
  }
  const calls = [kept(app), kept(app)]
  t.ok(await eventually(() => upstream.refreshed.length === 1))
  calls.push(kept(second), kept(second))
  // Enough for a second request, if there were one
  await sleep(300)
  upstream.meanwhile = null
  go()
  const answers = await Promise.all(calls)
  t.equal(upstream.refreshed.length, 1)
  t.equal(new Set(answers.map((answer) => answer!.accessToken)).size, 1)
  t.equal(await upstream.accepts(answers[0]!.accessToken), 200)
})

t.test('a refresh token that the provider refuses is deleted with the rest, and the next login keeps new ones', async (t) => {
  const { app, upstream, enter, logs } = await world(t)
  await enter()
  await upstream.revoke(ADA.sub)
  later(app)
  t.equal(await kept(app), null)
  t.same(await rows(app), [])
  t.match(logs(), /A provider has refused a refresh token/)
  t.equal(await kept(app), null)
  t.equal(upstream.refreshed.length, 1)
  t.notMatch(logs(), upstream.refreshed[0]!)
  await enter()
  t.match(await kept(app), { accessToken: String })
})

t.test('while the provider is down the call says so, loses nothing, and answers again afterwards', async (t) => {
  const { app, upstream, enter, logs } = await world(t)
  await enter()
  const before = await opened(app)
  later(app)
  for (const down of [
    async (response: import('node:http').ServerResponse) => { response.writeHead(503).end(); return true },
    async (response: import('node:http').ServerResponse) => { response.destroy(); return true },
    async (response: import('node:http').ServerResponse) => { response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"invalid_client"}'); return true }
  ]) {
    upstream.meanwhile = down
    await t.rejects(kept(app), { name: 'HttpError', code: 'LK_PROVIDER_UNAVAILABLE', statusCode: 503 })
    t.same(await opened(app), before)
  }
  t.match(logs(), /Tokens could not be renewed at a provider/)
  upstream.meanwhile = null
  t.match(await kept(app), { accessToken: String }, 'at once: no process holds the row')
  t.notMatch(logs(), before!.refreshToken!)
})

t.test('a login without a refresh token keeps the one from before; without any, an access token that is over is null', async (t) => {
  const { app, upstream, enter } = await world(t)
  await enter()
  const first = await opened(app)
  upstream.gives.refreshToken = false
  await enter()
  const second = await opened(app)
  t.equal(second!.refreshToken, first!.refreshToken)
  t.not(second!.accessToken, first!.accessToken)
  later(app)
  t.equal(await upstream.accepts((await kept(app))!.accessToken), 200)

  await enter({ ...ADA, sub: 'bob-at-acme', email: 'bob@example.com' })
  t.match(await kept(app, 'bob-at-acme'), { accessToken: String })
  later(app)
  t.equal(await kept(app, 'bob-at-acme'), null)
})

t.test('a login while the tokens are renewed is not overwritten by them', async (t) => {
  const { app, upstream, enter } = await world(t)
  await enter()
  later(app)
  upstream.meanwhile = async () => {
    upstream.meanwhile = null
    await enter()
    return false
  }
  const tokens = await kept(app)
  const inside = await opened(app)
  t.equal(tokens!.accessToken, inside!.accessToken)
  t.not(inside!.refreshToken, upstream.refreshed[0], 'the refresh token of the login')

  later(app)
  upstream.gives.refreshToken = false
  upstream.meanwhile = async () => {
    upstream.meanwhile = null
    await enter()
    return false
  }
  t.equal(await upstream.accepts((await kept(app))!.accessToken), 200)
  later(app)
  t.equal(await upstream.accepts((await kept(app))!.accessToken), 200, 'a login that brings none does not bring back the one that was used')
  t.equal(new Set(upstream.refreshed).size, upstream.refreshed.length)
})

t.test('an account that is removed while its tokens are renewed leaves none', async (t) => {
  const { app, upstream, enter } = await world(t)
  await enter()
  const userId = await userOf(app)
  later(app)
  upstream.meanwhile = async () => {
    await sql(app, 'DELETE FROM social_accounts')
    return false
  }
  t.equal(await app.latchkey.providerTokens(userId, 'acme'), null)
  t.same(await rows(app), [])
})

t.test('a process that ends while it renews the tokens holds up the others for half a minute', async (t) => {
  const { app, upstream, enter } = await world(t)
  await enter()
  later(app)
  await sql(app, "UPDATE provider_tokens SET refreshing_until = now() + interval '1 hour'")
  const waiting = kept(app)
  await sleep(200)
  t.same(upstream.refreshed, [])
  await sql(app, "UPDATE provider_tokens SET refreshing_until = now() - interval '1 second'")
  t.equal(await upstream.accepts((await waiting)!.accessToken), 200)
})

t.test('of several accounts at one provider, that which was used last, or the one that is named', async (t) => {
  const { app, enter } = await world(t)
  await enter()
  const userId = await userOf(app)
  await enter({ ...ADA, sub: 'ada-at-work', email: 'ada@work.example' })
  await sql(app, 'UPDATE social_accounts SET user_id = $1', [userId])
  t.match(await app.latchkey.providerTokens(userId, 'acme'), { subject: 'ada-at-work' })
  t.match(await app.latchkey.providerTokens(userId, 'acme', { subject: ADA.sub }), { subject: ADA.sub })
  t.equal(await app.latchkey.providerTokens(userId, 'acme', { subject: 'eve' }), null)
})

t.test('an unknown user or provider, one whose tokens are not kept, and a row that no key opens are null', async (t) => {
  const { app, upstream, enter } = await world(t)
  await enter()
  await logInUpstream(visit(app), upstream, { ...ADA, sub: 'eve', email: 'eve@example.com' }, { name: 'other' })
  t.equal((await rows(app)).length, 1, 'of the provider with the option')
  const userId = await userOf(app)
  for (const [user, provider] of [
    ['00000000-0000-7000-8000-000000000000', 'acme'], ['no id', 'acme'], [userId, 'other'], [userId, 'nobody'], [await userOf(app, 'eve'), 'other']
  ] as const) t.equal(await app.latchkey.providerTokens(user, provider), null, `${user} ${provider}`)
  await sql(app, "UPDATE provider_tokens SET sealed = 'nothing that opens'")
  t.equal(await kept(app), null)
  await enter()
  t.match(await kept(app), { accessToken: String })
})

t.test('after a change of APP_KEY, keys reseal seals them again, and the key before is dispensable', async (t) => {
  const { app, databaseUrl, social, enter } = await world(t)
  await enter()
  const before = await kept(app)
  const { appKeys } = internals(app)
  await app.close()
  const { json } = await resealKeys(await contextFor(t, { DATABASE_URL: databaseUrl, APP_KEY: NEW_KEY, APP_PREVIOUS_KEYS: appKeys[0]! }))
  t.match((json as { tables: { table: string }[] }).tables.find(({ table }) => table === 'provider_tokens'), { resealed: 1, unopened: 0 })
  const { app: next } = await build(t, { databaseUrl, social, appKey: NEW_KEY })
  t.match(await kept(next), before!)
})

t.test('the deletion of a user deletes the tokens', async (t) => {
  const { app, enter } = await world(t)
  await enter()
  await sql(app, 'DELETE FROM users')
  t.same(await rows(app), [])
})

t.test('without the option nothing is kept', async (t) => {
  const { app, enter } = await world(t, { keepTokens: false })
  await enter()
  t.same(await rows(app), [])
  t.equal(await kept(app), null)
  t.equal(internals(app).social!.tokens, null)
})

/** A provider without id tokens, whose token endpoint answers as it is told. */
async function startOAuth2 (t: Test) {
  const told = { status: 200, body: {} as object }
  const sent: Record<string, string>[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
      const isToken = request.url === '/token'
      if (isToken) sent.push(Object.fromEntries(new URLSearchParams(String(Buffer.concat(parts)))))
      response.writeHead(isToken ? told.status : 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(isToken ? told.body : { id: ADA.sub }))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { app } = await build(t, {
    social: {
      acme: {
        ...CLIENT, keepTokens: true, redirectUris: [APP_CALLBACK], authorizationEndpoint: `${url}/authorize`, tokenEndpoint: `${url}/token`,
        profileEndpoints: { user: `${url}/user` }, profile: (({ user: { id } }: { user: { id: string } }) => ({ subject: id })) as () => never
      }
    }
  })
  const enter = async () => {
    const payload = { client: 'web', code: `code-${sent.length}`, redirect_uri: APP_CALLBACK, code_verifier: 'v'.repeat(43) }
    t.equal((await app.inject({ method: 'POST', url: '/v1/auth/acme', payload })).statusCode, 200)
  }
  return { app, told, sent, enter }
}

t.test('tokens of an OAuth 2.0 provider: scopes in either spelling, a token without expiry is never renewed', async (t) => {
  const { app, told, sent, enter } = await startOAuth2(t)
  told.body = { access_token: 'a-1', token_type: 'bearer', scope: 'repo,gist' }
  await enter()
  later(app)
  t.same(await kept(app), { subject: ADA.sub, accessToken: 'a-1', expiresAt: null, scopes: ['repo', 'gist'] })
  told.body = { access_token: 'a-2', token_type: 'bearer', expires_in: 60, refresh_token: 'r-2' }
  await enter()
  t.match(await kept(app), { accessToken: 'a-2', expiresAt: Date, scopes: null }, 'the provider has not said what the app asked for')
  later(app)
  told.body = { access_token: 'a-3', token_type: 'bearer', expires_in: 1e300, scope: 'repo gist' }
  t.match(await kept(app), { accessToken: 'a-3', expiresAt: Date, scopes: ['repo', 'gist'] })
  t.match(sent.at(-1), { grant_type: 'refresh_token', refresh_token: 'r-2' })
  t.match(await opened(app), { refreshToken: 'r-2' }, 'one that is not replaced stays')
})

for (const [who, status, body] of [
  ['RFC 6749 section 5.2', 400, { error: 'invalid_grant' }],
  ['GitHub', 200, { error: 'bad_refresh_token' }],
  ['Twitch', 400, { error: 'Bad Request', status: 400, message: 'Invalid refresh token' }]
] as const) {
  t.test(`a refresh token is refused in the words of ${who}`, async (t) => {
    const { app, told, enter } = await startOAuth2(t)
    told.body = { access_token: 'a-1', token_type: 'bearer', expires_in: 60, refresh_token: 'r-1' }
    await enter()
    later(app)
    Object.assign(told, { status, body })
    t.equal(await kept(app), null)
    t.same(await rows(app), [])
  })
}

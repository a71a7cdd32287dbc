import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import t, { type Test } from 'tap'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import { advanceTime } from '../../../src/testing.ts'
import { build, claimsOf, cookieOf, eventually, login, makeClient, profile, refresh, register, type Tokens } from '../../support/start-server.ts'
import { APP_CALLBACK, codeOf, IOS, startAppUpstream, STRANGER, tokensOf } from '../../support/app-upstream.ts'
import { sql } from '../../support/session-rows.ts'
import { CLIENT } from '../../support/upstream.ts'

const ADA = { sub: 'ada-at-acme', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' }

type Options = Partial<AppOptions> & { audiences?: string[], introspection?: boolean }

async function world (t: Test, { audiences, introspection = true, ...options }: Options = {}) {
  const upstream = await startAppUpstream(t, { introspection })
  const { app, logs } = await build(t, {
    ...options, social: { acme: { ...CLIENT, issuer: upstream.issuer, label: 'Acme', redirectUris: [APP_CALLBACK], ...(audiences && { audiences }) } }
  })
  const enter = async (body: Record<string, string>, { name = 'acme', headers = {} }: { name?: string, headers?: Record<string, string> } = {}) =>
    await app.inject({ method: 'POST', url: `/v1/auth/${name}`, headers, payload: { client: 'web', ...body } })
  const users = async () => (await sql(app, 'SELECT FROM users')).length
  return { app, logs, upstream, enter, users }
}

t.test('an app logs a user in with a code, an id token or an access token: the answer of the client proxy, with its cookie', async (t) => {
  const { app, upstream, enter, users } = await world(t)
  for (const body of [
    await codeOf(upstream, ADA),
    { ...await codeOf(upstream, ADA, { nonce: 'n-1' }), nonce: 'n-1' },
    { id_token: (await tokensOf(upstream, ADA)).id_token },
    { id_token: (await tokensOf(upstream, ADA, { nonce: 'n-2' })).id_token, nonce: 'n-2' },
    { oauth_token: (await tokensOf(upstream, ADA)).access_token }
  ]) {
    const answer = await enter(body as unknown as Record<string, string>)
    t.equal(answer.statusCode, 200, answer.body)
    const { access_token: token, refresh_token: refreshToken, ...rest } = answer.json<Tokens>()
    t.match(rest, { token_type: 'Bearer', expires_in: 3600 })
    t.match(claimsOf(token), { amr: ['fed'], auth_time: Number })
    t.match(cookieOf(answer)?.header, /Path=\/v1\/clients\/web; HttpOnly/)
    t.match(answer.headers['cache-control'], 'no-store')
    t.match((await profile(app, token)).json(), { email: 'ada@example.com', name: 'Ada Lovelace' })
    t.equal((await refresh(app, refreshToken)).statusCode, 200)
  }
  t.equal(await users(), 1)
  t.match(await sql(app, 'SELECT provider, subject FROM social_accounts'), [{ provider: 'acme', subject: 'ada-at-acme' }])
})

t.test('a client that authenticates gets the answer of the token endpoint, by JSON or a form', async (t) => {
  const { app, upstream, users } = await world(t)
  const { id, secret, basic } = await makeClient(app)
  const payload = { id_token: (await tokensOf(upstream, ADA)).id_token, client_id: id, client_secret: secret }
  const json = await app.inject({ method: 'POST', url: '/v1/auth/acme', payload })
  t.equal(json.statusCode, 200, json.body)
  t.match(json.json(), { access_token: String, refresh_token: String })
  t.equal(cookieOf(json), undefined)
  const form = await app.inject({
    method: 'POST', url: '/v1/auth/acme', headers: { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' },
    payload: String(new URLSearchParams({ id_token: (await tokensOf(upstream, ADA)).id_token }))
  })
  t.equal(form.statusCode, 200, form.body)
  t.equal(await users(), 1)
})

t.test('clients that may not log users in are refused, and nobody is created', async (t) => {
  const { app, upstream, enter, users } = await world(t)
  const proof = async () => ({ id_token: (await tokensOf(upstream, ADA)).id_token })
  const [mine, third, open, code] = [
    await makeClient(app), await makeClient(app, { firstParty: false }), await makeClient(app, { authMethod: 'none' }),
    await makeClient(app, { grantTypes: ['authorization_code'] })
  ]
  const send = async (headers: Record<string, string>, more: object = {}) =>
    await app.inject({ method: 'POST', url: '/v1/auth/acme', headers, payload: { ...await proof(), ...more } })
  for (const [what, { basic }] of Object.entries({ third, code })) {
    t.match(await send({ authorization: basic }).then((answer) => answer.json()), { statusCode: 400, code: 'unauthorized_client' }, what)
  }
  t.match((await send({}, { client_id: open.id })).json(), { statusCode: 400, code: 'unauthorized_client' }, 'a public client')
  t.match((await send({}, { client_id: mine.id, client_secret: 'wrong' })).json(), { statusCode: 401, code: 'invalid_client' })
  t.match((await send({}, { client_id: mine.id })).json(), { statusCode: 401, code: 'invalid_client' })
  t.match((await send({})).json(), { statusCode: 422, errors: { client: Array } }, 'no client')
  t.match((await send({ authorization: mine.basic }, { client: 'web' })).json(), { statusCode: 422, errors: { client: Array } }, 'two clients')
  t.match((await enter({ ...await proof(), client: 'nobody' })).json(), { statusCode: 404, code: 'LK_NO_SUCH_CLIENT' })
  await makeClient(app, { slug: 'hidden', proxy: false })
  t.equal((await enter({ ...await proof(), client: 'hidden' })).statusCode, 404)
  t.equal(await users(), 0)
})

t.test('with PASSWORD_GRANT=off no client logs users in here', async (t) => {
  const { app, upstream, enter } = await world(t, { passwordGrant: 'off' })
  const { basic } = await makeClient(app)
  const { id_token: idToken } = await tokensOf(upstream, ADA)
  t.equal((await enter({ id_token: idToken })).statusCode, 404)
  const answer = await app.inject({ method: 'POST', url: '/v1/auth/acme', headers: { authorization: basic }, payload: { id_token: idToken } })
  t.match(answer.json(), { code: 'unauthorized_client' })
})

t.test('an unknown provider is 406 in the words of Apiato; without any provider there is no route', async (t) => {
  const { enter } = await world(t)
  t.match((await enter({ oauth_token: 'x' }, { name: 'myspace' })).json(), {
    statusCode: 406, code: 'LK_UNSUPPORTED_PROVIDER', error: 'Not Acceptable', message: 'The Social Auth Provider myspace is unsupported.'
  })
  t.equal((await enter({ oauth_token: 1 as unknown as string }, { name: 'x'.repeat(80) })).statusCode, 406, 'whatever the fields are')
  const { app } = await build(t)
  for (const [method, url] of [['POST', '/v1/auth/google'], ['GET', '/v1/auth/identities'], ['POST', '/v1/auth/google/link'], ['DELETE', '/v1/auth/google/link']] as const) {
    t.equal((await app.inject({ method, url, payload: {} })).statusCode, 404, url)
  }
})

t.test('exactly one of code, id_token and oauth_token, with what belongs to it', async (t) => {
  const { enter, users } = await world(t)
  const jwt = 'a.b.c'
  const code = { code: 'c', redirect_uri: 'https://app.example.com/callback', code_verifier: 'v'.repeat(43) }
  const wrong: [body: Record<string, unknown>, field: string][] = [
    [{}, 'code'], [{ code: 'c', id_token: jwt }, 'id_token'], [{ oauth_token: 't', id_token: jwt }, 'oauth_token'],
    [{ ...code, redirect_uri: undefined }, 'redirect_uri'], [{ ...code, code_verifier: undefined }, 'code_verifier'], [{ ...code, code_verifier: 'short' }, 'code_verifier'],
    [{ ...code, redirect_uri: 'https://app.example.com/other' }, 'redirect_uri'],
    [{ ...code, redirect_uri: 'http://localhost:3000/v1/auth/acme/callback' }, 'redirect_uri'],
    [{ ...code, redirect_uri: 'HTTP://LOCALHOST:3000/v1/auth/acme/callback' }, 'redirect_uri'],
    [{ oauth_token: 't', nonce: 'n' }, 'nonce'], [{ oauth_token: 't', oauth_secret: 's' }, 'oauth_secret'], [{ oauth_secret: 's' }, 'oauth_secret'],
    [{ id_token: 'no jwt' }, 'id_token'], [{ id_token: 'a.b.c.d.e' }, 'id_token'], [{ oauth_token: 'two words' }, 'oauth_token'],
    [{ oauth_token: 'line\nbreak' }, 'oauth_token'], [{ oauth_token: '' }, 'oauth_token'], [{ oauth_token: { $ne: 1 } }, 'oauth_token'], [{ code: ['c'] }, 'code']
  ]
  for (const [body, field] of wrong) {
    const answer = await enter(body as Record<string, string>)
    t.equal(answer.statusCode, 422, JSON.stringify(body))
    t.ok(answer.json<{ errors: object }>().errors && field in answer.json<{ errors: object }>().errors, answer.body)
  }
  const messages = async (body: Record<string, string>) => (await enter(body)).json<{ errors: object }>().errors
  t.same(await messages({ code: 'c', id_token: jwt }), { id_token: ['send only one of code, id_token, oauth_token'] })
  t.same(await messages({ oauth_token: 't', nonce: 'n' }), { nonce: ['belongs to an id token, and there is none; leave it out'] })
  t.same(await messages({ oauth_token: 't', oauth_secret: 's' }), { oauth_secret: ['is not accepted here; send code or id_token'] })
  t.match((await enter({ oauth_token: 't', oauth_secret: 's' })).body, 'belongs to OAuth 1.0a, which is not supported')
  t.equal(await users(), 0)
})

t.test('a scope is weighed as at the login, before the proof is used up', async (t) => {
  const { upstream, enter } = await world(t, { scopes: { 'orders:read': 'See orders' } })
  const { id_token: idToken } = await tokensOf(upstream, ADA)
  t.match((await enter({ id_token: idToken, scope: 'admin' })).json(), { statusCode: 422, errors: { scope: Array } })
  const answer = await enter({ id_token: idToken, scope: 'orders:read' })
  t.match([answer.statusCode, answer.json<Tokens>().scope], [200, 'orders:read'])
})

t.test('an access token of another application opens nothing (token substitution)', async (t) => {
  const { app, logs, upstream, enter, users } = await world(t)
  const { access_token: stolen } = await tokensOf(upstream, ADA, { app: STRANGER })
  t.match((await enter({ oauth_token: stolen })).json(), { statusCode: 401, code: 'LK_INVALID_CREDENTIALS' })
  t.match(logs(), /issued the access token for another application/)
  t.notMatch(logs(), stolen, 'no token in the log')
  t.equal(await users(), 0)
  await enter({ id_token: (await tokensOf(upstream, ADA)).id_token })
  t.equal((await enter({ oauth_token: (await tokensOf(upstream, ADA, { app: STRANGER })).access_token })).statusCode, 401, 'nor the account that there is')
  t.equal((await enter({ oauth_token: 'unknown' })).statusCode, 401)
  t.equal((await sql(app, "SELECT FROM sessions WHERE amr = '{fed}'")).length, 1)
})

t.test('an access token is refused where the provider cannot say whose it is, and the answer says what to send', async (t) => {
  const { upstream, enter, users } = await world(t, { introspection: false })
  const answer = await enter({ oauth_token: (await tokensOf(upstream, ADA)).access_token })
  t.match(answer.json(), { statusCode: 422, message: /Acme does not say for which application it was issued. Send code or id_token/, errors: { oauth_token: Array } })
  t.equal(await users(), 0)
})

t.test('tokens of an app among the audiences are accepted, and of others not', async (t) => {
  const { upstream, enter } = await world(t, { audiences: [IOS.clientId] })
  for (const [app, status] of [[IOS, 200], [CLIENT, 200], [STRANGER, 401]] as const) {
    t.equal((await enter({ id_token: (await tokensOf(upstream, ADA, { app })).id_token })).statusCode, status, `${app.clientId} id token`)
  }
  t.equal((await enter({ oauth_token: (await tokensOf(upstream, ADA)).access_token })).statusCode, 200)
  const without = await world(t)
  t.equal((await without.enter({ id_token: (await tokensOf(without.upstream, ADA, { app: IOS })).id_token })).statusCode, 401)
})

t.test('a code or an id token counts once, also of two at once', async (t) => {
  const { app, upstream, enter } = await world(t)
  const [{ id_token: idToken }, code] = [await tokensOf(upstream, ADA), await codeOf(upstream, ADA)]
  for (const body of [{ id_token: idToken }, code]) {
    const answers = await Promise.all([1, 2, 3].map(async () => (await enter(body as Record<string, string>)).statusCode))
    t.same(answers.sort(), [200, 401, 401])
    t.equal((await enter(body as Record<string, string>)).statusCode, 401)
  }
  const [head, body, signature] = idToken.split('.') as [string, string, string]
  const last = signature.at(-1)!
  const alike = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const other = alike[alike.indexOf(last) ^ 1]!
  t.equal((await enter({ id_token: `${head}.${body}.${signature.slice(0, -1)}${other}` })).statusCode, 401, 'nor with its signature written differently')
  t.equal((await sql(app, "SELECT FROM sessions WHERE amr = '{fed}'")).length, 2)
  t.match(await sql(app, "SELECT expires_at > now() + interval '1 minute' AS stays FROM one_time_tokens WHERE purpose = 'used'"), [{ stays: true }, { stays: true }])
})

t.test('an id token of another key, without a signature, of another issuer, or too old opens nothing', async (t) => {
  const { app, upstream, enter, users } = await world(t)
  const other = await startAppUpstream(t)
  const [{ id_token: idToken }, { id_token: foreign }] = [await tokensOf(upstream, ADA), await tokensOf(other, ADA)]
  const [head, claims, signature] = idToken.split('.') as [string, string, string]
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const { kid } = JSON.parse(String(Buffer.from(head, 'base64url'))) as { kid: string }
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const forged = sign('sha256', Buffer.from(`${head}.${claims}`), privateKey).toString('base64url')
  const none = encode({ alg: 'none', kid })
  const symmetric = `${encode({ alg: 'HS256', kid })}.${claims}`
  const wrong = {
    'another key': `${head}.${claims}.${forged}`, 'no algorithm': `${none}.${claims}.${signature}`, 'another issuer': foreign,
    'a symmetric key': `${symmetric}.${createHmac('sha256', CLIENT.clientSecret).update(symmetric).digest('base64url')}`,
    'another user': `${head}.${encode({ ...JSON.parse(String(Buffer.from(claims, 'base64url'))) as object, sub: 'eve' })}.${signature}`
  }
  for (const [what, token] of Object.entries(wrong)) t.equal((await enter({ id_token: token })).statusCode, 401, what)
  t.equal((await enter({ id_token: `${none}.${claims}.` })).statusCode, 422, 'no signature')
  await advanceTime(app, 3600 + 301)
  t.equal((await enter({ id_token: idToken })).statusCode, 401, 'expired')
  t.equal(await users(), 0)
})

t.test('a nonce must be the one of the token, in both directions', async (t) => {
  const { upstream, enter, users } = await world(t)
  const idToken = async (nonce?: string) => (await tokensOf(upstream, ADA, nonce === undefined ? {} : { nonce })).id_token
  t.equal((await enter({ id_token: await idToken('n-1') })).statusCode, 401, 'none was given')
  t.equal((await enter({ id_token: await idToken('n-1'), nonce: 'n-2' })).statusCode, 401, 'another')
  t.equal((await enter({ id_token: await idToken(), nonce: 'n-1' })).statusCode, 401, 'the token has none')
  t.equal((await enter({ ...await codeOf(upstream, ADA, { nonce: 'n-1' }) })).statusCode, 401)
  t.equal((await enter({ ...await codeOf(upstream, ADA), nonce: 'n-1' })).statusCode, 401)
  t.equal(await users(), 0)
})

t.test('a code of another verifier, another address or another application is refused', async (t) => {
  const { upstream, enter, users } = await world(t)
  t.equal((await enter({ ...await codeOf(upstream, ADA), code_verifier: 'v'.repeat(43) })).statusCode, 401)
  t.equal((await enter({ ...await codeOf(upstream, ADA), redirect_uri: 'https://app.example.com/other' })).statusCode, 422)
  t.equal((await enter({ ...await codeOf(upstream, ADA, { app: STRANGER }) })).statusCode, 401)
  t.equal((await enter({ ...await codeOf(upstream, ADA), code: 'unknown' })).statusCode, 401)
  t.equal(await users(), 0)
})

t.test('two logins at once of somebody new: one account, one way in', async (t) => {
  const { app, upstream, enter, users } = await world(t)
  const proofs: Record<string, string>[] = []
  for (let i = 0; i < 4; i++) proofs.push({ id_token: (await tokensOf(upstream, ADA)).id_token })
  const answers = await Promise.all(proofs.map(enter.bind(null) as (body: Record<string, string>) => ReturnType<typeof enter>))
  t.same(answers.map(({ statusCode }) => statusCode), [200, 200, 200, 200], answers.map(({ body }) => body).join('\n'))
  t.equal(await users(), 1)
  t.equal((await sql(app, 'SELECT FROM social_accounts')).length, 1)
})

t.test('an address is joined only if both sides have verified it', async (t) => {
  const { app, upstream, enter } = await world(t)
  await register(app, { email: 'ada@example.com' })
  const send = async (person: object) => (await enter({ id_token: (await tokensOf(upstream, { ...ADA, ...person })).id_token }))
  t.match((await send({})).json(), { statusCode: 409, code: 'LK_ACCOUNT_EXISTS' }, 'not verified here: who registered it first gets nothing')
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  const stranger = await send({ sub: 'eve', email_verified: false })
  t.equal(stranger.statusCode, 200)
  t.notMatch((await profile(app, stranger.json<Tokens>().access_token)).body, 'ada@example.com', 'not verified there: another account, without the address')
  t.equal((await send({})).statusCode, 200)
  t.match(await sql(app, 'SELECT subject, u.id IN (SELECT user_id FROM identifiers) AS ada FROM social_accounts s JOIN users u ON u.id = s.user_id ORDER BY subject'), [
    { subject: 'ada-at-acme', ada: true }, { subject: 'eve', ada: false }
  ])
})

t.test('what is missing, and who is not let in, is answered as at the other doors', async (t) => {
  const { app, upstream, enter } = await world(t, { requireEmailVerification: 'on', mail: { send: async () => {} } })
  const send = async (person: object = {}) => {
    const { id_token: idToken } = await tokensOf(upstream, { ...ADA, ...person })
    return (await enter({ id_token: idToken })).json<{ code?: string, auth_session?: string, statusCode?: number }>()
  }
  t.match(await send({ sub: 'eve', email_verified: false }), { statusCode: 403, code: 'LK_NO_VERIFIED_ADDRESS' })
  t.match(await send(), { access_token: String })
  await sql(app, 'UPDATE identifiers SET verified_at = NULL')
  t.match(await send(), { statusCode: 403, code: 'LK_EMAIL_NOT_VERIFIED', auth_session: /^lk_as_/ })
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  const { access_token: token } = await send() as unknown as Tokens
  t.equal((await app.inject({ method: 'DELETE', url: '/v1/profile', headers: { authorization: `Bearer ${token}` } })).statusCode, 202)
  const scheduled = await send()
  t.match(scheduled, { statusCode: 403, code: 'LK_DELETION_SCHEDULED', auth_session: /^lk_as_/ })
  t.equal((await app.inject({ method: 'POST', url: '/v1/profile/restore', payload: { auth_session: scheduled.auth_session } })).statusCode, 200)
  t.match(await send(), { access_token: String })
  await sql(app, 'UPDATE users SET disabled_at = now()')
  t.match(await send(), { statusCode: 401, code: 'LK_INVALID_CREDENTIALS' })
})

t.test('where nobody may register, nobody new is let in', async (t) => {
  const { upstream, enter, users } = await world(t, { registration: 'off' })
  t.match((await enter({ id_token: (await tokensOf(upstream, ADA)).id_token })).json(), { statusCode: 403, code: 'LK_NO_ACCOUNT' })
  t.equal(await users(), 0)
})

t.test('a page of another site logs nobody in (login CSRF)', async (t) => {
  const { app, upstream, enter, users } = await world(t, { corsOrigins: ['https://app.example.com'] })
  const { id_token: idToken } = await tokensOf(upstream, ADA)
  for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
    t.match((await enter({ id_token: idToken }, { headers: headers as unknown as Record<string, string> })).json(), { statusCode: 403, code: 'LK_FOREIGN_ORIGIN' })
  }
  const form = await app.inject({
    method: 'POST', url: '/v1/auth/acme', headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: String(new URLSearchParams({ id_token: idToken, client: 'web' }))
  })
  t.match(form.json(), { statusCode: 415, code: 'LK_JSON_ONLY' })
  t.equal(await users(), 0)
  const own = await enter({ id_token: idToken }, { headers: { origin: 'https://app.example.com' } })
  t.equal(own.statusCode, 200, own.body)
})

t.test('a provider that is down is 503, and other logins go on', async (t) => {
  const { app, logs, upstream, enter } = await world(t)
  const { id_token: idToken } = await tokensOf(upstream, ADA)
  await register(app, { email: 'grace@example.com' })
  upstream.server.closeAllConnections()
  upstream.server.close()
  const answer = await enter({ id_token: idToken })
  t.match(answer.json(), { statusCode: 503, code: 'LK_PROVIDER_UNAVAILABLE' })
  t.ok(answer.headers['retry-after'])
  t.match(logs(), /A login at a provider has failed/)
  t.equal((await login(app, { email: 'grace@example.com' })).statusCode, 200)
})

t.test('wrong proofs of an address are limited as wrong passwords are', async (t) => {
  const { enter } = await world(t, { rateLimit: 'on' })
  let last = 401
  for (let i = 0; i < 70 && last === 401; i++) last = (await enter({ oauth_token: `guess-${i}` })).statusCode
  t.equal(last, 429)
})

t.test('events and the audit log tell of it, without a token', async (t) => {
  const { app, upstream, enter } = await world(t)
  const seen: string[] = []
  for (const name of ['user.registered', 'identity.linked', 'login.succeeded', 'token.issued'] as const) {
    app.latchkey.on(name, (details) => { seen.push(`${name} ${JSON.stringify(details)}`) })
  }
  const { id_token: idToken } = await tokensOf(upstream, ADA)
  t.equal((await enter({ id_token: idToken })).statusCode, 200)
  t.ok(await eventually(() => seen.length === 4), seen.join('\n'))
  t.notMatch(seen.join(), idToken)
})

import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose'
import t, { type Test } from 'tap'
import { readyAttributes } from '../../src/schemas/identifiers.ts'
import {
  basic, build, eventually, makeClient, PASSWORD, profile, register, signedIn, token, type Built,
  type Tokens
} from '../support/start-server.ts'
import { internals } from '../../plugins/internals.ts'

type App = Built['app']

const SCOPES = { read: 'Read', write: 'Write' }
const ADA = { grant_type: 'password', username: 'ada@example.com', password: PASSWORD }
const MACHINE = { grantTypes: ['client_credentials'] }

async function built (t: Test, options: Parameters<typeof build>[1] = {}): Promise<App> {
  const { app } = await build(t, { scopes: SCOPES, ...options })
  await register(app)
  return app
}

const json = (app: App, payload: object, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url: '/v1/oauth/token', payload, headers })

async function verified (app: App, accessToken: string) {
  const keys = (await app.inject('/.well-known/jwks.json')).json<JSONWebKeySet>()
  const { issuer } = internals(app).config
  return await jwtVerify(accessToken, createLocalJWKSet(keys), { issuer, audience: issuer, typ: 'at+jwt', algorithms: ['ES256'] })
}

t.test('OAuth 2.1 section 2.4.1: form and JSON, secret in the header and in the body, get the same answer', async (t) => {
  const app = await built(t)
  const { id, secret, basic } = await makeClient(app)
  const answers = [
    await token(app, ADA, basic),
    await token(app, { ...ADA, client_id: id, client_secret: secret }),
    await token(app, { ...ADA, client_id: id }, basic),
    await json(app, ADA, { authorization: basic }),
    await json(app, { ...ADA, client_id: id, client_secret: secret })
  ]
  for (const answer of answers) {
    t.equal(answer.statusCode, 200, answer.body)
    t.same(Object.keys(answer.json()), ['token_type', 'expires_in', 'access_token', 'refresh_token'])
    t.match(answer.json(), { token_type: 'Bearer', expires_in: 3600, access_token: /^eyJ/, refresh_token: /^lk_rt_/ })
    t.match(
      answer.headers,
      { 'content-type': /^application\/json/, 'cache-control': 'no-store', pragma: 'no-cache' },
      'RFC 6749 section 5.1'
    )
  }
})

t.test('RFC 6749 section 2.3.1: client id and secret in the header are form-encoded', async (t) => {
  const app = await built(t)
  const { hashSecret } = await import('../../src/crypto/secrets.ts')
  await makeClient(app, { id: 'lk_client_a:b c', secretHash: hashSecret('s+%&:é'), ...MACHINE })
  t.equal((await token(app, { grant_type: 'client_credentials' }, basic('lk_client_a:b c', 's+%&:é'))).statusCode, 200)
  t.equal(
    (await token(
      app,
      { grant_type: 'client_credentials' },
      `Basic ${Buffer.from('lk_client_a%3Ab+c:s%2B%25%26%3A%C3%A9').toString('base64')}`
    )).statusCode,
    200
  )
})

t.test('RFC 9068: header and claims of an access token verify with the published keys', async (t) => {
  const app = await built(t)
  const { id, basic } = await makeClient(app, { scopes: ['read', 'write'] })
  const before = Math.floor(Date.now() / 1000)
  const tokens = (await token(app, { ...ADA, scope: 'read' }, basic)).json<Tokens>()
  const { payload, protectedHeader } = await verified(app, tokens.access_token)
  t.match(protectedHeader, { alg: 'ES256', typ: 'at+jwt', kid: String })
  const user = (await profile(app, tokens.access_token)).json<{ id: string }>()
  t.match(payload, {
    iss: 'http://localhost:3000', aud: 'http://localhost:3000', sub: user.id, client_id: id, scope: 'read',
    sid: /^[0-9a-f-]{36}$/, jti: /^[0-9a-f-]{36}$/
  })
  t.ok(payload.iat! >= before && payload.iat! <= before + 5)
  t.equal(payload.exp! - payload.iat!, tokens.expires_in)
  t.notMatch(JSON.stringify(payload), /ada@|example/, 'nothing about the user but the id')
  const again = (await token(app, ADA, basic)).json<Tokens>()
  t.not((await verified(app, again.access_token)).payload.jti, payload.jti)
})

t.test('client_credentials: no refresh token, no session, and never a user', async (t) => {
  const app = await built(t)
  const { id, basic } = await makeClient(app, { grantTypes: ['client_credentials', 'refresh_token'], scopes: ['read'], firstParty: false })
  const answer = await token(app, { grant_type: 'client_credentials', scope: 'read' }, basic)
  t.same(Object.keys(answer.json()), ['token_type', 'expires_in', 'access_token', 'scope'])
  const { payload } = await verified(app, answer.json<Tokens>().access_token)
  t.match(payload, { sub: id, client_id: id, scope: 'read' })
  t.match(id, /^lk_client_/, 'no id of a user looks like this')
  t.notOk('sid' in payload)
  const refused = await profile(app, answer.json<Tokens>().access_token)
  t.equal(refused.statusCode, 401)
  t.match(refused.json(), { code: 'LK_UNAUTHENTICATED' })
})

t.test('a client without the refresh grant gets no refresh token', async (t) => {
  const app = await built(t)
  const { basic } = await makeClient(app, { grantTypes: ['password'] })
  t.same(Object.keys((await token(app, ADA, basic)).json()), ['token_type', 'expires_in', 'access_token'])
})

t.test('RFC 9700 section 2.2.2: tokens have the lifetimes of the server, or of the client', async (t) => {
  const app = await built(t, { accessTokenTtl: 120 })
  const [usual, own] = [await makeClient(app), await makeClient(app, { accessTokenTtl: 60 })]
  for (const [{ basic }, seconds] of [[usual, 120], [own, 60]] as const) {
    const tokens = (await token(app, ADA, basic)).json<Tokens>()
    t.equal(tokens.expires_in, seconds)
    const { exp, iat } = (await verified(app, tokens.access_token)).payload
    t.equal(exp! - iat!, seconds)
  }
})

t.test('RFC 6749 section 5.2: each invalid request gets its error code', async (t) => {
  const app = await built(t)
  const good = await makeClient(app)
  const open = await makeClient(app, { authMethod: 'none', grantTypes: ['password', 'client_credentials', 'refresh_token'] })
  const revoked = await makeClient(app)
  await internals(app).store.clients.revoke(revoked.id)
  const refreshOnly = await makeClient(app, { grantTypes: ['refresh_token'] })
  const thirdParty = await makeClient(app, { firstParty: false })

  /** Name, parameters, header, status, error, description. */
  const table: [string, Record<string, string>, string | undefined, number, string, RegExp][] = [
    ['no grant type', {}, good.basic, 400, 'invalid_request', /grant_type is missing/],
    ['an empty grant type', { grant_type: '' }, good.basic, 400, 'invalid_request', /grant_type is missing/],
    ['an unknown grant type', { grant_type: 'magic' }, good.basic, 400, 'unsupported_grant_type', /password/],
    ['a grant type in another case', { grant_type: 'Password' }, good.basic, 400, 'unsupported_grant_type', /./],
    ['the implicit grant', { grant_type: 'implicit' }, good.basic, 400, 'unsupported_grant_type', /./],
    ['personal access tokens over HTTP', { grant_type: 'personal_access' }, good.basic, 400, 'unsupported_grant_type', /./],
    ['no client', ADA, undefined, 400, 'invalid_request', /client_id is missing/],
    ['no secret', { ...ADA, client_id: good.id }, undefined, 401, 'invalid_client', /^Client authentication failed$/],
    ['an unknown client', { ...ADA, client_id: 'nobody', client_secret: 'x' }, undefined, 401, 'invalid_client',
      /^Client authentication failed$/],
    ['an unknown client in the header', ADA, basic('nobody', 'x'), 401, 'invalid_client', /^Client authentication failed$/],
    ['a wrong secret', { ...ADA, client_id: good.id, client_secret: `${good.secret}x` }, undefined, 401, 'invalid_client',
      /^Client authentication failed$/],
    ['a wrong secret in the header', ADA, basic(good.id, 'x'), 401, 'invalid_client', /^Client authentication failed$/],
    ['a revoked client', ADA, revoked.basic, 401, 'invalid_client', /^Client authentication failed$/],
    ['two methods at once', { ...ADA, client_id: good.id, client_secret: good.secret }, good.basic, 400, 'invalid_request', /not both/],
    ['two clients at once', { ...ADA, client_id: open.id }, good.basic, 400, 'invalid_request', /differs/],
    ['a mangled header', ADA, 'Basic !!!', 400, 'invalid_request', /Authorization/],
    ['a NUL in the header', ADA, basic(`${good.id}\0`, good.secret), 400, 'invalid_request', /Authorization/],
    ['a grant that the client does not list', ADA, refreshOnly.basic, 400, 'unauthorized_client', /password/],
    ['another grant that the client does not list', { grant_type: 'client_credentials' }, good.basic, 400, 'unauthorized_client',
      /client_credentials/],
    ['the password grant of a public client', { ...ADA, client_id: open.id }, undefined, 400, 'unauthorized_client', /password/],
    ['client_credentials of a public client', { grant_type: 'client_credentials', client_id: open.id }, undefined, 400,
      'unauthorized_client', /client_credentials/],
    ['the password grant of a third party', ADA, thirdParty.basic, 400, 'unauthorized_client', /password/],
    ['no user name', { grant_type: 'password', password: 'x' }, good.basic, 400, 'invalid_request', /username is missing/],
    ['an empty user name', { ...ADA, username: '' }, good.basic, 400, 'invalid_request', /username is missing/],
    ['no password', { grant_type: 'password', username: 'ada@example.com' }, good.basic, 400, 'invalid_request', /password is missing/],
    ['a wrong password', { ...ADA, password: 'wrong' }, good.basic, 400, 'invalid_grant', /^The user credentials were incorrect$/],
    ['no refresh token', { grant_type: 'refresh_token' }, good.basic, 400, 'invalid_request', /refresh_token is missing/],
    ['a forged refresh token', { grant_type: 'refresh_token', refresh_token: 'lk_rt_x' }, good.basic, 400, 'invalid_grant', /./],
    ['an unknown scope', { ...ADA, scope: 'read magic' }, good.basic, 400, 'invalid_scope', /magic/],
    ['a mangled scope', { ...ADA, scope: 'read\twrite' }, good.basic, 400, 'invalid_scope', /separated by spaces/]
  ]
  for (const [name, params, header, status, error, description] of table) {
    const answer = await token(app, params, header)
    t.equal(answer.statusCode, status, `${name}: ${answer.body}`)
    t.same(Object.keys(answer.json()), ['error', 'error_description'], name)
    t.match(answer.json(), { error, error_description: description }, name)
    t.match(answer.headers, { 'cache-control': 'no-store', pragma: 'no-cache' }, name)
    const challenged = error === 'invalid_client' && header !== undefined
    t.equal(answer.headers['www-authenticate'], challenged ? 'Basic realm="OAuth"' : undefined, name)
  }
})

t.test('a revoked client is refused as soon as the feed has the revocation', async (t) => {
  const app = await built(t)
  const { id, basic } = await makeClient(app, MACHINE)
  t.equal((await token(app, { grant_type: 'client_credentials' }, basic)).statusCode, 200)
  await internals(app).store.clients.revoke(id)
  const refused = async () =>
    (await token(app, { grant_type: 'client_credentials' }, basic)).json<{ error?: string }>().error === 'invalid_client'
  t.ok(await eventually(refused, 1800), 'sooner than the two seconds that a client is remembered')
})

t.test('repeated parameters are refused, in a form and in JSON', async (t) => {
  const app = await built(t)
  const { basic } = await makeClient(app)
  const raw = (payload: string, type: string) =>
    app.inject({ method: 'POST', url: '/v1/oauth/token', payload, headers: { 'content-type': type, authorization: basic } })
  const form = new URLSearchParams(ADA).toString()
  for (const name of ['grant_type', 'username', 'password', 'scope', 'anything']) {
    const twice = await raw(`${form}&${name}=a&${name}=b`, 'application/x-www-form-urlencoded')
    t.match([twice.statusCode, twice.json()], [400, { error: 'invalid_request', error_description: /repeated/ }], name)
    const inJson = await raw(`${JSON.stringify(ADA).slice(0, -1)},"${name}":"a","${name}":"b"}`, 'application/json')
    t.match([inJson.statusCode, inJson.json()], [400, { error: 'invalid_request' }], name)
  }
})

t.test('parameters are read from the body only, and unknown ones are ignored', async (t) => {
  const app = await built(t)
  const { id, secret, basic } = await makeClient(app)
  const query = new URLSearchParams({ ...ADA, client_id: id, client_secret: secret }).toString()
  const byQuery = await app.inject({ method: 'POST', url: `/v1/oauth/token?${query}`, payload: {} })
  t.match(byQuery.json(), { error: 'invalid_request' })
  t.equal((await app.inject(`/v1/oauth/token?${query}`)).statusCode, 404)
  t.equal((await token(app, { ...ADA, remember: '1', __proto__x: 'y' }, basic)).statusCode, 200)
})

t.test('a token has the requested scopes or the defaults, and * only for first-party clients that request it', async (t) => {
  const app = await built(t)
  const scopeOf = async (params: Record<string, string>, header: string) => {
    const body = (await token(app, params, header)).json<Tokens & { error?: string }>()
    if (body.error) return body.error
    t.equal((await verified(app, body.access_token)).payload['scope'], body.scope, 'the token says the same as the answer')
    return body.scope
  }
  const first = await makeClient(app, { scopes: ['*'], defaultScopes: ['read'] })
  t.equal(await scopeOf(ADA, first.basic), 'read')
  t.equal(await scopeOf({ ...ADA, scope: 'write read write' }, first.basic), 'write read')
  t.equal(await scopeOf({ ...ADA, scope: '*' }, first.basic), '*')
  t.equal(await scopeOf({ ...ADA, scope: '' }, first.basic), 'read', 'empty counts as absent')
  const starred = await makeClient(app, { scopes: ['*'], defaultScopes: ['*'] })
  t.equal(await scopeOf(ADA, starred.basic), undefined, 'never * by default')
  const listed = await makeClient(app, { scopes: ['read'] })
  t.equal(await scopeOf({ ...ADA, scope: '*' }, listed.basic), 'invalid_scope')
  t.equal(await scopeOf({ ...ADA, scope: 'write' }, listed.basic), 'invalid_scope')
  const machine = await makeClient(app, { ...MACHINE, firstParty: false, scopes: ['*'] })
  t.equal(await scopeOf({ grant_type: 'client_credentials', scope: '*' }, machine.basic), 'invalid_scope')
  t.equal(await scopeOf({ grant_type: 'client_credentials', scope: 'read write' }, machine.basic), 'read write')
  t.equal(await scopeOf({ grant_type: 'client_credentials', scope: 'revocations:read' }, machine.basic), 'invalid_scope')
})

t.test('the password grant takes any login attribute as username, or one under its own name', async (t) => {
  const app = await built(t, { login: { attributes: readyAttributes } })
  const { basic } = await makeClient(app)
  await register(app, { email: 'bob@example.com', phone: '+49 170 1234567', username: 'bob' })
  const password = PASSWORD
  const fields: Record<string, string>[] = [
    { username: 'bob' },
    { username: 'BOB@example.com' },
    { username: '0049 170 1234567' },
    { email: 'bob@example.com' },
    { phone: '+491701234567' }
  ]
  for (const field of fields) {
    t.equal((await token(app, { grant_type: 'password', password, ...field }, basic)).statusCode, 200, JSON.stringify(field))
  }
  for (const field of [{ email: '+491701234567' }, { phone: 'bob@example.com' }]) {
    t.match(
      (await token(app, { grant_type: 'password', password, ...field }, basic)).json(),
      { error: 'invalid_grant' },
      JSON.stringify(field)
    )
  }
})

t.test('RFC 6819 section 4.4.3.6: a wrong password and an unknown, invalid or disabled user get the same answer after one verification each', async (t) => {
  const app = await built(t)
  const { basic } = await makeClient(app)
  const { user } = await signedIn(app, { email: 'bob@example.com' })
  await internals(app).store.users.setDisabled(user.id, true)
  const { passwords } = internals(app)
  const verify = passwords.verify
  let count = 0
  passwords.verify = (...args) => { count++; return verify(...args) }
  const bodies = new Set<string>()
  for (const params of [
    { ...ADA, password: 'wrong' },
    { ...ADA, username: 'nobody@example.com' },
    { ...ADA, username: '!' },
    { ...ADA, username: 'bob@example.com' },
    { ...ADA, password: 'x'.repeat(5000) }
  ]) {
    count = 0
    const answer = await token(app, params, basic)
    t.equal(answer.statusCode, 400)
    t.equal(count, 1, JSON.stringify(params).slice(0, 80))
    bodies.add(answer.body)
  }
  t.same([...bodies], ['{"error":"invalid_grant","error_description":"The user credentials were incorrect"}'])
})

t.test('RFC 9700 section 2.4: with PASSWORD_GRANT=off the grant is unsupported', async (t) => {
  const app = await built(t, { passwordGrant: 'off' })
  const { basic } = await makeClient(app)
  t.match((await token(app, ADA, basic)).json(), { error: 'unsupported_grant_type' })
})

t.test('a request over the limit is 429 with Retry-After, unlike wrong credentials', async (t) => {
  const app = await built(t, { rateLimit: 'on' })
  const { basic } = await makeClient(app, { grantTypes: ['password', 'client_credentials'] })
  let answer = await token(app, { ...ADA, password: 'wrong' }, basic)
  for (let i = 0; i < 70 && answer.statusCode === 400; i++) answer = await token(app, { ...ADA, password: 'wrong' }, basic)
  t.equal(answer.statusCode, 429)
  t.same(Object.keys(answer.json()), ['error', 'error_description'])
  t.match(answer.json(), { error: 'temporarily_unavailable', error_description: /try again/ })
  t.ok(Number(answer.headers['retry-after']) >= 1, String(answer.headers['retry-after']))
  for (let i = 0; i < 70; i++) {
    const machine = await token(app, { grant_type: 'client_credentials' }, basic)
    if (machine.statusCode !== 200) t.fail(`machines share no limit with logins: ${machine.body}`)
  }
})

t.test('an access token with any bit changed is refused', async (t) => {
  const app = await built(t)
  const { access_token: accessToken } = await signedIn(app, { email: 'eve@example.com' })
  const [header, payload, signature] = accessToken.split('.') as [string, string, string]
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const forged = [
    `${header}.${encode({ ...claims, scope: '*' })}.${signature}`,
    `${encode({ ...decodeProtectedHeader(accessToken), alg: 'none' })}.${payload}.`,
    `${encode({ ...decodeProtectedHeader(accessToken), alg: 'HS256' })}.${payload}.${signature}`,
    `${encode({ ...decodeProtectedHeader(accessToken), typ: 'JWT' })}.${payload}.${signature}`,
    `${encode({ ...decodeProtectedHeader(accessToken), kid: 'other' })}.${payload}.${signature}`,
    `${header}.${payload}.${'A'.repeat(signature.length)}`
  ]
  t.equal((await profile(app, accessToken)).statusCode, 200)
  for (const text of forged) t.equal((await profile(app, text)).statusCode, 401, text.slice(0, 40))
})

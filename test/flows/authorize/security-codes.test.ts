import t, { type Test } from 'tap'
import { build, claimsOf, signedIn, token, type Tokens } from '../../support/start-server.ts'
import {
  authorize, authorizeUrl, CALLBACK, challengeOf, formOf, loggedIn, makeApp, paramsOf, VERIFIER,
  type Fields
} from '../../support/visitor.ts'

const NO_PKCE = { code_challenge: '', code_challenge_method: '' }
const OTHER_VERIFIER = `${VERIFIER.slice(0, -1)}~`

/** Somebody who is logged in, an application, and what it exchanges a code with. */
async function world (t: Test, values: Parameters<typeof makeApp>[1] = {}) {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { firstParty: true, skipsConsent: true, ...values })
  const codeFor = async (more: Fields = {}) => paramsOf(await authorize(visitor, client.id, more))['code']!
  const exchange = (code: string, more: Fields = {}, basic = client.basic) => {
    const params = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER, ...more }
    return token(app, Object.fromEntries(Object.entries(params).filter(([, value]) => value !== '')), basic)
  }
  return { app, visitor, client, codeFor, exchange }
}

t.test('RFC 9700 section 4.8.2: a code_verifier without a code_challenge is refused', async (t) => {
  const { codeFor, exchange } = await world(t, { pkceOptional: true })
  const refused = await exchange(await codeFor(NO_PKCE))
  t.match([refused.statusCode, refused.json<{ error: string }>().error], [400, 'invalid_grant'])
  t.equal((await exchange(await codeFor(NO_PKCE), { code_verifier: '' })).statusCode, 200, 'without one it is a code like others')
})

t.test('RFC 9700 section 2.1.1: a code with a code_challenge needs its code_verifier, for every client', async (t) => {
  const { codeFor, exchange } = await world(t, { pkceOptional: true })
  const code = await codeFor()
  for (const verifier of ['', OTHER_VERIFIER, VERIFIER.toUpperCase(), challengeOf(VERIFIER), `${VERIFIER}A`]) {
    t.match((await exchange(code, { code_verifier: verifier })).json(), { error: 'invalid_grant' }, verifier)
  }
  t.match((await exchange(code, { code_verifier: 'short' })).json(), { error: 'invalid_request' }, 'RFC 7636 section 4.1')
  t.equal((await exchange(code)).statusCode, 200)
})

t.test('RFC 9700 section 2.1.1, OAuth 2.1 section 10: public clients must use PKCE, and the method plain is refused', async (t) => {
  const { app, visitor, client } = await world(t, { authMethod: 'none', pkceOptional: true })
  for (const params of [
    NO_PKCE,
    { code_challenge_method: 'plain', code_challenge: VERIFIER },
    { code_challenge_method: '', code_challenge: VERIFIER },
    { code_challenge_method: 'S512' }
  ]) {
    t.match(
      paramsOf(await visitor.get(authorizeUrl(client.id, params))),
      { error: 'invalid_request', state: 'of the app' },
      JSON.stringify(params)
    )
  }
  t.same(
    (await app.inject('/.well-known/oauth-authorization-server')).json<{ code_challenge_methods_supported: string[] }>()
      .code_challenge_methods_supported,
    ['S256']
  )
})

t.test('RFC 9700 section 4.5: a stolen code cannot be exchanged with another verifier, at another client or without the secret', async (t) => {
  const { app, client, codeFor, exchange } = await world(t)
  const thief = await makeApp(app)
  const stolen = await codeFor()
  t.match(
    (await exchange(stolen, { code_verifier: OTHER_VERIFIER })).json(),
    { error: 'invalid_grant' },
    'at the same client, with the verifier of another flow'
  )
  t.match(
    (await exchange(stolen, {}, thief.basic)).json(),
    { error: 'invalid_grant' },
    'at the client of the thief, even with the verifier'
  )
  t.match(
    (await token(app, {
      grant_type: 'authorization_code', code: stolen, client_id: client.id, code_verifier: VERIFIER, redirect_uri: CALLBACK
    })).json(),
    { error: 'invalid_client' },
    'without the secret of the client'
  )
  t.equal((await exchange(stolen)).statusCode, 200, 'none of this spent it')
})

t.test('RFC 9700 section 4.2.4: a used code sent by another client does not end the session', async (t) => {
  const { app, client, codeFor, exchange } = await world(t)
  const code = await codeFor()
  const { refresh_token: refreshToken } = (await exchange(code)).json<Tokens>()
  const stranger = await makeApp(app)
  t.match((await exchange(code, {}, stranger.basic)).json(), { error: 'invalid_grant' })
  const next = await token(app, { grant_type: 'refresh_token', refresh_token: refreshToken }, client.basic)
  t.equal(next.statusCode, 200, 'who has no right to the code logs nobody out')
  t.match((await exchange(code)).json(), { error: 'invalid_grant' })
  t.equal(
    (await token(app, { grant_type: 'refresh_token', refresh_token: next.json<Tokens>().refresh_token }, client.basic)).statusCode,
    400,
    'its own client does'
  )
})

t.test('OAuth 2.1 section 10.2: redirect_uri is optional in the token request with PKCE, and compared if present', async (t) => {
  const other = `${CALLBACK}/two`
  const { codeFor, exchange } = await world(t, { redirectUris: [CALLBACK, other], pkceOptional: true })
  t.equal((await exchange(await codeFor(), { redirect_uri: '' })).statusCode, 200, 'PKCE binds the code')
  const code = await codeFor()
  for (const uri of [other, `${CALLBACK}/`, `${CALLBACK}?`, CALLBACK.toUpperCase()]) {
    t.match((await exchange(code, { redirect_uri: uri })).json(), { error: 'invalid_grant' }, uri)
  }
  t.equal((await exchange(code)).statusCode, 200)
  t.match(
    (await exchange(await codeFor(NO_PKCE), { redirect_uri: '', code_verifier: '' })).json(),
    { error: 'invalid_request' },
    'one of the two binds it'
  )
})

t.test('RFC 9207 section 2: every authorization response has iss, for success and error, in a query and in a form', async (t) => {
  const { visitor, client } = await world(t)
  const iss = 'http://localhost:3000'
  for (const params of [{}, { scope: 'nonsense' }, { response_type: 'token' }, { prompt: 'none', max_age: '0' }]) {
    t.match(paramsOf(await visitor.get(authorizeUrl(client.id, params))), { iss, state: 'of the app' }, JSON.stringify(params))
    t.match(formOf(await visitor.get(authorizeUrl(client.id, { ...params, response_mode: 'form_post' }))).hidden, {
      iss,
      state: 'of the app'
    }, `form_post ${JSON.stringify(params)}`)
  }
})

t.test('RFC 9700 section 2.1.2: the authorization endpoint never returns a token', async (t) => {
  const { visitor, client } = await world(t)
  t.same(Object.keys(paramsOf(await visitor.get(authorizeUrl(client.id)))).sort(), ['code', 'iss', 'state'])
  for (const type of [
    'token', 'id_token', 'id_token token', 'code token', 'code id_token', 'code id_token token', 'none', 'CODE', 'code code'
  ]) {
    const answer = await visitor.get(authorizeUrl(client.id, { response_type: type, nonce: 'n' }))
    t.equal(paramsOf(answer)['error'], 'unsupported_response_type', type)
    t.notMatch(answer.headers.location, /token=|#|code=/, type)
  }
})

t.test('RFC 6749 section 10.10: codes, secrets and cookies have at least 128 random bits', async (t) => {
  const { app, visitor, codeFor, exchange } = await world(t)
  const codes = [await codeFor(), await codeFor()]
  for (const code of codes) t.ok(bitsBehind(code, 'lk_ac_') >= 128)
  t.not(codes[0], codes[1])
  const { access_token: bearer } = await signedIn(app, { email: 'eve@example.com' })
  const send = (path: string, payload: object) =>
    app.inject({ method: 'POST', url: `/v1/oauth/${path}`, headers: { authorization: `Bearer ${bearer}` }, payload })
  const { client_secret: secret } = (await send('clients', { name: 'Mine', redirect_uris: [CALLBACK] })).json<{ client_secret: string }>()
  t.ok(bitsBehind(secret, 'lk_cs_') >= 128)
  t.ok(bitsBehind(visitor.cookies.get('latchkey')!, '') >= 128)
  const { access_token: first } = (await exchange(codes[0]!)).json<Tokens>()
  const { access_token: second } = (await exchange(codes[1]!)).json<Tokens>()
  t.not(claimsOf(first)['jti'], claimsOf(second)['jti'])
})

function bitsBehind (text: string, prefix: string): number {
  return text.startsWith(prefix) ? Buffer.from(text.slice(prefix.length), 'base64url').length * 8 : 0
}

import t from 'tap'
import { party, served, NONCE, LOGIN } from '../../support/conformance.ts'
import { paramsOf, visit } from '../../support/visitor.ts'

// The modules of the Basic OP plan of the OpenID Foundation's suite, by their names: tokens, userinfo and scopes
const app = await served(t)
const { path, ask, exchange, tokens, verified, userInfo } = await party(app)

t.test('oidcc-server', async (t) => {
  const visitor = visit(app)
  const answer = await ask(visitor)
  t.match(paramsOf(answer), { code: String, state: 'of the app' })
  const issued = await exchange(answer)
  t.equal(issued.statusCode, 200)
  t.match(issued.headers, { 'cache-control': 'no-store', 'content-type': /^application\/json/ })
  const body = issued.json<{ id_token: string, access_token: string }>()
  t.match(body, { token_type: /^bearer$/i, access_token: String, expires_in: Number })
  const claims = await verified(body.id_token)
  t.equal(claims['nonce'], NONCE)
  t.equal((await userInfo(body.access_token))['sub'], claims.sub)
})

t.test('oidcc-response-type-missing', async (t) => {
  const visitor = visit(app)
  const page = await visitor.follow(await visitor.get(path({ response_type: '' })))
  const answer = await visitor.follow(await visitor.submit(page, LOGIN))
  t.match(paramsOf(answer), { error: 'invalid_request', state: 'of the app' })
  t.notOk('code' in paramsOf(answer))
})

for (const algorithm of ['RS256', 'ES256']) {
  t.test(`oidcc-idtoken-signature (${algorithm})`, async (t) => {
    const other = await party(app, { idTokenAlg: algorithm })
    const { id_token: idToken } = await other.tokens()
    const header = JSON.parse(Buffer.from(idToken.split('.')[0]!, 'base64url').toString()) as Record<string, string>
    t.match(header, { alg: algorithm, kid: String })
    t.ok(await other.verified(idToken, algorithm))
    const [head, body, signature] = idToken.split('.')
    await t.rejects(other.verified(`${head}.${body}.${signature!.replace(/^./, (letter) => letter === 'A' ? 'B' : 'A')}`, algorithm))
  })
}

t.test('oidcc-idtoken-unsigned', async (t) => {
  const metadata = (await app.inject('/.well-known/openid-configuration')).json<{ id_token_signing_alg_values_supported: string[] }>()
  t.notOk(metadata.id_token_signing_alg_values_supported.includes('none'), 'it is not offered')
  const unsigned = await party(app, { idTokenAlg: 'none' })
  t.ok(await unsigned.verified((await unsigned.tokens()).id_token), 'and a client that wants it gets a signed one')
})

t.test('oidcc-userinfo-get', async (t) => {
  const issued = await tokens()
  const answer = await app.inject({ url: '/v1/oauth/userinfo', headers: { authorization: `Bearer ${issued.access_token}` } })
  t.match([answer.statusCode, answer.headers['content-type']], [200, /^application\/json/])
  t.equal(answer.json<{ sub: string }>().sub, (await verified(issued.id_token)).sub)
})

t.test('oidcc-userinfo-post-header', async (t) => {
  const { access_token: accessToken, id_token: idToken } = await tokens()
  for (const headers of [{}, { 'content-type': 'application/x-www-form-urlencoded' }]) {
    const answer = await app.inject({
      method: 'POST', url: '/v1/oauth/userinfo', headers: { authorization: `Bearer ${accessToken}`, ...headers }, payload: ''
    })
    t.equal(answer.statusCode, 200)
    t.equal(answer.json<{ sub: string }>().sub, (await verified(idToken)).sub)
  }
})

t.test('oidcc-userinfo-post-body', async (t) => {
  const { access_token: accessToken, id_token: idToken } = await tokens()
  const post = (payload: string, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST', url: '/v1/oauth/userinfo', headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload
    })
  const answer = await post(`access_token=${accessToken}`)
  t.equal(answer.statusCode, 200)
  t.equal(answer.json<{ sub: string }>().sub, (await verified(idToken)).sub)
  t.match((await post('access_token=x')).headers['www-authenticate'], /error="invalid_token"/)
  t.equal(
    (await post(`access_token=${accessToken}`, { authorization: `Bearer ${accessToken}` })).statusCode,
    400,
    'RFC 6750 section 2: one way at a time'
  )
  t.equal(
    (await post(JSON.stringify({ access_token: accessToken }), { 'content-type': 'application/json' })).statusCode,
    401,
    'RFC 6750 section 2.2: forms only'
  )
})

t.test('oidcc-ensure-request-without-nonce-succeeds-for-code-flow', async (t) => {
  const claims = await verified((await tokens({ nonce: '' })).id_token)
  t.ok(claims.sub)
  t.notOk('nonce' in claims)
})

const OF_SCOPE = {
  profile: { name: 'Ada Lovelace', preferred_username: 'ada', updated_at: Number },
  email: { email: 'ada@example.com', email_verified: false },
  phone: { phone_number: '+491701234567', phone_number_verified: false },
  address: {}
}

for (const [scope, claims] of Object.entries(OF_SCOPE)) {
  t.test(`oidcc-scope-${scope}`, async (t) => {
    const issued = await tokens({ scope: `openid ${scope}` })
    t.equal(issued.scope, `openid ${scope}`)
    const known = await userInfo(issued.access_token)
    t.match(known, claims)
    t.same(Object.keys(known).sort(), ['sub', ...Object.keys(claims)].sort(), 'and nothing that was not asked for')
  })
}

t.test('oidcc-scope-all', async (t) => {
  const issued = await tokens({ scope: 'openid profile email address phone' })
  t.match(await userInfo(issued.access_token), { ...OF_SCOPE.profile, ...OF_SCOPE.email, ...OF_SCOPE.phone })
})

t.test('oidcc-ensure-other-scope-order-succeeds', async (t) => {
  const issued = await tokens({ scope: 'email openid' })
  t.ok(await verified(issued.id_token))
  t.match(await userInfo(issued.access_token), OF_SCOPE.email)
})

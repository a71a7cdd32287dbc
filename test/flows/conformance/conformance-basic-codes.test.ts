import t from 'tap'
import { party, served, type OidcTokens } from '../../support/conformance.ts'
import { profile, token } from '../../support/start-server.ts'
import { challengeOf, paramsOf, VERIFIER, visit } from '../../support/visitor.ts'
import { advanceTime } from '../../../src/testing.ts'

// The modules of the Basic OP plan of the OpenID Foundation's suite, by their names: codes, clients and refresh tokens
const app = await served(t)
const { client, path, ask, exchange, tokens, verified, userInfo } = await party(app)

for (const [module, seconds] of [['oidcc-codereuse', 0], ['oidcc-codereuse-30seconds', 30]] as const) {
  t.test(module, async (t) => {
    const answer = await ask(visit(app))
    const issued = (await exchange(answer)).json<OidcTokens>()
    t.ok((await userInfo(issued.access_token))['sub'])
    await advanceTime(app, seconds)
    const again = await exchange(answer)
    t.match([again.statusCode, again.json()], [400, { error: 'invalid_grant' }])
    t.equal((await profile(app, issued.access_token)).statusCode, 401, 'what the first use made is revoked')
    t.equal((await token(app, { grant_type: 'refresh_token', refresh_token: issued.refresh_token }, client.basic)).statusCode, 400)
  })
}

t.test('oidcc-ensure-registered-redirect-uri', async (t) => {
  const answer = await visit(app).get(path({ redirect_uri: 'https://app.example.com/callback/other' }))
  t.match([answer.statusCode, answer.headers.location], [400, undefined])
  t.match(answer.body, 'redirect_uri', 'an error page that says why')
})

t.test('oidcc-ensure-post-request-succeeds', async (t) => {
  const visitor = visit(app)
  const params = Object.fromEntries(new URLSearchParams(path().split('?')[1]))
  const answer = await visitor.post('/v1/oauth/authorize', params, {
    origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site', cookie: ''
  })
  t.equal(answer.statusCode, 303)
  const issued = await tokens({}, visitor)
  t.ok(issued.id_token)
  t.match(paramsOf(await visitor.follow(await visitor.post('/v1/oauth/authorize', params))), { code: String, state: 'of the app' })
})

t.test('oidcc-server-client-secret-post', async (t) => {
  const post = await party(app, { authMethod: 'client_secret_post' })
  const { code } = paramsOf(await post.ask(visit(app)))
  const issued = await token(app, {
    grant_type: 'authorization_code', code: code!, redirect_uri: 'https://app.example.com/callback',
    client_id: post.client.id, client_secret: post.client.secret
  })
  t.equal(issued.statusCode, 200)
  t.ok(await post.verified(issued.json<OidcTokens>().id_token))
})

t.test('oidcc-refresh-token', async (t) => {
  const first = await tokens({ scope: 'openid offline_access', prompt: 'consent' })
  const refresh = (refreshToken: string, basic = client.basic) =>
    token(app, { grant_type: 'refresh_token', refresh_token: refreshToken }, basic)
  const second = (await refresh(first.refresh_token)).json<OidcTokens>()
  const [before, after] = [await verified(first.id_token), await verified(second.id_token)]
  t.same(
    [after.iss, after.sub, after.aud, after['auth_time']],
    [before.iss, before.sub, before.aud, before['auth_time']],
    'OpenID Connect Core section 12.2'
  )
  t.ok(Number(after.iat) >= Number(before.iat))
  t.notOk('nonce' in after)
  t.equal((await userInfo(second.access_token))['sub'], before.sub)
  const other = await party(app)
  t.match((await refresh(second.refresh_token, other.client.basic)).json(), { error: 'invalid_grant' }, 'a refresh token is of its client')
})

t.test('oidcc-ensure-request-with-valid-pkce-succeeds', async (t) => {
  const answer = await ask(visit(app), { code_challenge: challengeOf(VERIFIER), code_challenge_method: 'S256' })
  const issued = await exchange(answer, { code_verifier: VERIFIER })
  t.equal(issued.statusCode, 200)
  t.ok(await verified(issued.json<OidcTokens>().id_token))
})

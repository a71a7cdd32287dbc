import * as oauth from 'oauth4webapi'
import t from 'tap'
import { makeClient, PASSWORD, register } from '../../support/start-server.ts'
import { startIssuer } from '../../browser/party.ts'
import { CALLBACK, visit } from '../../support/visitor.ts'
import { errorWith } from '../../support/error-with.ts'

const insecure = { [oauth.allowInsecureRequests]: true }

for (const alg of ['RS256', 'ES256'] as const) {
  t.test(`oauth4webapi accepts every answer of this server, with ${alg}`, async (t) => {
    const { app, issuer } = await startIssuer(t, { scopes: { 'orders:read': 'See your orders' } })
    const url = new URL(issuer)
    await register(app)
    const { id, secret } = await makeClient(app, {
      firstParty: false,
      grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'], scopes: ['*'], redirectUris: [CALLBACK], idTokenAlg: alg
    })
    const client: oauth.Client = { client_id: id, id_token_signed_response_alg: alg, require_auth_time: true }
    const auth = oauth.ClientSecretBasic(secret)
    for (const algorithm of ['oidc', 'oauth2'] as const) {
      t.ok(await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { algorithm, ...insecure })))
    }
    const as = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, insecure))
    t.equal(as.authorization_response_iss_parameter_supported, true)

    const verifier = oauth.generateRandomCodeVerifier()
    const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
    const params = {
      client_id: id, redirect_uri: CALLBACK, response_type: 'code', scope: 'openid email orders:read', state, nonce,
      max_age: '600', code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256'
    }
    const visitor = visit(app, { origin: url.origin })
    const start = new URL(as.authorization_endpoint!)
    const loginPage = await visitor.follow(await visitor.get(`${start.pathname}?${new URLSearchParams(params)}`))
    const consent = await visitor.follow(await visitor.submit(loginPage, { username: 'ada@example.com', password: PASSWORD }))
    const answer = await visitor.submit(consent, { decision: 'allow' })

    const validated = oauth.validateAuthResponse(as, client, new URL(answer.headers.location!), state)
    const codeAnswer = await oauth.authorizationCodeGrantRequest(as, client, auth, validated, CALLBACK, verifier, insecure)
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, codeAnswer, {
      expectedNonce: nonce, maxAge: 600, requireIdToken: true
    })
    await oauth.validateApplicationLevelSignature(as, codeAnswer, insecure)
    const { sub } = oauth.getValidatedIdTokenClaims(tokens)!

    const userInfo = await oauth.processUserInfoResponse(
      as,
      client,
      sub,
      await oauth.userInfoRequest(as, client, tokens.access_token, insecure)
    )
    t.match(userInfo, { sub, email: 'ada@example.com' })
    const access = await oauth.validateJwtAccessToken(
      as,
      new Request(issuer, { headers: { authorization: `Bearer ${tokens.access_token}` } }),
      issuer,
      insecure
    )
    t.match(access, { sub, client_id: id, scope: 'openid email orders:read' }, 'RFC 9068')

    const refreshed = await oauth.processRefreshTokenResponse(
      as,
      client,
      await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token!, insecure)
    )
    t.ok(refreshed.access_token)
    const machine = await oauth.processClientCredentialsResponse(
      as,
      client,
      await oauth.clientCredentialsGrantRequest(as, client, auth, { scope: 'orders:read' }, insecure)
    )
    t.equal(machine.scope, 'orders:read')
    const introspected = await oauth.processIntrospectionResponse(
      as,
      client,
      await oauth.introspectionRequest(as, client, auth, refreshed.access_token, insecure)
    )
    t.match(introspected, { active: true, sub, client_id: id })
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, refreshed.access_token, insecure))
    t.match(
      await oauth.processIntrospectionResponse(
        as,
        client,
        await oauth.introspectionRequest(as, client, auth, refreshed.access_token, insecure)
      ),
      { active: false }
    )

    const denied = await visitor.get(`${start.pathname}?${new URLSearchParams({ ...params, scope: 'openid phone', prompt: 'none' })}`)
    t.throws(
      () => oauth.validateAuthResponse(as, client, new URL(denied.headers.location!), state),
      errorWith({ error: 'consent_required' }),
      'an error that carries the right iss and state'
    )
  })
}

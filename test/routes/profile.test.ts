import t from 'tap'
import { readyAttributes } from '../../src/schemas/identifiers.ts'
import { sharedServers } from '../support/shared-server.ts'
import { claimsOf, makeClient, profile, signedIn, token, type Tokens } from '../support/start-server.ts'
import { internals } from '../../plugins/internals.ts'

const build = sharedServers(t)

t.test("the profile has the user's data, and nothing secret", async (t) => {
  const { app } = await build(t, { login: { attributes: readyAttributes } })
  const { access_token: accessToken, user } = await signedIn(app, { email: 'Ada@Example.com', phone: '+49 170 1234567', name: 'Ada' })
  const answer = await profile(app, accessToken)
  t.equal(answer.statusCode, 200)
  t.same(answer.json(), { ...user, email: 'ada@example.com', phone: '+491701234567', name: 'Ada' })
  t.same(Object.keys(answer.json()).sort(), ['created_at', 'email', 'id', 'locale', 'name', 'phone'])
  t.equal(answer.headers['cache-control'], 'no-store')
})

t.test('each token shows its own user', async (t) => {
  const { app } = await build(t)
  const [ada, bob] = [await signedIn(app), await signedIn(app, { email: 'bob@example.com' })]
  t.match((await profile(app, ada.access_token)).json(), { email: 'ada@example.com' })
  t.match((await profile(app, bob.access_token)).json(), { email: 'bob@example.com' })
})

t.test('the scheme is case-insensitive, and the token is taken from nowhere else', async (t) => {
  const { app } = await build(t)
  const { access_token: accessToken } = await signedIn(app)
  for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer  ']) {
    t.equal((await app.inject({ url: '/v1/profile', headers: { authorization: `${scheme} ${accessToken}` } })).statusCode, 200, scheme)
  }
  t.equal((await app.inject(`/v1/profile?access_token=${accessToken}`)).statusCode, 401)
  t.equal(
    (await app.inject({ url: '/v1/profile', headers: { cookie: `access_token=${accessToken}; refreshToken=${accessToken}` } })).statusCode,
    401
  )
})

t.test('RFC 6750 section 3: the challenge names the error, and has none without a token', async (t) => {
  const { app } = await build(t)
  const { access_token: accessToken } = await signedIn(app)
  const bare = await app.inject('/v1/profile')
  t.equal(
    bare.headers['www-authenticate'],
    'Bearer realm="latchkey", resource_metadata="http://localhost:3000/.well-known/oauth-protected-resource"',
    'RFC 9728 section 5.1'
  )
  t.match(bare.json(), { statusCode: 401, code: 'LK_UNAUTHENTICATED', error: 'Unauthorized' })
  const sign = (claims: object, typ = 'at+jwt') => internals(app).keys.sign('ES256', { ...claimsOf(accessToken), ...claims }, typ)
  t.equal((await profile(app, sign({}))).statusCode, 200, 'what is signed here is good')
  const now = Math.floor(Date.now() / 1000)
  const bad = [
    sign({ exp: now - 1 }), sign({ iss: 'https://evil.example' }), sign({ aud: 'https://api.example.com' }),
    sign({ aud: [] }), sign({}, 'JWT'), sign({ exp: undefined }), sign({ sub: undefined }), sign({ jti: undefined }),
    sign({ client_id: undefined }), `${accessToken}x`, 'x'
  ]
  for (const text of bad) {
    const answer = await profile(app, text)
    t.equal(answer.statusCode, 401)
    t.match(answer.headers['www-authenticate'], /^Bearer realm="latchkey", error="invalid_token", error_description="/)
  }
})

t.test('tokens of a client and of a deleted or disabled user are refused', async (t) => {
  const { app } = await build(t)
  const machine = await makeClient(app, { grantTypes: ['client_credentials'] })
  const own = (await token(app, { grant_type: 'client_credentials' }, machine.basic)).json<Tokens>()
  t.match((await profile(app, own.access_token)).json(), { statusCode: 401, message: /user/ })
  const ada = await signedIn(app)
  const bob = await signedIn(app, { email: 'bob@example.com' })
  await internals(app).store.users.setDisabled(ada.user.id, true)
  t.equal((await profile(app, ada.access_token)).statusCode, 401)
  await internals(app).database.pool.query('DELETE FROM users WHERE id = $1', [bob.user.id])
  t.match((await profile(app, bob.access_token)).json(), { statusCode: 401, code: 'LK_UNAUTHENTICATED' })
})

t.test('HEAD is a GET without body', async (t) => {
  const { app } = await build(t)
  const { access_token: accessToken } = await signedIn(app)
  const answer = await app.inject({ method: 'HEAD', url: '/v1/profile', headers: { authorization: `Bearer ${accessToken}` } })
  t.match([answer.statusCode, answer.body], [200, ''])
  t.equal((await app.inject({ method: 'HEAD', url: '/v1/profile' })).statusCode, 401)
})

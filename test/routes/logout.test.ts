import t from 'tap'
import { sharedServers } from '../support/shared-server.ts'
import {
  basic, cookieOf, login, makeClient, PASSWORD, profile, refresh, register, signedIn, token, type Built,
  type Tokens
} from '../support/start-server.ts'

const build = sharedServers(t)

const post = (app: Built['app'], path: string, authorization?: string, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url: path, headers: { ...(authorization && { authorization }), ...headers } })

for (const path of ['/v1/api/logout', '/v1/logout']) {
  t.test(`${path} ends the session of the bearer token, and clears the cookie`, async (t) => {
    const { app } = await build(t)
    await register(app)
    const [here, there] = [(await login(app)).json<Tokens>(), (await login(app)).json<Tokens>()]
    const later = (await refresh(app, here.refresh_token)).json<Tokens>()
    const answer = await post(app, path, `Bearer ${later.access_token}`)
    t.equal(answer.statusCode, 202)
    t.same(answer.json(), { message: 'Token revoked successfully.' })
    t.match(cookieOf(answer)!.header, /^refreshToken=; Max-Age=0; Path=\/v1\/clients\/web; .*HttpOnly/)
    for (const tokens of [here, later]) {
      t.equal((await profile(app, tokens.access_token)).statusCode, 401)
      t.equal((await refresh(app, tokens.refresh_token)).statusCode, 401)
    }
    t.equal((await profile(app, there.access_token)).statusCode, 200, 'other sessions go on')
    t.equal((await post(app, path, `Bearer ${later.access_token}`)).statusCode, 401, 'a second time there is nobody')
  })

  t.test(`${path} requires an access token of a user`, async (t) => {
    const { app } = await build(t)
    for (const authorization of [undefined, 'Bearer x', basic('a', 'b')]) {
      const answer = await post(app, path, authorization)
      t.match(answer.json(), { statusCode: 401, code: 'LK_UNAUTHENTICATED' })
      t.match(answer.headers['www-authenticate'], /^Bearer /)
      t.notOk(cookieOf(answer))
    }
    const machine = await makeClient(app, { grantTypes: ['client_credentials'] })
    const { access_token: accessToken } = (await token(app, { grant_type: 'client_credentials' }, machine.basic)).json<Tokens>()
    t.equal((await post(app, path, `Bearer ${accessToken}`)).statusCode, 401)
  })
}

t.test("the cleared cookie is that of the token's client, with its path", async (t) => {
  const { app } = await build(t, { appUrl: 'https://example.com', prefix: '/auth' })
  await app.inject({ method: 'POST', url: '/auth/v1/register', payload: { email: 'ada@example.com', password: PASSWORD } })
  const loggedIn = await app.inject({
    method: 'POST', url: '/auth/v1/clients/mobile/login', payload: { email: 'ada@example.com', password: PASSWORD }
  })
  const answer = await post(app, '/auth/v1/api/logout', `Bearer ${loggedIn.json<Tokens>().access_token}`)
  t.match(cookieOf(answer)!.header, /^refreshToken=; Max-Age=0; Path=\/auth\/v1\/clients\/mobile; .*Secure/)
})

t.test('a client that the configuration gives a proxy has its cookie cleared', async (t) => {
  const { app, databaseUrl } = await build(t)
  const named = await makeClient(app)
  const { app: other } = await build(t, { databaseUrl, clients: { web: { id: named.id, secret: named.secret } } })
  const { access_token: accessToken } = await signedIn(other)
  const answer = await post(other, '/v1/api/logout', `Bearer ${accessToken}`)
  t.match(cookieOf(answer)!.header, /^refreshToken=; Max-Age=0; Path=\/v1\/clients\/web; /)
})

t.test('for a client without proxy no cookie is cleared', async (t) => {
  const { app } = await build(t)
  await register(app)
  const { basic } = await makeClient(app)
  const { access_token: accessToken } =
    (await token(app, { grant_type: 'password', username: 'ada@example.com', password: PASSWORD }, basic)).json<Tokens>()
  const answer = await post(app, '/v1/api/logout', `Bearer ${accessToken}`)
  t.equal(answer.statusCode, 202)
  t.notOk(cookieOf(answer))
})

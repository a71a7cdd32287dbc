import t from 'tap'
import { build, cookieOf, login, logout, profile, refresh, register, type Tokens } from '../../support/start-server.ts'

t.test('register, log in, call, refresh by cookie and by body, log out: the access token is refused at once', async (t) => {
  const { app } = await build(t)
  const registered = await register(app, { email: 'Ada@Example.com', name: 'Ada' })
  t.equal(registered.statusCode, 201, registered.body)
  t.match(registered.json(), { email: 'ada@example.com', name: 'Ada' })

  const loggedIn = await login(app)
  t.equal(loggedIn.statusCode, 200, loggedIn.body)
  const first = loggedIn.json<Tokens>()
  t.match(first, { token_type: 'Bearer', expires_in: 3600 })
  t.match((await profile(app, first.access_token)).json(), { email: 'ada@example.com' })

  const cookie = cookieOf(loggedIn)!
  t.equal(cookie.value, first.refresh_token)
  const byCookie = await app.inject({ method: 'POST', url: '/v1/clients/web/refresh', cookies: { refreshToken: cookie.value } })
  t.equal(byCookie.statusCode, 200, byCookie.body)
  const byBody = await refresh(app, byCookie.json<Tokens>().refresh_token)
  t.equal(byBody.statusCode, 200, byBody.body)

  const last = byBody.json<Tokens>()
  const out = await logout(app, last.access_token)
  t.equal(out.statusCode, 202)
  t.same(out.json(), { message: 'Token revoked successfully.' })
  t.match(cookieOf(out)?.header, /Max-Age=0/)
  for (const { access_token: accessToken } of [first, last]) t.equal((await profile(app, accessToken)).statusCode, 401)
  t.equal((await refresh(app, last.refresh_token)).statusCode, 401)
})

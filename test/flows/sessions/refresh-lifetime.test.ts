import t from 'tap'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { sharedServers } from '../../support/shared-server.ts'
import {
  APP_KEY, claimsOf, cookieOf, login, makeClient, PASSWORD, profile, refresh, register, signedIn, token,
  type Tokens
} from '../../support/start-server.ts'
import { age, auditEvents, refreshGrant, revocations, rotated, sessionOf, sql, sessionId } from '../../support/session-rows.ts'

const build = sharedServers(t)

const DAY = 86_400
const NEW_KEY = Buffer.alloc(32, 'new').toString('base64')

const maxAge = (answer: LightMyRequestResponse) => Number(/Max-Age=(\d+)/.exec(cookieOf(answer)!.header)![1])

const endIn = (app: FastifyInstance, tokens: Tokens, seconds: number) =>
  sql(app, "UPDATE sessions SET expires_at = now() + $2 * interval '1 second' WHERE id = $1", [sessionId(tokens), seconds])

t.test('RFC 9700 section 4.14.2: a session expires REFRESH_TOKEN_TTL after its last refresh, and nothing is revoked', async (t) => {
  const { app } = await build(t, { refreshTokenTtl: 1000 })
  const first = await signedIn(app)
  await age(app, first, 995)
  const second = await rotated(app, first.refresh_token)
  await age(app, first, 995)
  const third = await rotated(app, second.refresh_token)
  t.equal((await sessionOf(app, first)).generation, 2, 'the idle time counts from the last rotation, not from the login')
  await age(app, first, 1001)
  for (const { refresh_token: refreshToken } of [first, second, third]) t.equal((await refresh(app, refreshToken)).statusCode, 401)
  t.match(await sessionOf(app, first), { generation: 2, revoked_at: null })
  t.same(await auditEvents(app), [])
  t.same(await revocations(app), [])
})

t.test('a replay within the grace does not extend the idle time', async (t) => {
  const { app } = await build(t, { refreshTokenTtl: 20 })
  const first = await signedIn(app)
  const second = await rotated(app, first.refresh_token)
  await age(app, first, 15)
  const again = await refresh(app, first.refresh_token)
  t.equal(again.statusCode, 200)
  t.ok(maxAge(again) <= 5, `the cookie lives ${maxAge(again)} s`)
  await age(app, first, 6)
  t.equal((await refresh(app, second.refresh_token)).statusCode, 401)
})

t.test('a session expires after SESSION_TTL, however often it is refreshed', async (t) => {
  const { app } = await build(t, { sessionTtl: 5000 })
  const first = await signedIn(app)
  const end = (await sessionOf(app, first)).expires_at
  t.ok(Math.abs(end.getTime() - Date.now() - 5_000_000) < 10_000)
  const second = await rotated(app, first.refresh_token)
  t.same((await sessionOf(app, first)).expires_at, end, 'a refresh does not move it')
  await endIn(app, first, -1)
  t.equal((await refresh(app, second.refresh_token)).statusCode, 401)
  t.equal((await refresh(app, first.refresh_token)).statusCode, 401, 'nor within the grace')
  t.match(await sessionOf(app, first), { generation: 1, revoked_at: null })
  t.same(await auditEvents(app), [])
})

t.test('an access token never outlives its session', async (t) => {
  const { app } = await build(t, { sessionTtl: 100, accessTokenTtl: 3600 })
  const first = await signedIn(app)
  const endOf = async () => Math.floor((await sessionOf(app, first)).expires_at.getTime() / 1000)
  const check = async (tokens: Tokens, name: string) => {
    const { iat, exp } = claimsOf(tokens.access_token) as { iat: number, exp: number }
    t.ok(exp <= await endOf(), `${name}: ends at ${exp}, the session at ${await endOf()}`)
    t.equal(tokens.expires_in, exp - iat, `${name}: expires_in tells it`)
  }
  await check(first, 'login')
  await check(await rotated(app, first.refresh_token), 'refresh')
  await endIn(app, first, 10)
  const last = await rotated(app, first.refresh_token)
  await check(last, 'grace')
  t.ok(last.expires_in <= 10)
})

t.test('accessTokenTtl of a client sets the lifetime of its access tokens', async (t) => {
  const { app } = await build(t)
  await signedIn(app)
  const { basic } = await makeClient(app, { accessTokenTtl: 60 })
  const first = (await token(app, { grant_type: 'password', username: 'ada@example.com', password: PASSWORD }, basic)).json<Tokens>()
  t.equal(first.expires_in, 60)
  t.equal((await refreshGrant(app, first.refresh_token, basic)).json<Tokens>().expires_in, 60)
})

t.test('the refresh cookie expires with the idle or the absolute end of the session, whichever is earlier', async (t) => {
  const near = (actual: number, expected: number, name: string) =>
    t.ok(actual <= expected && actual >= expected - 5, `${name}: ${actual} of ${expected}`)
  const { app } = await build(t)
  await register(app)
  const loggedIn = await login(app)
  near(maxAge(loggedIn), 30 * DAY, 'login: idle')
  const first = loggedIn.json<Tokens>()
  const second = await refresh(app, first.refresh_token)
  near(maxAge(second), 30 * DAY, 'refresh: idle')
  await age(app, first, 20)
  near(maxAge(await refresh(app, first.refresh_token)), 30 * DAY - 20, 'grace: what is left of the idle time')
  await endIn(app, first, 1000)
  near(maxAge(await refresh(app, first.refresh_token)), 1000, 'grace: absolute')
  near(maxAge(await refresh(app, second.json<Tokens>().refresh_token)), 1000, 'refresh: absolute')

  const short = await build(t, { sessionTtl: 1000 })
  await register(short.app)
  near(maxAge(await login(short.app)), 1000, 'login: absolute')
})

t.test('a new APP_KEY with the old one in APP_PREVIOUS_KEYS keeps every session', async (t) => {
  const { app, databaseUrl } = await build(t)
  const first = await signedIn(app)
  await app.close()
  const both = await build(t, { databaseUrl, appKey: NEW_KEY, appPreviousKeys: [APP_KEY] })
  t.equal((await profile(both.app, first.access_token)).statusCode, 200)
  const second = await rotated(both.app, first.refresh_token)
  await both.app.close()

  const after = await build(t, { databaseUrl, appKey: NEW_KEY })
  t.equal((await refresh(after.app, first.refresh_token)).statusCode, 401, 'what the old key made is over')
  t.match(await sessionOf(after.app, first), { revoked_at: null })
  t.equal((await refresh(after.app, second.refresh_token)).statusCode, 200, 'its successor is made with the new one')
  t.equal((await profile(after.app, second.access_token)).statusCode, 200)
})

import t, { type Test } from 'tap'
import { actingAs, advanceTime } from '../../src/testing.ts'
import { asked, makeTv, poll } from '../support/device.ts'
import { call, personalToken } from '../support/machines.ts'
import { sql } from '../support/session-rows.ts'
import {
  build, claimsOf, login, logout, makeClient, PASSWORD, profile, refresh, register, signedIn, token, type Tokens
} from '../support/start-server.ts'
import { all, attempt, ON, rightly, times } from '../support/throttled.ts'
import { authorize, authorizeUrl, CALLBACK, loggedIn, makeApp, paramsOf, VERIFIER } from '../support/visitor.ts'

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const OWN = { firstParty: true, skipsConsent: true }
type App = Parameters<typeof advanceTime>[0]

const redeem = (app: App, client: { basic: string }, code: string) => token(
  app, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER }, client.basic
)

t.test('an access token expires, and one that is issued later is valid', async (t) => {
  const { app } = await build(t)
  const { id } = (await register(app)).json<{ id: string }>()
  const bearer = async (headers: Record<string, string>) => (await app.inject({ url: '/v1/profile', headers })).statusCode
  const headers = await actingAs(app, id)
  const now = Math.floor(Date.now() / 1000)
  await advanceTime(app, HOUR - 10)
  t.equal(await bearer(headers), 200)
  await advanceTime(app, 11)
  t.equal(await bearer(headers), 401)
  const { access_token: later } = (await login(app)).json<Tokens>()
  t.ok(Number(claimsOf(later)['iat']) - now >= HOUR)
  t.equal((await profile(app, later)).statusCode, 200)
  for (const seconds of [-1, Number.NaN, Infinity]) await t.rejects(advanceTime(app, seconds), TypeError)
})

t.test('a session ends when it is not refreshed, and at its end in any case', async (t) => {
  const { app } = await build(t, { refreshTokenTtl: HOUR, sessionTtl: 4 * HOUR })
  await register(app)
  const idle = (await login(app)).json<Tokens>()
  let used = (await login(app)).json<Tokens>()
  for (let times = 0; times < 4; times++) {
    await advanceTime(app, 50 * MINUTE)
    used = (await refresh(app, used.refresh_token)).json<Tokens>()
    t.ok(used.access_token)
  }
  t.equal((await refresh(app, idle.refresh_token)).statusCode, 401)
  await advanceTime(app, 30 * MINUTE)
  const last = (await refresh(app, used.refresh_token)).json<Tokens>()
  t.ok(last.expires_in <= 10 * MINUTE, `no token outlives its session: ${last.expires_in}`)
  await advanceTime(app, 10 * MINUTE)
  t.equal((await refresh(app, last.refresh_token)).statusCode, 401)
})

t.test('a refresh token that was replaced is accepted within the grace, and ends its session later', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const second = (await refresh(app, first.refresh_token)).json<Tokens>()
  await advanceTime(app, 5)
  t.equal((await refresh(app, first.refresh_token)).statusCode, 200)
  t.ok((await refresh(app, second.refresh_token)).json<Tokens>().access_token)
  await advanceTime(app, 5 * MINUTE)
  t.equal((await refresh(app, first.refresh_token)).statusCode, 401)
  t.equal((await refresh(app, second.refresh_token)).statusCode, 401)
})

t.test('an authorization code expires after a minute', async (t) => {
  const { app } = await build(t)
  const [client, visitor] = [await makeApp(app, OWN), await loggedIn(app)]
  const code = async () => paramsOf(await authorize(visitor, client.id))['code']!
  const [early, late] = [await code(), await code()]
  await advanceTime(app, 50)
  t.equal((await redeem(app, client, early)).statusCode, 200)
  await advanceTime(app, 11)
  t.match((await redeem(app, client, late)).json(), { error: 'invalid_grant' })
})

t.test('max_age counts from the login, and auth_time stays when it was', async (t) => {
  const { app } = await build(t)
  const [client, visitor] = [await makeApp(app, OWN), await loggedIn(app)]
  const ask = async (maxAge: number) => visitor.follow(await visitor.get(authorizeUrl(client.id, { max_age: String(maxAge) })))
  const tokens = async (answer: Awaited<ReturnType<typeof ask>>) =>
    (await redeem(app, client, paramsOf(answer)['code']!)).json<Tokens & { id_token: string }>()
  const times = ({ id_token: idToken }: { id_token: string }) => {
    const { iat, auth_time: authTime } = claimsOf(idToken)
    return { authTime: Number(authTime), age: Number(iat) - Number(authTime) }
  }
  await ask(1)
  await advanceTime(app, 3)
  t.match((await ask(1)).body, 'name="password"', 'a session in the cache is as old')
  await advanceTime(app, 597)
  const first = await tokens(await ask(900))
  t.ok(Math.abs(times(first).age - 600) < 30, String(times(first).age))
  await advanceTime(app, 600)
  const page = await ask(900)
  const again = await tokens(await visitor.follow(await visitor.submit(page, { username: 'ada@example.com', password: PASSWORD })))
  t.ok(times(again).age < 30)
  t.ok(Math.abs(times(again).authTime - times(first).authTime - 1200) < 30)
  const later = async ({ refresh_token: refreshToken }: Tokens) => times((await token(
    app, { grant_type: 'refresh_token', refresh_token: refreshToken }, client.basic
  )).json<{ id_token: string }>())
  await advanceTime(app, HOUR)
  for (const each of [first, again]) t.equal((await later(each)).authTime, times(each).authTime, 'of each session')
})

t.test('a browser session ends when it is idle, and at its end in any case', async (t) => {
  const { app } = await build(t, { browserSessionTtl: 3 * HOUR, browserIdleTtl: HOUR })
  const visitor = await loggedIn(app)
  const status = async () => (await visitor.get('/account')).statusCode
  for (let times = 0; times < 3; times++) {
    t.equal(await status(), 200)
    await advanceTime(app, 55 * MINUTE)
  }
  t.equal(await status(), 200)
  await advanceTime(app, 20 * MINUTE)
  t.equal(await status(), 303, 'at its end')
  await visitor.submit(await visitor.get('/login'), { username: 'ada@example.com', password: PASSWORD })
  t.equal(await status(), 200)
  await advanceTime(app, 61 * MINUTE)
  t.equal(await status(), 303, 'idle')
})

t.test('a revocation is kept for as long as its tokens would be valid', async (t) => {
  const { app } = await build(t)
  const { access_token: accessToken } = await signedIn(app)
  const kept = async () => (await sql(app, 'SELECT FROM revocations WHERE expires_at > now()')).length
  await logout(app, accessToken)
  await advanceTime(app, HOUR - 10)
  t.same([(await profile(app, accessToken)).statusCode, await kept()], [401, 1])
  await advanceTime(app, HOUR)
  t.same([(await profile(app, accessToken)).statusCode, await kept()], [401, 0])
})

t.test('a device waits between polls, and its code expires', async (t) => {
  const { app } = await build(t)
  const { id } = await makeTv(app)
  const { device_code: code, interval, expires_in: lifetime } = await asked(app, { client_id: id })
  const error = async () => (await poll(app, id, code)).json<{ error: string }>().error
  t.same([await error(), await error()], ['authorization_pending', 'slow_down'])
  await advanceTime(app, interval + 5)
  t.equal(await error(), 'authorization_pending')
  await advanceTime(app, lifetime)
  t.equal(await error(), 'expired_token')
})

t.test('limits on guessing pass with their windows, in the database and in memory', async (t) => {
  const { app } = await build(t, ON)
  await register(app)
  t.same(await times(6, () => attempt(app)), [...all(5, 401), 429])
  t.equal((await rightly(app)).statusCode, 429)
  await advanceTime(app, MINUTE + 1)
  t.equal((await rightly(app)).statusCode, 200)

  const client = await makeClient(app, { grantTypes: ['client_credentials'] })
  const issue = (secret: string) => token(app, { grant_type: 'client_credentials', client_id: client.id, client_secret: secret })
  t.same(await times(31, () => issue('wrong')), [...all(30, 401), 429])
  t.equal((await issue(client.secret)).statusCode, 429)
  await advanceTime(app, MINUTE + 1)
  t.equal((await issue(client.secret)).statusCode, 200)
})

async function withToken (t: Test) {
  const { app } = await build(t)
  const { access_token: bearer } = await signedIn(app)
  return { app, bearer, made: await personalToken(app, bearer, { expires_in: 10 * DAY }) }
}

t.test('a personal access token expires, cached or not', async (t) => {
  const { app, made } = await withToken(t)
  await advanceTime(app, 10 * DAY - 1)
  t.equal((await profile(app, made.access_token)).statusCode, 200)
  await advanceTime(app, 2)
  t.equal((await profile(app, made.access_token)).statusCode, 401)
})

t.test('times are shown as they were', async (t) => {
  const { app, bearer, made } = await withToken(t)
  const shown = async (path: string) => (await call(app, 'GET', path, bearer)).json<Record<string, unknown>[]>()
  const [tokens, sessions] = [await shown('personal-access-tokens'), await shown('tokens')]
  const before = (await profile(app, made.access_token)).json()
  await advanceTime(app, 50 * MINUTE)
  t.same((await shown('personal-access-tokens')).map(({ expires_at: end }) => end), tokens.map(({ expires_at: end }) => end))
  t.same((await shown('tokens')).map(({ created_at: begin }) => begin), sessions.map(({ created_at: begin }) => begin))
  t.same((await profile(app, made.access_token)).json(), before)
})

import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import {
  eventually, login, logout, makeClient, PASSWORD, profile, refresh, signedIn, token,
  type Tokens
} from '../../support/start-server.ts'
import { age, auditEvents, eventTypes, refreshGrant, revocations, rotated, sessionId, sessionOf } from '../../support/session-rows.ts'

const build = sharedServers(t)

t.test('RFC 9700 section 4.14.2: reuse after the grace revokes the session in every process, and emits an event', async (t) => {
  const { app, databaseUrl, logs } = await build(t)
  const other = await build(t, { databaseUrl })
  const first = await signedIn(app)
  const second = await rotated(app, first.refresh_token)
  t.equal((await profile(other.app, second.access_token)).statusCode, 200)
  await rotated(app, second.refresh_token)
  await age(app, first, 31)

  t.equal((await refresh(app, first.refresh_token)).statusCode, 401)
  t.ok((await sessionOf(app, first)).revoked_at)
  for (const { access_token: accessToken } of [first, second]) {
    t.equal((await profile(app, accessToken)).statusCode, 401, 'at once in this process')
  }
  t.ok(await eventually(async () => (await profile(other.app, second.access_token)).statusCode === 401), 'in the other process')
  t.equal((await refresh(other.app, second.refresh_token)).statusCode, 401, 'the current token has ended, too')

  const { user_id: userId, client_id: clientId } = await sessionOf(app, first)
  t.same(await auditEvents(app), [{
    type: 'session.reused', user_id: userId, client_id: clientId, session_id: sessionId(first),
    ip: '127.0.0.1', user_agent: 'lightMyRequest'
  }])
  t.same((await revocations(app)).map(({ kind, subject }) => [kind, subject]), [['session', sessionId(first)]])
  t.match(logs(), /used again after its grace/)
})

t.test('reuse revokes one session, not the other sessions of the user', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const elsewhere = (await login(app)).json<Tokens>()
  await rotated(app, (await rotated(app, first.refresh_token)).refresh_token)
  await age(app, first, 31)
  await refresh(app, first.refresh_token)
  t.equal((await profile(app, elsewhere.access_token)).statusCode, 200)
  t.equal((await refresh(app, elsewhere.refresh_token)).statusCode, 200)
})

t.test('concurrent reuses are one revocation and one event', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  await rotated(app, (await rotated(app, first.refresh_token)).refresh_token)
  await age(app, first, 31)
  const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(app, first.refresh_token)))
  t.same([...new Set(answers.map(({ statusCode }) => statusCode))], [401])
  t.equal((await auditEvents(app)).length, 1)
  t.equal((await revocations(app)).length, 1)
})

t.test('the answer to a reuse is invalid_grant without details', async (t) => {
  const { app } = await build(t)
  await signedIn(app)
  const { basic } = await makeClient(app)
  const first = (await token(app, { grant_type: 'password', username: 'ada@example.com', password: PASSWORD }, basic)).json<Tokens>()
  await refreshGrant(app, (await refreshGrant(app, first.refresh_token, basic)).json<Tokens>().refresh_token, basic)
  await age(app, first, 31)
  const refused = { error: 'invalid_grant', error_description: 'The refresh token is invalid' }
  const answer = await refreshGrant(app, first.refresh_token, basic)
  t.equal(answer.statusCode, 400)
  t.same(answer.json(), refused)
  t.same((await refreshGrant(app, 'lk_rt_forged', basic)).json(), refused)
})

t.test('a replaced token is reuse whatever scope is requested', async (t) => {
  const { app } = await build(t, { scopes: { read: 'Read' } })
  await signedIn(app)
  const { basic } = await makeClient(app, { scopes: ['read'], defaultScopes: ['read'] })
  const first = (await token(app, { grant_type: 'password', username: 'ada@example.com', password: PASSWORD }, basic)).json<Tokens>()
  await refreshGrant(app, (await refreshGrant(app, first.refresh_token, basic)).json<Tokens>().refresh_token, basic)
  await age(app, first, 31)
  t.match((await refreshGrant(app, first.refresh_token, basic, { scope: 'write' })).json(), { error: 'invalid_grant' })
  t.ok((await sessionOf(app, first)).revoked_at)
})

t.test('OAuth 2.1 section 4.3.1: with REFRESH_GRACE=0 a refresh token is valid once', async (t) => {
  const { app } = await build(t, { refreshGrace: 0 })
  const first = await signedIn(app)
  const second = await rotated(app, first.refresh_token)
  const third = await rotated(app, second.refresh_token)
  t.equal((await refresh(app, second.refresh_token)).statusCode, 401)
  t.equal((await refresh(app, third.refresh_token)).statusCode, 401)
  t.same(await eventTypes(app), ['session.reused'])
})

t.test('with REFRESH_GRACE=0 at most one of several concurrent refreshes succeeds, and the session is revoked', async (t) => {
  const { app } = await build(t, { refreshGrace: 0 })
  await signedIn(app)
  for (let round = 0; round < 20; round++) {
    const first = (await login(app)).json<Tokens>()
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(app, first.refresh_token)))
    t.same(answers.map(({ statusCode }) => statusCode).sort(), [200, 401, 401, 401, 401, 401, 401, 401])
    t.ok((await sessionOf(app, first)).revoked_at)
  }
})

t.test('with REFRESH_GRACE=0 there is no grace even if the clock was set back after the rotation', async (t) => {
  const { app } = await build(t, { refreshGrace: 0 })
  const first = await signedIn(app)
  await rotated(app, first.refresh_token)
  await age(app, first, -1)
  t.equal((await refresh(app, first.refresh_token)).statusCode, 401)
})

t.test('refreshGrace of a client replaces that of the server', async (t) => {
  const { app } = await build(t)
  await signedIn(app)
  for (const { refreshGrace, seconds, status } of [
    { refreshGrace: 300, seconds: 299, status: 200 },
    { refreshGrace: 300, seconds: 301, status: 400 },
    { refreshGrace: 5, seconds: 4, status: 200 },
    { refreshGrace: 5, seconds: 6, status: 400 },
    { refreshGrace: 0, seconds: 0, status: 400 },
    { refreshGrace: null, seconds: 29, status: 200 },
    { refreshGrace: null, seconds: 31, status: 400 }
  ]) {
    const { basic } = await makeClient(app, { refreshGrace })
    const first = (await token(app, { grant_type: 'password', username: 'ada@example.com', password: PASSWORD }, basic)).json<Tokens>()
    const second = (await refreshGrant(app, first.refresh_token, basic)).json<Tokens>()
    if (refreshGrace !== 0) await refreshGrant(app, second.refresh_token, basic)
    await age(app, first, seconds)
    t.equal((await refreshGrant(app, first.refresh_token, basic)).statusCode, status, `grace ${refreshGrace}, after ${seconds} s`)
    t.equal((await sessionOf(app, first)).revoked_at === null, status === 200)
  }
})

t.test('RFC 9700 section 4.14.2: a replaced token is refused after a logout, and emits no event', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const second = await rotated(app, first.refresh_token)
  await logout(app, second.access_token)
  const [before, listed] = [await sessionOf(app, first), await revocations(app)]
  t.equal(listed.length, 1)
  for (const { refresh_token: refreshToken } of [first, second]) t.equal((await refresh(app, refreshToken)).statusCode, 401)
  await age(app, first, 31)
  t.equal((await refresh(app, first.refresh_token)).statusCode, 401, 'nor is it reuse later')
  t.same((await sessionOf(app, first)).revoked_at, before.revoked_at)
  t.equal((await sessionOf(app, first)).generation, 1)
  t.same(await auditEvents(app), [])
  t.same(await revocations(app), listed)
})

t.test('logging out with a replaced refresh token ends the session', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const second = await rotated(app, first.refresh_token)
  const out = await app.inject({ method: 'POST', url: '/v1/clients/web/logout', payload: { refresh_token: first.refresh_token } })
  t.equal(out.statusCode, 202)
  t.equal((await profile(app, second.access_token)).statusCode, 401)
  t.equal((await refresh(app, second.refresh_token)).statusCode, 401)
})

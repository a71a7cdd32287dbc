import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { profile, refresh, signedIn } from '../../support/start-server.ts'
import { pause } from '../../support/pause.ts'
import { age, eventTypes, rotated, sessionOf, sql } from '../../support/session-rows.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

t.test('a refresh whose answer was lost gets the same successor when it is repeated', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const { sessions } = internals(app).store
  const { rotate } = sessions
  sessions.rotate = async (...args) => {
    sessions.rotate = rotate
    await rotate(...args)
    throw new Error('the connection broke after the commit')
  }
  t.equal((await refresh(app, first.refresh_token)).statusCode, 500)
  const second = await rotated(app, first.refresh_token)
  t.equal((await sessionOf(app, first)).generation, 1, 'it was rotated once')
  await rotated(app, second.refresh_token)
})

t.test('a connection that is cut during a rotation is 503, and the token remains valid', async (t) => {
  const { app, databaseUrl } = await build(t)
  const first = await signedIn(app)
  const before = await sessionOf(app, first)
  const { reached, release } = await pause(t, databaseUrl, 'refresh')
  const answer = refresh(app, first.refresh_token)
  await reached()
  await sql(
    app,
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
  )
  const { statusCode, headers, body } = await answer
  t.equal(statusCode, 503, body)
  t.ok(headers['retry-after'])
  t.same(await sessionOf(app, first), before)
  await release()
  await rotated(app, first.refresh_token)
})

t.test('a reuse that cannot be recorded is refused, and recorded the next time', async (t) => {
  const { app } = await build(t)
  const first = await signedIn(app)
  const second = await rotated(app, first.refresh_token)
  await rotated(app, second.refresh_token)
  await age(app, first, 31)
  await sql(app, 'ALTER TABLE audit_events ADD CONSTRAINT none CHECK (false) NOT VALID')
  t.equal((await refresh(app, first.refresh_token)).statusCode, 500)
  t.equal((await profile(app, second.access_token)).statusCode, 200)
  await sql(app, 'ALTER TABLE audit_events DROP CONSTRAINT none')
  t.equal((await refresh(app, first.refresh_token)).statusCode, 401)
  t.equal((await profile(app, second.access_token)).statusCode, 401)
  t.same(await eventTypes(app), ['session.reused'])
})

import t from 'tap'
import { call, personalToken, type Method } from '../../support/machines.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { profile, signedIn, token, basic } from '../../support/start-server.ts'
import { sessionId, sql } from '../../support/session-rows.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

type Made = { id: string, secret: string }

t.test('an id of another user is 404 on every route, and nothing of that user changes', async (t) => {
  const { app } = await build(t)
  const ada = await signedIn(app)
  const eve = await signedIn(app, { email: 'eve@example.com' })
  const { access_token: text, token: { id: tokenId } } = await personalToken(app, ada.access_token)
  const client = (
    await call(app, 'POST', 'clients', ada.access_token, { name: 'Hers', redirect: 'https://app.example.com/cb' })
  ).json<Made>()
  const browser =
    (await internals(app).sessions.browser.start({ userId: ada.user.id, passwordStamp: 0 }, true, {
      ip: '203.0.113.5',
      userAgent: undefined
    }))!
  const operators = (await internals(app).store.clients.findBySlug('web'))!

  const ids = [sessionId(ada), browser.session.id, tokenId, client.id, ada.user.id, operators.id]
  const routes: [Method, (id: string) => string, object?][] = [
    ['DELETE', (id) => `tokens/${id}`],
    ['DELETE', (id) => `personal-access-tokens/${id}`],
    ['DELETE', (id) => `clients/${id}`],
    ['PUT', (id) => `clients/${id}`, { name: 'Mine now', redirect: 'https://evil.example/cb' }],
    ['POST', (id) => `clients/${id}/secret`, { overlap: 60 }]
  ]
  const before = await state(app)
  for (const id of ids) {
    for (const [method, path, body] of routes) {
      t.match(
        (await call(app, method, path(id), eve.access_token, body)).json(),
        { statusCode: 404, code: 'LK_NOT_FOUND' },
        `${method} ${path(id)}`
      )
    }
  }
  t.same(await state(app), before)
  t.equal((await profile(app, ada.access_token)).statusCode, 200)
  t.equal((await profile(app, text)).statusCode, 200)
  t.ok(await internals(app).sessions.browser.find(browser.token))
  t.match((await token(app, { grant_type: 'refresh_token', refresh_token: 'x' }, basic(client.id, client.secret))).json(), {
    error: 'invalid_grant'
  })

  for (const path of ['tokens', 'clients', 'personal-access-tokens']) {
    const { body } = await call(app, 'GET', path, eve.access_token)
    for (const id of ids.filter((id) => id !== operators.id)) t.notMatch(body, id, path)
  }
})

t.test('a malformed id is 404', async (t) => {
  const { app } = await build(t)
  const { access_token: bearer } = await signedIn(app)
  for (const id of ['x', '%00', '01a20dc8-810d-76f8-8b1d-e68fcfd5f89b', 'lk_client_nobody', "'%20OR%201=1", '..%2f..']) {
    for (const path of ['tokens', 'clients', 'personal-access-tokens']) {
      t.equal((await call(app, 'DELETE', `${path}/${id}`, bearer)).statusCode, 404, `${path}/${id}`)
    }
  }
})

const state = (app: Parameters<typeof sql>[0]) =>
  sql(
    app,
    `SELECT md5(string_agg(row, ',' ORDER BY row)) AS state FROM (
  SELECT c::text AS row FROM clients c UNION ALL SELECT s::text FROM sessions s UNION ALL SELECT b::text FROM browser_sessions b UNION ALL SELECT (to_jsonb(p) - 'last_used_at')::text FROM personal_access_tokens p) AS all_rows`
  )

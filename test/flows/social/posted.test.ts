import t, { type Test } from 'tap'
import { lintErrors } from '../../support/lint-openapi.ts'
import { build } from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'
import { CLIENT, postAnswer, startUpstream, throughForm } from '../../support/upstream.ts'
import { visit } from '../../support/visitor.ts'

const ADA = { sub: 'ada-at-acme', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' }
const CALLBACKS = ['acme', 'other', 'plain'].map((name) => `http://localhost:3000/v1/auth/${name}/callback`)

async function world (t: Test) {
  const upstream = await startUpstream(t, CALLBACKS)
  const provider = { ...CLIENT, issuer: upstream.issuer }
  const { app, logs } = await build(t, {
    social: { acme: { ...provider, responseMode: 'form_post' }, other: { ...provider, responseMode: 'form_post' }, plain: provider }
  })
  const form = async (visitor = visit(app)) => await throughForm(await visitor.get('/v1/auth/acme/redirect'), ADA, upstream)
  return { app, logs, upstream, form }
}

const sessions = async (app: Parameters<typeof sql>[0]) => (await sql(app, 'SELECT FROM browser_sessions')).length
const expired = (answer: { statusCode: number, body: string }) => [answer.statusCode, /took too long|used already/.test(answer.body)]

t.test('a provider of your own posts its answer, from another site; nothing of it is in an address, a log line or, in clear, in the database', async (t) => {
  const { app, logs, form } = await world(t)
  const visitor = visit(app)
  const { path, fields } = await form(visitor)
  t.match(fields, { code: /./, iss: /^http/, state: /^lk_ot_/ })
  const posted = await postAnswer(visitor, { path, fields: { ...fields, user: 'Grace', extra: 'x' } }, 'null')
  t.match([posted.statusCode, posted.headers.location], [303, `/v1/auth/acme/callback?state=${fields['state']}`])
  t.match(posted.headers['cache-control'], 'no-store')
  const [row] = await sql<{ payload: { answer: string } }>(app, "SELECT payload FROM one_time_tokens WHERE purpose = 'upstream'")
  t.match(row!.payload.answer, /^[\w-]+$/)
  const answer = await visitor.get(posted.headers.location!)
  t.match([answer.statusCode, answer.headers.location], [303, '/account'])
  for (const secret of [fields['code']!, fields['state']!, 'Grace']) {
    t.notOk(logs().includes(secret))
    t.notOk(JSON.stringify(row).includes(secret))
  }
})

t.test('an answer counts once: the first that is posted, in the browser that asked', async (t) => {
  const { app, form, upstream } = await world(t)
  const visitor = visit(app)
  const first = await form(visitor)
  await postAnswer(visitor, first)
  const stored = async () => await sql(app, "SELECT payload FROM one_time_tokens WHERE purpose = 'upstream' ORDER BY hash")
  const before = await stored()
  await postAnswer(visit(app), { ...first, fields: { ...first.fields, code: 'another' } })
  t.same(await stored(), before, 'the first one stays')

  const again = await postAnswer(visitor, first)
  t.equal(again.statusCode, 303, 'a browser may post twice')
  const done = await visitor.get(again.headers.location!)
  t.match([done.statusCode, done.headers.location], [303, '/account'])

  const replayed = await postAnswer(visitor, first)
  t.same(expired(await visitor.get(replayed.headers.location!)), [400, true])
  t.same(await stored(), [], 'a replay keeps nothing')
  t.equal(await sessions(app), 1)
  t.equal(upstream.person, ADA)
})

t.test('another browser does not get in with an answer', async (t) => {
  const { app, form } = await world(t)
  const [victim, attacker] = [visit(app), visit(app)]
  await victim.get('/v1/auth/acme/redirect')
  const posted = await postAnswer(victim, await form(attacker))
  t.same(expired(await victim.get(posted.headers.location!)), [400, true], 'the login of the attacker, posted by the browser of another one')
  t.equal(await sessions(app), 0)
})

t.test('who starts a login and has somebody else finish it at the provider does not get in', async (t) => {
  const { app, upstream, form } = await world(t)
  const [victim, attacker] = [visit(app), visit(app)]
  const { path, fields } = await form(attacker)
  // The browser of Ada, who is logged in at the provider, has followed the address of the attacker
  const posted = await postAnswer(victim, { path, fields })
  const state = posted.headers.location!
  t.same(expired(await attacker.get(state)), [400, true])
  t.same(expired(await victim.get(state)), [400, true])
  t.equal(await sessions(app), 0)
  t.equal(upstream.person, ADA)
})

t.test('a forged answer without a login keeps nothing, and is told apart from no other', async (t) => {
  const { app } = await world(t)
  const visitor = visit(app)
  for (const fields of [{}, { state: 'x', code: 'y' }, { state: `lk_ot_${'A'.repeat(43)}`, code: 'y' }, { state: 'x'.repeat(101), code: 'y' }] as Record<string, string>[]) {
    const posted = await postAnswer(visitor, { path: '/v1/auth/acme/callback', fields }, 'https://evil.example')
    t.equal(posted.statusCode, 303)
    t.equal(posted.headers.location, `/v1/auth/acme/callback${fields['state'] && fields['state'].length <= 100 ? `?state=${fields['state']}` : ''}`)
    t.same(expired(await visitor.get(posted.headers.location!)), [400, true])
  }
  t.same(await sql(app, 'SELECT FROM one_time_tokens'), [])
})

t.test('an answer of another provider (mix-up) or another issuer is refused', async (t) => {
  const { app, form } = await world(t)
  const visitor = visit(app)
  const { path, fields } = await form(visitor)
  const other = await postAnswer(visitor, { path: path.replace('acme', 'other'), fields })
  t.same(expired(await visitor.get(other.headers.location!)), [400, true])
  const wrong = await postAnswer(visitor, { path, fields: { ...fields, iss: 'https://evil.example' } })
  t.match(await visitor.get(wrong.headers.location!), { statusCode: 401, body: /has failed/ })
  t.equal(await sessions(app), 0)
})

t.test('an answer in the address of a provider that was asked to post it is refused, also with the right code', async (t) => {
  const { app, form, logs } = await world(t)
  const visitor = visit(app)
  const { path, fields } = await form(visitor)
  const answer = await visitor.get(`${path}?${new URLSearchParams(fields as Record<string, string>)}`)
  t.match([answer.statusCode, answer.body], [401, /has failed/])
  t.match(logs(), 'the answer has not come in the response mode that was asked for')
  t.equal(await sessions(app), 0)
  const posted = await postAnswer(visitor, { path, fields })
  t.same(expired(await visitor.get(posted.headers.location!)), [400, true], 'the login is over')
})

t.test('an answer that is too long, or no form, is refused', async (t) => {
  const { app, form } = await world(t)
  const visitor = visit(app)
  const { path, fields } = await form(visitor)
  const long = await postAnswer(visitor, { path, fields: { ...fields, user: 'x'.repeat(70_000) } })
  t.equal(long.statusCode, 413)
  const json = await app.inject({ method: 'POST', url: path, payload: fields })
  t.equal(json.statusCode, 415)
  const kept = await postAnswer(visitor, { path, fields: { ...fields, user: 'x'.repeat(10_000) } })
  const [row] = await sql<{ length: number }>(app, "SELECT length(payload->>'answer') FROM one_time_tokens WHERE purpose = 'upstream'")
  t.ok(row!.length < 2000, 'what is too long is left out')
  t.equal((await visitor.get(kept.headers.location!)).headers.location, '/account')
})

t.test('only a provider that posts has the route', async (t) => {
  const { app, upstream } = await world(t)
  for (const name of ['plain', 'unknown']) t.equal((await postAnswer(visit(app), { path: `/v1/auth/${name}/callback`, fields: {} })).statusCode, 404, name)
  const { app: without } = await build(t, { social: { acme: { ...CLIENT, issuer: upstream.issuer } } })
  t.equal((await postAnswer(visit(without), { path: '/v1/auth/acme/callback', fields: {} })).statusCode, 404)
  t.notOk(without.hasRoute({ method: 'POST', url: '/v1/auth/:provider/callback' }))
})

t.test('the route is in the document, which is valid', async (t) => {
  const { app } = await world(t)
  const document = (await app.inject('/docs/json')).json<{ paths: Record<string, Record<string, { requestBody?: object }>> }>()
  t.match(document.paths['/v1/auth/{provider}/callback'], {
    get: {}, post: { requestBody: { content: { 'application/x-www-form-urlencoded': { schema: { properties: { code: {}, state: {}, user: {} } } } } } }
  })
  t.same(await lintErrors(document), [])
})

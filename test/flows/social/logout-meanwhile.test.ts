import t, { type Test } from 'tap'
import { tokensOf } from '../../support/app-upstream.ts'
import { startLogoutUpstream } from '../../support/logout-upstream.ts'
import { sql } from '../../support/session-rows.ts'
import { build, type Tokens } from '../../support/start-server.ts'
import { CLIENT, logInUpstream } from '../../support/upstream.ts'
import { visit, type Visitor } from '../../support/visitor.ts'

const ADA = { sub: 'ada-at-acme', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' }

/** `meanwhile` runs between the answer of the provider and the session here. */
async function world (t: Test) {
  const upstream = await startLogoutUpstream(t)
  const hook: { meanwhile?: ((claims: Record<string, unknown>) => Promise<void>) | undefined } = {}
  const { app } = await build(t, {
    social: { acme: { ...CLIENT, issuer: upstream.issuer, label: 'Acme' } },
    onUpstreamLogin: async ({ claims }) => { await hook.meanwhile?.(claims) }
  })
  const tell = async (claims: object) => (await app.inject({
    method: 'POST', url: '/v1/auth/acme/backchannel-logout', headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: String(new URLSearchParams({ logout_token: await upstream.sign(claims) }))
  })).statusCode
  return { app, upstream, hook, tell }
}

const isIn = async (visitor: Visitor) => (await visitor.get('/account')).statusCode === 200

t.test('a login that is over at the provider before its session is created here creates none', async (t) => {
  const { app, upstream, hook, tell } = await world(t)
  const first = visit(app)
  t.equal((await logInUpstream(first, upstream, ADA)).statusCode, 303)
  const cases: [string, (sid: unknown) => object][] = [
    ['of the user', () => ({ sub: ADA.sub })], ['of the session', (sid) => ({ sid })], ['of both', (sid) => ({ sub: ADA.sub, sid })]
  ]
  for (const [what, claims] of cases) {
    const visitor = visit(app)
    hook.meanwhile = async ({ sid }) => { t.equal(await tell(claims(sid)), 200) }
    t.equal((await logInUpstream(visitor, upstream, ADA)).statusCode, 401, what)
    t.notOk(await isIn(visitor), what)
    hook.meanwhile = undefined
    t.equal((await logInUpstream(visitor, upstream, ADA)).statusCode, 303, `the next login is one: ${what}`)
    t.ok(await isIn(visitor))
  }
  for (const claims of [{ sub: ADA.sub, sid: 'another' }, { sub: 'grace-at-acme' }, { sid: 'another' }]) {
    const visitor = visit(app)
    hook.meanwhile = async () => { t.equal(await tell(claims), 200) }
    await logInUpstream(visitor, upstream, ADA)
    t.ok(await isIn(visitor), `another login: ${JSON.stringify(claims)}`)
  }
})

t.test('a login that is over at the provider while something is still asked for here does not go on', async (t) => {
  const { app, upstream, tell } = await world(t)
  const visitor = visit(app)
  await logInUpstream(visitor, upstream, ADA)
  await sql(app, 'UPDATE users SET deletion_requested_at = now()')
  const returning = visit(app)
  const page = await returning.follow(await logInUpstream(returning, upstream, ADA))
  t.match(page.body, /[Rr]estore/)
  t.equal(await tell({ sub: ADA.sub }), 200)
  await returning.submit(page, { decision: 'restore' })
  t.notOk(await isIn(returning))
})

t.test('an id token that was issued before the logout opens nothing afterwards', async (t) => {
  const { app, upstream, tell } = await world(t)
  const [before, { id_token: later }] = [await tokensOf(upstream, ADA), await tokensOf(upstream, ADA)]
  const enter = async (idToken: string) => await app.inject({ method: 'POST', url: '/v1/auth/acme', payload: { client: 'web', id_token: idToken } })
  t.ok((await enter(before.id_token)).json<Tokens>().access_token)
  t.equal(await tell({ sub: ADA.sub }), 200)
  t.match((await enter(later)).json(), { code: 'LK_INVALID_CREDENTIALS' })
})

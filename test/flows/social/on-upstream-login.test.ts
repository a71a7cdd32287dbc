import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { EmailSchema, PhoneSchema, UsernameSchema, type OnUpstreamLogin, type UpstreamLogin } from '../../../src/index.ts'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import { APP_CALLBACK, codeOf, startAppUpstream } from '../../support/app-upstream.ts'
import { build } from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'
import { CLIENT, logInUpstream } from '../../support/upstream.ts'
import { visit } from '../../support/visitor.ts'

const ADA = { sub: 'ada-at-acme', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' }

async function world (t: Test, onUpstreamLogin: OnUpstreamLogin, options: Partial<AppOptions> = {}) {
  const upstream = await startAppUpstream(t)
  const { app, logs } = await build(t, {
    login: { attributes: { email: EmailSchema, phone: PhoneSchema, username: UsernameSchema } }, onUpstreamLogin, ...options,
    social: { acme: { ...CLIENT, issuer: upstream.issuer, label: 'Acme', redirectUris: [APP_CALLBACK] } }
  })
  const byApp = async (person = ADA) =>
    await app.inject({ method: 'POST', url: '/v1/auth/acme', payload: { client: 'web', ...await codeOf(upstream, person) } })
  const byPage = async (person = ADA) => await logInUpstream(visit(app), upstream, person)
  const identifiers = () => sql(app, 'SELECT attribute, value, verified_at IS NOT NULL AS verified FROM identifiers ORDER BY attribute, value')
  return { app, logs, byApp, byPage, identifiers }
}

t.test('the hook sees who has logged in at a provider, and what it says; without an answer nothing changes', async (t) => {
  const seen: UpstreamLogin[] = []
  const { byApp, byPage, identifiers } = await world(t, (login) => { seen.push(login) })
  t.equal((await byPage()).statusCode, 303)
  t.equal((await byApp()).statusCode, 200)
  t.equal(seen.length, 2, 'at each login')
  for (const login of seen) {
    t.match(login, {
      provider: 'acme', subject: ADA.sub, email: ADA.email, emailVerified: true, name: ADA.name, claims: { sub: ADA.sub, aud: CLIENT.clientId }, ip: '127.0.0.1'
    })
  }
  t.same(await identifiers(), [{ attribute: 'email', value: ADA.email, verified: true }])
})

t.test('a reason of the host is shown, whoever it is, and nothing is written', async (t) => {
  let isClosed = true
  const { app, byApp, byPage } = await world(t, ({ claims }) => isClosed ? { reason: `Not in <b>our</b> group, ${String(claims['sub'])}.` } : undefined)
  const page = await byPage()
  t.match([page.statusCode, page.body], [401, 'Not in &lt;b>our&lt;/b> group, ada-at-acme.'])
  const refused = [403, { code: 'LK_LOGIN_REFUSED', message: 'Not in <b>our</b> group, ada-at-acme.' }]
  const answer = await byApp()
  t.match([answer.statusCode, answer.json()], refused)
  t.same([await sql(app, 'SELECT FROM users'), await sql(app, 'SELECT FROM social_accounts')], [[], []])
  isClosed = false
  t.equal((await byApp()).statusCode, 200)
  isClosed = true
  const known = await byApp()
  t.match([known.statusCode, known.json()], refused, 'nor a user who has logged in before')
  t.equal((await byPage()).statusCode, 401)
})

t.test('what the host returns is used instead: a new user gets it, with the attributes that nobody has', async (t) => {
  const { app, byApp, identifiers } = await world(t, ({ subject }) => ({
    email: `${subject}@Northwind.com`, emailVerified: true, name: 'Countess', attributes: { username: 'countess', phone: '+49 170 1234567' },
    profile: { company: 'Engines' }
  }), { profile: Type.Object({ company: Type.String() }) })
  t.equal((await byApp()).statusCode, 200)
  t.same(await identifiers(), [
    { attribute: 'email', value: 'ada-at-acme@northwind.com', verified: true },
    { attribute: 'phone', value: '+491701234567', verified: false },
    { attribute: 'username', value: 'countess', verified: false }
  ])
  t.same(await sql(app, 'SELECT name, profile FROM users'), [{ name: 'Countess', profile: { company: 'Engines' } }])
  t.equal((await byApp({ ...ADA, sub: 'grace-at-acme' })).statusCode, 200)
  t.same((await identifiers()).filter(({ attribute }) => attribute !== 'email').length, 2, 'Grace has neither the name nor the number of Ada')
})

t.test('another address is verified only by the word of the host', async (t) => {
  const { app, byPage, identifiers } = await world(t, () => ({ email: 'boss@example.com', name: undefined }))
  t.equal((await byPage()).statusCode, 303)
  t.same(await identifiers(), [], 'the provider vouches for another one')
  t.same(await sql(app, 'SELECT name FROM users'), [{ name: ADA.name }], 'undefined changes nothing')
})

t.test('a hook that fails, takes too long or returns what cannot be used: 503, its member in the log, and nothing is written', async (t) => {
  const hooks: Record<string, [hook: unknown, why: RegExp]> = {
    throws: [() => { throw new Error('broken') }, /broken/],
    slow: [async () => { await sleep(1500) }, /longer than 1000 ms/],
    'no object': ['yes', /onUpstreamLogin returns nothing/],
    'empty reason': [{ reason: '' }, /reason, which cannot/],
    'unknown member': [{ roles: ['admin'] }, /roles, which cannot/],
    'the address as an attribute': [{ attributes: { email: 'eve@example.com' } }, /attributes\.email, which cannot/],
    'unknown attribute': [{ attributes: { badge: 'E1' } }, /attributes\.badge, which the option login\.attributes does not have/],
    'bad attribute': [{ attributes: { phone: 'secret' } }, /attributes\.phone/],
    'unknown field': [{ profile: { level: 3 } }, /profile, which the option profile does not have/]
  }
  for (const [name, [hook, why]] of Object.entries(hooks)) {
    const { app, logs, byApp, byPage } = await world(t, (typeof hook === 'function' ? hook : () => hook) as OnUpstreamLogin)
    const answer = await byApp()
    t.match([answer.statusCode, answer.json()], [503, { code: 'LK_LOGIN_UNAVAILABLE' }], name)
    t.equal((await byPage()).statusCode, 503, name)
    t.match(logs(), why, name)
    t.notMatch(logs(), 'secret', name)
    t.same(await sql(app, 'SELECT FROM users'), [], name)
  }
})

t.test('what is no function is refused at the start', async (t) => {
  await t.rejects(build(t, { onUpstreamLogin: 'x' as never }), /onUpstreamLogin.*must be a function/)
})

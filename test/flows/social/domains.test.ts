import t from 'tap'
import { createUser } from '../../../src/testing/users.ts'
import { build, login, PASSWORD, register } from '../../support/start-server.ts'
import { EmailSchema, UsernameSchema } from '../../../src/index.ts'
import { startAppUpstream, tokensOf } from '../../support/app-upstream.ts'
import { sql } from '../../support/session-rows.ts'
import { CLIENT, startUpstream } from '../../support/upstream.ts'
import { logIn, visit } from '../../support/visitor.ts'

t.test('people of a domain log in at its provider; where that is required, their passwords count for nothing', async (t) => {
  const upstream = await startUpstream(t, ['http://localhost:3000/v1/auth/northwind/callback', 'http://localhost:3000/v1/auth/contoso/callback'])
  const { app } = await build(t, {
    social: {
      northwind: { ...CLIENT, issuer: upstream.issuer, domains: ['northwind.com'], required: true },
      contoso: { ...CLIENT, issuer: upstream.issuer, domains: ['contoso.com'] }
    }
  })
  for (const email of ['ada@northwind.com', 'ada@contoso.com', 'ada@example.com']) await createUser(app, { email })
  const visitor = visit(app)
  t.notMatch((await visitor.get('/login')).headers['content-security-policy'], 'form-action', 'the form goes on to another site')

  const [password] = /<input[^>]* name="password"[^>]*>/.exec((await visitor.get('/login')).body)!
  t.notMatch(password, 'required', 'a browser sends the form without a password')

  for (const username of ['ada@northwind.com', 'nobody@NORTHWIND.com ']) {
    const sent = await logIn(visitor, '/login?return_to=%2Faccount%2Fsecurity', { username })
    t.match([sent.statusCode, sent.headers.location], [303,
      `/v1/auth/northwind/redirect?${new URLSearchParams({ login_hint: username.trim(), return_to: '/account/security' })}`], 'whether or not there is an account')
    const started = await visitor.get(sent.headers.location!)
    t.equal(new URL(started.headers.location!).searchParams.get('login_hint'), username.trim())
  }
  for (const username of ['ada＠northwind.com', 'ada@ＮＯＲＴＨＷＩＮＤ.com', 'ada@northwind。com', 'ada@northwind．com', ' ada+news@northwind.com', 'ada@northwind.com\u3000']) {
    const { headers } = await logIn(visitor, '/login', { username })
    t.match(headers.location, /^\/v1\/auth\/northwind\/redirect/, `${username} is the same domain`)
  }
  t.equal((await login(app, { email: 'ada@northwind.com' })).statusCode, 401, 'nor by API')
  t.equal((await login(app, { email: 'ada@contoso.com' })).statusCode, 200)
  t.match((await logIn(visit(app), '/login', { username: 'ada@contoso.com', password: '' })).headers.location, '/v1/auth/contoso/redirect')
  t.match((await logIn(visit(app), '/login', { username: 'ada@contoso.com', password: PASSWORD })).headers.location, '/account')
  t.match((await logIn(visit(app), '/login', { username: 'ada@sub.northwind.com' })).statusCode, 401, 'another domain')
  t.equal((await login(app, { email: 'ada@example.com' })).statusCode, 200)
})

t.test('where a provider is required, no other identifier of its people opens their account with a password', async (t) => {
  const upstream = await startUpstream(t, ['http://localhost:3000/v1/auth/northwind/callback'])
  const { app } = await build(t, {
    login: { attributes: { email: EmailSchema, username: UsernameSchema } },
    social: { northwind: { ...CLIENT, issuer: upstream.issuer, domains: ['northwind.com'], required: true } }
  })
  await createUser(app, { email: 'ada@northwind.com', username: 'ada' })
  await register(app, { email: 'bob@example.com', username: 'bobby' })
  t.equal((await login(app, { username: 'ada' })).statusCode, 401)
  t.equal((await logIn(visit(app), '/login', { username: 'ada' })).statusCode, 401)
  t.equal((await login(app, { username: 'bobby' })).statusCode, 200)
})

t.test('where a provider is required, no other one lets its people in, joins their account or creates one', async (t) => {
  const upstream = await startAppUpstream(t)
  const { app } = await build(t, {
    login: { attributes: { email: EmailSchema, username: UsernameSchema } },
    social: {
      northwind: { ...CLIENT, issuer: upstream.issuer, domains: ['northwind.com'], required: true },
      acme: { ...CLIENT, issuer: upstream.issuer }
    }
  })
  const enter = async (provider: string, person: object) => {
    const { id_token: idToken } = await tokensOf(upstream, { sub: 'ada', email: 'ada@northwind.com', email_verified: true, ...person })
    const answer = await app.inject({ method: 'POST', url: `/v1/auth/${provider}`, payload: { client: 'web', id_token: idToken } })
    return [answer.statusCode, answer.json<{ code?: string }>().code]
  }
  const ways = async () => (await sql<{ provider: string }>(app, 'SELECT provider FROM social_accounts ORDER BY provider')).map(({ provider }) => provider)
  t.same(await enter('acme', {}), [403, 'LK_NO_ACCOUNT'], 'nobody is created')
  t.equal((await sql(app, 'SELECT FROM users')).length, 0)
  t.same(await enter('northwind', {}), [200, undefined])
  t.same(await enter('acme', {}), [403, 'LK_NO_ACCOUNT'], 'nobody is joined')
  t.same(await ways(), ['northwind'])
  await sql(app, "INSERT INTO social_accounts (provider, subject, user_id) SELECT 'acme', 'ada', id FROM users")
  t.same(await enter('acme', { email: 'ada@home.example' }), [403, 'LK_NO_ACCOUNT'], 'nor by a way in from before')
  t.same(await enter('northwind', {}), [200, undefined])
  t.same(await enter('acme', { sub: 'eve', email: 'eve@example.com' }), [200, undefined], 'other people')
})

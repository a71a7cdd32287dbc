import t from 'tap'
import { build, login, PASSWORD, register } from '../../support/start-server.ts'
import { EmailSchema, UsernameSchema } from '../../../src/index.ts'
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
  for (const email of ['ada@northwind.com', 'ada@contoso.com', 'ada@example.com']) await register(app, { email })
  const visitor = visit(app)
  t.notMatch((await visitor.get('/login')).headers['content-security-policy'], 'form-action', 'the form goes on to another site')

  for (const username of ['ada@northwind.com', 'nobody@NORTHWIND.com ']) {
    const sent = await logIn(visitor, '/login?return_to=%2Faccount%2Fsecurity', { username })
    t.match([sent.statusCode, sent.headers.location], [303,
      `/v1/auth/northwind/redirect?${new URLSearchParams({ login_hint: username.trim(), return_to: '/account/security' })}`], 'whether or not there is an account')
    const started = await visitor.get(sent.headers.location!)
    t.equal(new URL(started.headers.location!).searchParams.get('login_hint'), username.trim())
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
  await register(app, { email: 'ada@northwind.com', username: 'ada' })
  await register(app, { email: 'bob@example.com', username: 'bobby' })
  t.equal((await login(app, { username: 'ada' })).statusCode, 401)
  t.equal((await logIn(visit(app), '/login', { username: 'ada' })).statusCode, 401)
  t.equal((await login(app, { username: 'bobby' })).statusCode, 200)
})

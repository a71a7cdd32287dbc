import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { claimsOf, register, token, type Tokens } from '../../support/start-server.ts'
import { authorizeUrl, CALLBACK, loggedIn, logIn, makeApp, paramsOf, VERIFIER, visit } from '../../support/visitor.ts'

const build = sharedServers(t)

t.test("pages have the operator's name, logo and color", async (t) => {
  const { app } = await build(t, { brand: { name: 'Northwind <& Sons>', logo: '/logo.svg', color: '#00695c' } })
  const page = await visit(app).get('/login')
  t.match(page.body, '<title>Log in · Northwind &lt;&amp; Sons></title>')
  t.match(page.body, '<img src="/logo.svg" alt=""/>')
  const css = await app.inject(/href="(\/assets\/[^"]+)"/.exec(page.body)![1]!)
  t.match(css.body, '--accent: #00695c')
})

t.test('brand.colour sets brand.color, and the log warns of the former name', async (t) => {
  const { app, logs } = await build(t, { brand: { colour: '#00695c' } })
  const page = await visit(app).get('/login')
  t.match((await app.inject(/href="(\/assets\/[^"]+)"/.exec(page.body)![1]!)).body, '--accent: #00695c')
  t.equal(logs().split('brand.colour is deprecated').length, 2, 'once')
})

t.test('a logo of another site or an invalid color stops the start', async (t) => {
  for (const [brand, message] of [
    [{ logo: 'https://cdn.example/logo.svg' }, /pages load nothing from other sites/],
    [{ color: 'teal' }, /write it as #rrggbb/],
    [{ nam: 'x' }, /brand\.nam/]
  ] as const) {
    await t.rejects(build(t, { brand } as object), { message })
  }
})

t.test('a view of the host gets the model of the page and the reply', async (t) => {
  const { app } = await build(t, {
    views: {
      login: (model, reply) => {
        reply.header('content-security-policy', "default-src 'self'")
        return `<h1>Mine for ${model.app ?? 'nobody'}</h1><form method="post" action="${model.action}"><input type="hidden" name="${model.csrf.name}" value="${model.csrf.value}"/></form>`
      },
      loggedOut: async (_model, reply) => reply.send('sent by the view'),
      account: (() => undefined) as never
    }
  })
  await register(app)
  const visitor = visit(app)
  const page = await visitor.get('/login')
  t.match(page.headers, {
    'content-type': 'text/html; charset=utf-8', 'content-security-policy': "default-src 'self'", 'cache-control': 'no-store'
  })
  t.match(page.body, '<h1>Mine for nobody</h1>')
  t.equal((await logIn(visitor)).statusCode, 303, 'and it logs in')
  t.equal((await visit(app).get('/logout')).body, 'sent by the view')
  t.equal((await visitor.get('/account')).statusCode, 500, 'a view that gives nothing is an error, not an empty page')
  t.match((await visitor.get('/register?return_to=%2Fx')).body, 'Create an account', 'the others stay')
})

t.test('a host adds a language, and changes texts of the built-in ones', async (t) => {
  const { app } = await build(t, { languages: { nl: { login: { title: 'Inloggen' } }, en: { login: { title: 'Come in' } } } })
  const dutch = await visit(app, { 'accept-language': 'nl-BE, en;q=0.5' }).get('/login')
  t.match(dutch.body, '<html lang="nl-BE"')
  t.match(dutch.body, '<h1>Inloggen</h1>')
  t.match(dutch.body, 'Password', 'what is missing stays English')
  const english = await visit(app).get('/login')
  t.match(english.body, '<h1>Come in</h1>')
  t.match(english.body, 'Create an account')
  t.same(
    (await app.inject('/.well-known/openid-configuration')).json<{ ui_locales_supported: string[] }>().ui_locales_supported,
    ['en', 'de', 'fr', 'nl']
  )
})

t.test('with SCOPE_INHERITANCE a scope includes those below it, on the consent page and in the token', async (t) => {
  const scopes = {
    orders: 'Manage your orders', 'orders:read': 'See your orders', 'orders:read:old': 'See your old orders',
    ordersx: 'Something else'
  }
  const { app } = await build(t, { scopes, scopeInheritance: 'on' })
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { scopes: ['orders'] })
  const consent = await visitor.get(authorizeUrl(client.id, { scope: 'orders' }))
  for (const text of ['Manage your orders', 'See your orders', 'See your old orders']) t.match(consent.body, text)
  t.notMatch(consent.body, 'Something else')
  const { code } = paramsOf(await visitor.submit(consent, { decision: 'allow' }))
  const tokens =
    (await token(app, { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER }, client.basic))
      .json<Tokens>()
  t.equal(tokens.scope, 'orders orders:read orders:read:old')
  t.match(
    paramsOf(await visitor.get(authorizeUrl(client.id, { scope: 'orders:read' }))),
    { code: /^lk_ac_/ },
    'what is below counts as allowed'
  )
  const narrowed = await token(
    app,
    { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, scope: 'orders:read' },
    client.basic
  )
  t.equal(claimsOf(narrowed.json<Tokens>().access_token)['scope'], 'orders:read')
  t.match(paramsOf(await visitor.get(authorizeUrl(client.id, { scope: 'ordersx' }))), { error: 'invalid_scope' })
})

t.test('without SCOPE_INHERITANCE a scope includes no other', async (t) => {
  const { app } = await build(t, { scopes: { orders: 'Manage your orders', 'orders:read': 'See your orders' } })
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { scopes: ['orders'] })
  t.match(paramsOf(await visitor.get(authorizeUrl(client.id, { scope: 'orders:read' }))), { error: 'invalid_scope' })
  t.notMatch((await visitor.get(authorizeUrl(client.id, { scope: 'orders' }))).body, 'See your orders')
})

import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { PASSWORD, register } from '../../support/start-server.ts'
import { CLIENT, startUpstream } from '../../support/upstream.ts'
import { authorizeUrl, formOf, makeApp, visit, type Answer } from '../../support/visitor.ts'

const build = sharedServers(t)

const ADA = 'ada@example.com'
const FIRST = { login: { identifierFirst: 'on' as const } }
const bare = ({ body }: Answer) => body.replace(/name="_csrf" value="[^"]*"/g, '').replaceAll('nobody@example.com', ADA)

t.test('the login page asks first who logs in, and then for the password, whether or not there is an account', async (t) => {
  const { app } = await build(t, FIRST)
  await register(app)
  const pages = []
  for (const username of [ADA, 'nobody@example.com']) {
    const visitor = visit(app)
    const first = await visitor.get('/login?return_to=%2Faccount%2Fsecurity&ui_locales=de')
    t.notMatch(first.body, 'type="password"')
    const sent = await visitor.submit(first, { username })
    t.match([sent.statusCode, sent.headers.location], [303,
      `/login?${new URLSearchParams({ step: 'password', login_hint: username, return_to: '/account/security', ui_locales: 'de' })}`])
    const second = await visitor.get(sent.headers.location!)
    t.match(second.body, '<h1>Passwort eingeben</h1>')
    t.match(second.body, `autocomplete="username" value="${username}" hidden`, 'for password managers')
    t.match(second.body, 'href="/login?return_to=%2Faccount%2Fsecurity&amp;ui_locales=de"', 'the way back')
    pages.push(bare(second))
    const wrong = await visitor.submit(second, { username, password: 'wrong horse battery staple' })
    t.match([wrong.statusCode, wrong.body], [401, 'Das Konto oder das Passwort ist falsch'])
    t.match(wrong.body, `value="${username}" hidden`, 'a wrong password stays there')
    pages.push(bare(wrong))
    if (username === ADA) t.equal((await visitor.submit(wrong, { username, password: PASSWORD })).headers.location, '/account/security')
  }
  t.equal(pages[2], pages[0], 'the same page')
  t.equal(pages[3], pages[1])
})

t.test('the first step refuses an empty name, one that is too long, and a forged form', async (t) => {
  const { app } = await build(t, FIRST)
  const visitor = visit(app)
  const first = await visitor.get('/login')
  const empty = await visitor.submit(first, { username: ' ' })
  t.match([empty.statusCode, empty.body], [422, 'Fill in this field.'])
  t.notMatch(empty.body, 'type="password"')
  t.equal((await visitor.post('/login', { username: ADA })).statusCode, 403)
  t.equal((await visitor.submit(first, { username: 'a'.repeat(20_000) })).statusCode, 422)
  const none = await visitor.get('/login?step=password')
  t.notMatch(none.body, 'type="password"', 'a second step without a first')
})

t.test('an authorization request goes on after both steps; its login_hint fills in the first one and skips none', async (t) => {
  const { app } = await build(t, FIRST)
  await register(app)
  const { id } = await makeApp(app)
  const visitor = visit(app)
  const first = await visitor.follow(await visitor.get(authorizeUrl(id, { login_hint: ADA })))
  t.match(first.body, `value="${ADA}"`)
  t.notMatch(first.body, 'type="password"')
  const second = await visitor.follow(await visitor.submit(first, { username: ADA }))
  t.match(second.body, 'to go on to Acme Reports')
  const consent = await visitor.follow(await visitor.submit(second, { username: ADA, password: PASSWORD }))
  t.match(consent.body, 'Allow Acme Reports')
})

t.test('a login that is asked for again has both steps, and the way back', async (t) => {
  const { app } = await build(t, FIRST)
  await register(app)
  const ada = visit(app)
  const first = await ada.get('/login')
  await ada.submit(await ada.follow(await ada.submit(first, { username: ADA })), { username: ADA, password: PASSWORD })
  const again = await ada.get('/login?prompt=login&return_to=%2Faccount')
  t.match(again.body, `You are logged in as ${ADA}`)
  const second = await ada.follow(await ada.submit(again, { username: ADA }))
  t.match(second.body, 'type="password"')
  t.match(second.body, 'href="/login?return_to=%2Faccount&amp;prompt=login"')
  t.match((await ada.submit(second, { username: ADA, password: PASSWORD })).headers.location, '/account')
})

t.test('a form that cannot be answered is shown again in its step', async (t) => {
  const { app } = await build(t, FIRST)
  const visitor = visit(app)
  const first = await visitor.get('/login')
  visitor.cookies.clear()
  const stale = await visitor.submit(first, { username: ADA })
  t.equal(stale.statusCode, 403)
  t.notMatch(stale.body, 'type="password"')
  t.equal((await visitor.submit(stale, { username: ADA })).statusCode, 303)
  const second = await visitor.get(`/login?step=password&login_hint=${ADA}`)
  visitor.cookies.clear()
  const staleSecond = await visitor.submit(second, { username: ADA, password: PASSWORD })
  t.match([staleSecond.statusCode, staleSecond.body], [403, `value="${ADA}" hidden`])
  t.notMatch(staleSecond.body, PASSWORD)
})

t.test('the first step leads people of a domain to its required provider, and offers another one beside the password', async (t) => {
  const upstream = await startUpstream(t, ['http://localhost:3000/v1/auth/northwind/callback'])
  const { app } = await build(t, {
    ...FIRST,
    social: {
      northwind: { ...CLIENT, issuer: upstream.issuer, label: 'Northwind', domains: ['northwind.com'], required: true },
      contoso: { ...CLIENT, issuer: upstream.issuer, label: 'Contoso', domains: ['contoso.com'] }
    }
  })
  await register(app, { email: 'ada@contoso.com' })
  const visitor = visit(app)
  const first = await visitor.get('/login?return_to=%2Faccount%2Fsecurity')
  t.match([first.body.includes('Log in with Northwind'), first.body.includes('Log in with Contoso')], [true, true])
  t.equal((await visitor.submit(first, { username: 'nobody@northwind.com' })).headers.location,
    '/v1/auth/northwind/redirect?login_hint=nobody%40northwind.com&return_to=%2Faccount%2Fsecurity')
  for (const username of ['ada@contoso.com', 'nobody@contoso.com']) {
    const second = await visitor.follow(await visitor.submit(first, { username }))
    t.match([second.body.includes('Log in with Northwind'), second.body.includes('Log in with Contoso')], [false, true])
  }
  const second = await visitor.follow(await visitor.submit(first, { username: 'ada@contoso.com' }))
  t.equal((await visitor.submit(second, { username: 'ada@contoso.com', password: PASSWORD })).headers.location, '/account/security')
})

t.test('by default there is one step', async (t) => {
  const { app } = await build(t)
  await register(app)
  const visitor = visit(app)
  const page = await visitor.get('/login?step=password&login_hint=ada%40example.com')
  t.same(Object.keys(formOf(page).hidden), ['_csrf'])
  t.match(page.body, '<h1>Log in</h1>')
  t.match((await visitor.submit(page, { username: ADA, password: PASSWORD })).headers.location, '/account')
})

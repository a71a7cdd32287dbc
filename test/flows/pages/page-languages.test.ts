import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { PASSWORD, register } from '../../support/start-server.ts'
import { authorizeUrl, loggedIn, logIn, makeApp, visit } from '../../support/visitor.ts'
import { asked, makeTv } from '../../support/device.ts'

const build = sharedServers(t)

const GERMAN = '<html lang="de"'
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

t.test('OpenID Connect Core section 3.1.2.1: ui_locales are kept through a wrong password, registration and consent', async (t) => {
  const { app } = await build(t)
  const client = await makeApp(app)
  const visitor = visit(app, { 'accept-language': 'en' })
  const login = await visitor.follow(await visitor.get(authorizeUrl(client.id, { ui_locales: 'de' })))
  t.match(login.body, GERMAN)
  const wrong = await visitor.submit(login, { username: 'nobody@example.com', password: 'wrong' })
  t.equal(wrong.statusCode, 401)
  t.match(wrong.body, GERMAN, 'after a wrong password')
  const link = /href="([^"]*\/register[^"]*)"/.exec(wrong.body)![1]!.replaceAll('&amp;', '&')
  const registration = await visitor.get(link)
  t.match(registration.body, GERMAN, 'on the registration page')
  const refused = await visitor.submit(registration, { email: 'nonsense', password: 'x' })
  t.match(refused.body, GERMAN, 'with its errors')
  const consent = await visitor.follow(await visitor.submit(refused, { email: 'ada@example.com', password: PASSWORD }))
  t.equal(consent.statusCode, 200)
  t.match(consent.body, GERMAN, 'on the consent page')
})

t.test('Accept-Language chooses a built-in language, on every page', async (t) => {
  const { app } = await build(t, { mail: { send: async () => {} } })
  const visitor = visit(app, { 'accept-language': 'fr-CH, fr;q=0.9, en;q=0.8' })
  await register(app)
  for (const [path, title] of [['/login', 'Connexion'], ['/register', 'Créer un compte'], ['/password/forgot', 'Mot de passe oublié\u00a0?'],
    ['/email/verify', 'Confirmez votre adresse e-mail'], ['/email/verify?token=lk_ot_forged', 'Ce lien ne fonctionne plus']] as const) {
    const { body } = await visitor.get(path)
    t.match(body, '<html lang="fr-CH"', path)
    t.match(body, title)
  }
  await logIn(visitor)
  for (const [path, title] of [['/account', 'Votre compte'], ['/account/profile', 'Profil'], ['/account/security', 'Activité du compte']] as const) {
    t.match((await visitor.get(path)).body, title, path)
  }
})

t.test('ui_locales of a login or a device page are kept with its form', async (t) => {
  const { app } = await build(t)
  await register(app)
  const visitor = visit(app, { 'accept-language': 'en' })
  const wrong = await visitor.submit(await visitor.get('/login?ui_locales=de'), { username: 'nobody@example.com', password: 'wrong' })
  t.match(wrong.body, GERMAN)
  const { id } = await makeTv(app)
  const { user_code: userCode } = await asked(app, { client_id: id })
  const login = await visitor.follow(await visitor.submit(await visitor.get('/device?ui_locales=de'), { user_code: userCode }))
  t.match(login.body, GERMAN)
  const question = await visitor.follow(await visitor.submit(login, { username: 'ada@example.com', password: PASSWORD }))
  t.match(question.body, GERMAN, 'the question, after the login')
  t.match((await visitor.follow(await visitor.submit(question, { decision: 'deny' }))).body, GERMAN, 'and the end')
})

t.test("a scope's text in the language of the page comes before its description in SCOPES", async (t) => {
  const { app } = await build(t, {
    scopes: { 'orders:read': 'See your orders', email: 'See the address we write to' },
    languages: { de: { scopes: { 'orders:read': 'Bestellungen ansehen' } } }
  })
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const consent = async (language: string) =>
    (await visitor.get(authorizeUrl(client.id, { scope: 'orders:read email', ui_locales: language }))).body
  const german = await consent('de-AT')
  t.match(german, 'Bestellungen ansehen')
  t.notMatch(german, 'See your orders')
  t.match(german, 'See the address we write to', 'the operator\'s own description comes before ours')
  t.match(await consent('en'), 'See your orders')
})

t.test('names of browsers on the account page are in the language of the page', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app, { 'user-agent': FIREFOX })
  const account = async (language: string) => (await visitor.get('/account', { 'accept-language': language })).body
  t.match(await account('de'), 'Firefox auf Linux')
  t.match(await account('en'), 'Firefox on Linux')
})

t.test('DEFAULT_LANGUAGE applies when no requested language is available', async (t) => {
  const { app } = await build(t, { defaultLanguage: 'de' })
  const visitor = visit(app)
  t.match((await visitor.get('/login')).body, GERMAN)
  t.match((await visitor.get('/login', { 'accept-language': 'pl' })).body, GERMAN)
  t.match((await visitor.get('/login', { 'accept-language': 'en-GB' })).body, '<html lang="en-GB"')
  await t.rejects(build(t, { defaultLanguage: 'pl' }), { message: /defaultLanguage has no texts: choose one of en, de/ })
  const own = await build(t, { defaultLanguage: 'pl', languages: { pl: { login: { title: 'Zaloguj' } } } })
  t.match((await logIn(visit(own.app), '/login', { password: 'wrong' })).body, 'Zaloguj')
})

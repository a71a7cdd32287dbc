import t from 'tap'
import { call } from '../../support/machines.ts'
import { createMailbox } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { build, login, profile, signedIn, type Tokens } from '../../support/start-server.ts'
import { formOf, loggedIn, visit } from '../../support/visitor.ts'

t.test('the language is chosen by API, and used for mails', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const { access_token: bearer } = await signedIn(app)
  await box.fetch(app)
  t.match((await profile(app, bearer)).json(), { locale: null }, 'none is guessed')
  const patch = (body: object) => call(app, 'PATCH', '/v1/profile', bearer, body)
  t.match((await patch({ locale: 'DE-at' })).json(), { locale: 'de-AT' })
  t.match((await profile(app, bearer)).json(), { locale: 'de-AT' })
  await app.inject({ method: 'POST', url: '/v1/password/forgot', payload: { email: 'ada@example.com' } })
  t.match((await box.fetch(app))[0]!.text, 'Guten Tag')
  for (const locale of ['tlh', 'no language', 'x'.repeat(30)]) {
    t.match((await patch({ locale })).json(), { statusCode: 422, errors: { locale: ['is not one of the choices'] } }, locale)
  }
  t.match((await patch({ locale: null })).json(), { locale: null })
  const { access_token: other } = (await login(app, { email: 'ada@example.com', scope: 'openid profile *' })).json<Tokens>()
  await patch({ locale: 'fr' })
  t.match((await call(app, 'GET', '/v1/oauth/userinfo', other)).json(), { locale: 'fr' }, 'OpenID Connect Core section 5.1')
})

t.test('the language is chosen on the page, and used there whatever the browser asks for', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app, { 'accept-language': 'de' })
  const page = await visitor.get('/account/profile')
  t.match(page.body, /lang="de"[^]*<select id="field-locale"[^]*<option value="" selected>Wie im Browser[^]*Français/)
  const done = await visitor.post('/account/profile', { ...formOf(page).hidden, name: 'Ada', locale: 'fr' })
  t.equal(done.statusCode, 303)
  const french = await visitor.get('/account/profile')
  t.match(french.body, /<html lang="fr"[^]*<option value="fr" lang="fr" selected>Français/)
  t.match((await visitor.get('/account')).body, '<html lang="fr"')
  t.match((await visitor.get('/account?ui_locales=en')).body, '<html lang="en"', 'what the address asks for goes first')
  t.match((await visit(app, { 'accept-language': 'de' }).get('/login')).body, '<html lang="de"', 'a guest')
  const wrong = await visitor.post('/account/profile', { ...formOf(french).hidden, name: 'Ada', locale: 'tlh' })
  t.equal(wrong.statusCode, 422)
  await visitor.post('/account/profile', { ...formOf(french).hidden, name: 'Ada', locale: '' })
  t.match((await visitor.get('/account')).body, '<html lang="de"')
  t.same(await sql(app, 'SELECT name, locale FROM users'), [{ name: 'Ada', locale: null }])
})

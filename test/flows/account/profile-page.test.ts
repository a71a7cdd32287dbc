import t from 'tap'
import { advanceTime } from '../../../src/testing/time.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { login, PASSWORD, register } from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'
import { formOf, loggedIn, visit, type Fields, type Visitor } from '../../support/visitor.ts'
import { readyAttributes } from '../../../src/schemas/identifiers.ts'

const build = sharedServers(t)

const post = async (visitor: Visitor, path: string, fields: Fields) =>
  await visitor.post(path, { _csrf: formOf(await visitor.get('/account/profile')).hidden['_csrf']!, ...fields })
const save = (visitor: Visitor, fields: Fields) =>
  post(visitor, '/account/profile/login', { email: 'ada@example.com', current_password: PASSWORD, ...fields })

t.test('the name is changed and removed on the page, without a password', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const done = await post(visitor, '/account/profile', { name: 'Ada <Lovelace>' })
  t.match([done.statusCode, done.headers.location], [303, '/account/profile'])
  t.match((await visitor.get('/account/profile')).body, /role="status">Saved\.[^]*value="Ada &lt;Lovelace/)
  const wrong = await post(visitor, '/account/profile', { name: 'a\u202eb' })
  t.match([wrong.statusCode, wrong.body], [422, 'does not look right'])
  await post(visitor, '/account/profile', { name: '', email: 'eve@example.com' })
  t.match(await sql(app, 'SELECT name FROM users'), [{ name: null }])
  t.match(await sql(app, 'SELECT value FROM identifiers'), [{ value: 'ada@example.com' }], 'the form of the name changes nothing else')
})

t.test('login attributes are changed, added and removed on the page', async (t) => {
  const { app } = await build(t, { login: { attributes: readyAttributes } })
  const visitor = await loggedIn(app)
  t.match((await visitor.get('/account/profile')).body, 'value="ada@example.com"')
  t.match([(await save(visitor, { email: 'ada@new.example' })).statusCode], [303])
  t.match((await visitor.get('/account/profile')).body, /Saved\.[^]*value="ada@new\.example"/)
  t.equal((await login(app)).statusCode, 401)
  t.equal((await login(app, { email: 'ada@new.example', password: PASSWORD })).statusCode, 200)
  await save(visitor, { email: 'ada@new.example', phone: '+49 170 1234567' })
  await save(visitor, { email: '', phone: '+49 170 1234567' })
  t.match(await sql(app, 'SELECT attribute FROM identifiers WHERE user_id IS NOT NULL'), [{ attribute: 'phone' }])
})

t.test('a login older than 10 minutes needs the current password, or another login', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const fresh = await visitor.get('/account/profile')
  t.notMatch(fresh.body, 'current_password')
  t.equal((await save(visitor, { email: 'ada@new.example', current_password: '' })).statusCode, 303)
  t.match((await visitor.get('/account/profile')).body, 'value="ada@new.example"')
  await advanceTime(app, 601)
  const old = await visitor.get('/account/profile')
  t.match(old.body, /name="current_password"[^]*href="\/login\?prompt=login&amp;return_to=%2Faccount%2Fprofile"/)
  const refused = await save(visitor, { email: 'ada@third.example', current_password: '' })
  t.match([refused.statusCode, refused.body], [422, 'Fill in this field.'])
  t.equal((await save(visitor, { email: 'ada@third.example' })).statusCode, 303)
})

t.test('what cannot be saved is said beside its field, the input stays, the password does not', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  await register(app, { email: 'eve@example.com' })
  await advanceTime(app, 601)
  const refused: [Fields, string][] = [
    [{ email: 'eve@example.com' }, 'This is already in use.'],
    [{ email: 'no address' }, 'does not look right'],
    [{ email: '' }, 'You log in with this.'],
    [{ email: 'ada@new.example', current_password: 'not the one' }, 'This is not your password.'],
    [{ email: 'ada@new.example', current_password: '' }, 'Fill in this field.']
  ]
  for (const [fields, message] of refused) {
    const answer = await save(visitor, fields)
    t.match([answer.statusCode, answer.body], [422, message], JSON.stringify(fields))
    t.notMatch(answer.body, PASSWORD)
    t.match(answer.body, `value="${fields['email']}"`.replace('value=""', 'name="email"'))
  }
  t.match(await sql(app, "SELECT value FROM identifiers WHERE value LIKE 'ada%'"), [{ value: 'ada@example.com' }])
  const same = await save(visitor, { current_password: '' })
  t.match([same.statusCode, same.headers.location], [303, '/account/profile'], 'nothing is changed, and nothing asked')
})

t.test('a form of another site, without its token, or of a guest changes nothing', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const fields = { ...formOf(await visitor.get('/account/profile')).hidden, name: 'x', email: 'x@example.com', current_password: PASSWORD }
  for (const path of ['/account/profile', '/account/profile/login']) {
    const foreign = await visitor.post(path, fields, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })
    t.equal(foreign.statusCode, 403, path)
    t.equal((await visitor.post(path, { ...fields, _csrf: 'x' })).statusCode, 403, path)
    const guest = visit(app)
    const hidden = formOf(await guest.get('/login')).hidden['_csrf']!
    const answer = await guest.post(path, { ...fields, _csrf: hidden })
    t.match([answer.statusCode, answer.headers.location], [303, '/account/profile'], path)
  }
  t.match((await visit(app).get('/account/profile')).headers.location, '/login?return_to=%2Faccount%2Fprofile')
  t.match(await sql(app, 'SELECT value FROM identifiers'), [{ value: 'ada@example.com' }])
})

t.test('with routes.profile off there is neither the page nor a link to it', async (t) => {
  const { app } = await build(t, { routes: { profile: false } })
  const visitor = await loggedIn(app)
  t.notMatch((await visitor.get('/account')).body, '/account/profile')
  t.equal((await visitor.get('/account/profile')).statusCode, 404)
})

import t from 'tap'
import { EmailSchema } from '../../../src/index.ts'
import { advanceTime } from '../../../src/testing.ts'
import { requestDeletion } from '../../support/deletion.ts'
import { createMailbox } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { eventually, login, PASSWORD, register, type Tokens } from '../../support/start-server.ts'
import { authorizeUrl, loggedIn, logIn, makeApp, paramsOf, visit } from '../../support/visitor.ts'

const build = sharedServers(t)

t.test('the page asks first, says what happens, and logs out; the login asks whether to restore', async (t) => {
  const mailbox = createMailbox()
  const { app } = await build(t, mailbox.options)
  const visitor = await loggedIn(app)
  await mailbox.fetch(app)
  const data = await visitor.get('/account/data')
  t.match(data.body, 'href="/account/data/delete"')
  const question = await visitor.get('/account/data/delete')
  t.match([question.statusCode, question.body], [200, /It will be deleted on \w/])
  t.notMatch(question.body, 'Apps that you have registered')
  t.match(await sql(app, 'SELECT deletion_requested_at AS at FROM users'), [{ at: null }], 'a GET changes nothing')
  const asked = await visitor.submit(question)
  t.match([asked.statusCode, asked.headers.location], [303, '/account/deleted'])
  t.notOk(visitor.cookies.has('latchkey'))
  const done = await visitor.follow(asked)
  t.match([done.statusCode, done.body], [200, 'Your account will be deleted'])
  t.equal((await visitor.get('/account/deleted')).headers.location, '/login', 'said once')
  t.match((await mailbox.fetch(app)).map(({ subject }) => subject), [/will be deleted/])

  t.equal((await logIn(visitor, '/login', { password: 'wrong' })).statusCode, 401)
  const refused = await logIn(visitor)
  t.match([refused.statusCode, refused.body], [403, 'Do you want your account back?'])
  t.notOk(visitor.cookies.has('latchkey'))
  const left = await visitor.follow(await visitor.submit(refused, { decision: 'leave' }))
  t.match(left.body, 'Your account will be deleted')
  t.equal((await visitor.get('/account/restore')).headers.location, '/login', 'the question needs the password again')

  const again = await logIn(visitor)
  const restored = await visitor.submit(again, { decision: 'restore' })
  t.match([restored.statusCode, restored.headers.location], [303, '/account'])
  t.match((await visitor.follow(restored)).body, 'Your account is restored')
  t.match((await mailbox.fetch(app)).map(({ subject }) => subject), [/is restored/])
  t.ok(await eventually(async () =>
    (await visitor.get('/account/security')).body.includes('Login with the right password, while the account was to be deleted')), 'the history says why')
})

t.test('an application that waits for the login gets its code after the restoration', async (t) => {
  const { app } = await build(t)
  await register(app)
  const client = await makeApp(app, { firstParty: true, skipsConsent: true })
  await requestDeletion(app, (await login(app)).json<Tokens>().access_token)
  const visitor = visit(app)
  const form = await visitor.follow(await visitor.get(authorizeUrl(client.id)))
  const refused = await visitor.submit(form, { username: 'ada@example.com', password: PASSWORD })
  t.equal(refused.statusCode, 403)
  t.match(paramsOf(await visitor.follow(await visitor.submit(refused, { decision: 'restore' }))), { code: /^lk_ac_/, state: 'of the app' })
})

t.test('an old login is asked to log in again first, and comes back; a form that is too late, too', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const question = await visitor.get('/account/data/delete')
  await advanceTime(app, 601)
  for (const answer of [await visitor.get('/account/data/delete'), await visitor.submit(question)]) {
    t.match([answer.statusCode, answer.headers.location], [303, '/login?prompt=login&return_to=%2Faccount%2Fdata%2Fdelete'])
  }
  t.match(await sql(app, 'SELECT deletion_requested_at AS at FROM users'), [{ at: null }])
  const back = await logIn(visitor, '/login?prompt=login&return_to=%2Faccount%2Fdata%2Fdelete')
  t.equal((await visitor.submit(await visitor.follow(back))).headers.location, '/account/deleted')
})

t.test('a forged form, a guest and a second submission delete nothing', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const question = await visitor.get('/account/data/delete')
  t.equal((await visitor.post('/account/data/delete', {})).statusCode, 403)
  t.equal((await visitor.submit(question, {}, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })).statusCode, 403)
  t.match(await sql(app, 'SELECT deletion_requested_at AS at FROM users'), [{ at: null }])
  const guest = visit(app)
  t.equal((await guest.get('/account/data/delete')).statusCode, 303)
  const both = await Promise.all([visitor.submit(question), visitor.submit(question)])
  t.ok(both.some(({ headers }) => headers.location === '/account/deleted'))
  t.equal((await sql(app, 'SELECT FROM users WHERE deletion_requested_at IS NOT NULL')).length, 1)
  t.equal((await guest.submit(await guest.get('/login'), {}, {})).statusCode, 401)
  t.equal((await guest.post('/account/restore', { decision: 'restore' })).statusCode, 403)
})

t.test('the reason of the host is shown, in the words of the host, and the German page', async (t) => {
  const { app } = await build(t, { beforeDelete: () => ({ reason: 'You have <b>open</b> orders.' }) })
  const visitor = await loggedIn(app, { 'accept-language': 'de' })
  await makeApp(app, { ownerId: visitor.userId })
  const question = await visitor.get('/account/data/delete')
  t.match(question.body, 'Ihr Konto löschen?')
  t.match(question.body, 'Apps, die Sie angelegt haben')
  const refused = await visitor.submit(question)
  t.match([refused.statusCode, refused.body], [422, 'You have &lt;b>open&lt;/b> orders.'])
  t.equal((await visitor.get('/account')).statusCode, 200)
})

t.test('a restored account whose address is not verified goes on to the verification', async (t) => {
  const mailbox = createMailbox()
  const { app } = await build(t, { ...mailbox.options, requireEmailVerification: 'on', login: { attributes: { email: EmailSchema } } })
  await register(app)
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  await requestDeletion(app, (await login(app)).json<Tokens>().access_token)
  await sql(app, 'UPDATE identifiers SET verified_at = NULL')
  const visitor = visit(app)
  const refused = await logIn(visitor)
  t.match(refused.body, 'Do you want your account back?')
  const restored = await visitor.submit(refused, { decision: 'restore' })
  t.match([restored.statusCode, restored.body], [403, 'Confirm your e-mail address'])
  t.match(await sql(app, 'SELECT deletion_requested_at AS at FROM users'), [{ at: null }])
})

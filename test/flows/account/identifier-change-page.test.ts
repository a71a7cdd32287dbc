import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { codeIn, createMailbox, linkIn, tokenIn, type Mailbox } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { build, login, PASSWORD } from '../../support/start-server.ts'
import { formOf, loggedIn, visit, type Fields, type Visitor } from '../../support/visitor.ts'

const OLD = 'ada@example.com'
const NEW = 'ada@new.example'
const PAGE = '/account/profile'

const pathOf = (mail: { text: string }) => linkIn(mail).replace('http://localhost:3000', '')
const emails = async (app: FastifyInstance) =>
  (await sql<{ value: string }>(app, 'SELECT value FROM identifiers WHERE user_id IS NOT NULL')).map(({ value }) => value)

async function post (visitor: Visitor, path: string, fields: Fields) {
  const { hidden } = formOf(await visitor.get(PAGE))
  return await visitor.post(path, { _csrf: hidden['_csrf']!, ...fields })
}

async function asked (app: FastifyInstance, box: Mailbox): Promise<Visitor> {
  const visitor = await loggedIn(app)
  await box.fetch(app)
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  const answer = await post(visitor, `${PAGE}/login`, { email: NEW })
  t.equal(answer.headers.location, PAGE)
  return visitor
}

t.test('a new address waits on the account page, with a code, to be sent again, or cancelled', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const visitor = await asked(app, box)
  const page = await visitor.get(PAGE)
  t.match(page.body, /role="status">Saved\. The change takes effect[^]*Waiting for your confirmation[^]*ada@new\.example/)
  t.match(page.body, /name="email" value="ada@example\.com"/)
  const first = codeIn((await box.fetch(app))[0]!)
  await post(visitor, `${PAGE}/confirm`, { attribute: 'email', send: '1' })
  t.match((await visitor.get(PAGE)).body, 'Sent again.')
  const code = codeIn((await box.fetch(app))[0]!)
  const wrong = await post(visitor, `${PAGE}/confirm`, { attribute: 'email', code_email: first })
  t.match([wrong.statusCode, wrong.body], [422, /href="#field-code_email"[^]*This code is wrong or too old/])
  await post(visitor, `${PAGE}/confirm`, { attribute: 'email', cancel: '1' })
  t.match((await visitor.get(PAGE)).body, 'The change is canceled.')
  t.equal((await post(visitor, `${PAGE}/confirm`, { attribute: 'email', code_email: code })).statusCode, 422)

  await post(visitor, `${PAGE}/login`, { email: NEW })
  const right = codeIn((await box.fetch(app))[0]!)
  t.equal((await post(visitor, `${PAGE}/confirm`, { attribute: 'email', code_email: right })).headers.location, PAGE)
  const done = await visitor.get(PAGE)
  t.match(done.body, /The change is confirmed\.[^]*name="email" value="ada@new\.example"/)
  t.notMatch(done.body, 'Waiting for your confirmation')
  t.match((await visitor.get('/account/security')).statusCode, 200)
  t.equal((await post(visitor, `${PAGE}/confirm`, { attribute: 'shoe', send: '1' })).headers.location, PAGE)
})

t.test('the link has one button; a browser that is not logged in is asked for the password, and there is no way round it', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const visitor = await asked(app, box)
  const [mail] = await box.fetch(app)
  const other = visit(app)
  const foreign = await other.get(pathOf(mail!))
  t.match(foreign.body, /Confirm your new address[^]*ada@new\.example[^]*name="password"/)
  t.notMatch(foreign.body, 'name="without"')
  for (const fields of [{ password: 'wrong' }, { without: '1' }, {}]) {
    const answer = await other.submit(foreign, fields as Fields)
    t.match([answer.statusCode, answer.body], [401, 'The password is wrong. Try again.'])
  }
  t.same(await emails(app), [OLD])
  const page = await visitor.get(pathOf(mail!))
  t.notMatch(page.body, 'name="password"')
  t.same(await emails(app), [OLD], 'a GET changes nothing')
  t.match((await visitor.follow(await visitor.submit(page))).body, 'Your e-mail address is confirmed')
  t.same(await emails(app), [NEW])
  t.match((await visitor.get(pathOf(mail!))).body, 'This link does not work any more')
})

t.test('with the password the link works in any browser', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  await asked(app, box)
  const other = visit(app)
  const answer = await other.submit(await other.get(pathOf((await box.fetch(app))[0]!)), { password: PASSWORD })
  t.equal(answer.statusCode, 303)
  t.same(await emails(app), [NEW])
})

t.test('the link of the notice: one button, then a new password, and everybody is logged out', async (t) => {
  const box = createMailbox()
  const { app, logs } = await build(t, box.options)
  const thief = await asked(app, box)
  await thief.submit(await thief.get(pathOf((await box.fetch(app))[0]!)))
  const [notice] = await box.fetch(app)
  const owner = visit(app)
  const page = await owner.get(pathOf(notice!))
  t.match([page.statusCode, page.body], [200, /Undo the change\?[^]*Will be restored[^]*ada@example\.com/])
  t.equal(page.headers['referrer-policy'], 'same-origin')
  t.same(await emails(app), [NEW], 'a GET changes nothing')
  const foreign = await owner.post('/email/undo', { ...formOf(page).hidden }, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })
  t.equal(foreign.statusCode, 403)
  t.same(await emails(app), [NEW])
  const answer = await owner.submit(page)
  t.match(answer.headers.location, /^\/password\/reset\?token=lk_ot_/)
  t.same(await emails(app), [OLD])
  t.match((await thief.get('/account')).headers.location, /^\/login/)
  const reset = await owner.follow(answer)
  t.match(reset.body, /The change is undone/)
  const done = await owner.submit(reset, { password: 'a new horse battery' })
  t.match((await owner.follow(done)).body, 'Your new password is set')
  t.equal((await login(app, { email: OLD, password: 'a new horse battery' })).statusCode, 200)
  t.match((await owner.get(pathOf(notice!))).body, 'This link does not work any more')
  t.equal((await owner.submit(page)).statusCode, 403, 'submitted again')
  t.notMatch(logs(), tokenIn(notice!))
  t.match((await visit(app, { 'accept-language': 'de' }).get('/email/undo?token=x')).statusCode, 403)
})

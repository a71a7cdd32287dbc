import t from 'tap'
import { call } from '../../support/machines.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { createDatabase, eventually, login, profile, refresh, register, signedIn, token, type Tokens } from '../../support/start-server.ts'
import { sessionId, sql } from '../../support/session-rows.ts'
import { authorizeUrl, CALLBACK, formsOf, letIn, loggedIn, logIn, makeApp, paramsOf, VERIFIER, visit, type Answer, type Visitor } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const PHONE = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0'

/** Presses the button of the account page that ends something; `name` is that of the entry. */
async function askToEnd (visitor: Visitor, what: string, name = ''): Promise<Answer> {
  const page = await visitor.get('/account')
  const { action, hidden } = formsOf(page).find(({ action, html }) => action === `/account/${what}` && html.includes(name))!
  return await visitor.follow(await visitor.post(action, hidden))
}

const isAlive = async (visitor: Visitor) => (await visitor.get('/account')).statusCode === 200

t.test('a login is ended after a question that names it, and the page says so once', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const phone = visit(app, { 'user-agent': PHONE })
  await logIn(phone)
  const question = await askToEnd(visitor, 'sessions/end', 'Firefox')
  t.match([question.statusCode, question.body], [200, /End this login\?[^]*Firefox on Linux[^]*127\.0\.0\.1[^]*Cancel/])
  t.ok(await isAlive(phone), 'the question ends nothing')
  const done = await visitor.submit(question)
  t.match([done.statusCode, done.headers.location], [303, '/account'])
  t.notOk(await isAlive(phone))
  t.match((await visitor.get('/account')).body, /role="status">That login has ended\./)
  t.notMatch((await visitor.get('/account')).body, 'role="status"')
  await visitor.submit(question)
  t.match((await visitor.get('/account')).body, 'There was nothing left to end')
})

t.test('the question about this very browser says so, and leads to the login page', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const question = await askToEnd(visitor, 'sessions/end')
  t.match(question.body, 'Log out of this browser?')
  const after = await visitor.follow(await visitor.submit(question))
  t.match(after.body, 'You have been logged out.')
  await logIn(visitor)
  t.notMatch((await visitor.get('/account')).body, 'role="status"')
})

t.test('apps and tokens are ended after a question too', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const tokens = await letIn(app, visitor, client, 'openid')
  await internals(app).personalTokens.createOwn(
    await internals(app).account.findOwner({
      kind: 'browser', userId: visitor.userId, clientId: null, scopes: ['*'],
      sessionId: (await internals(app).account.access.list(visitor.userId)).find(({ kind }) => kind === 'browser')!.id
    }),
    { name: 'Nightly', scopes: [], expiresIn: null, form: undefined },
    { ip: '127.0.0.1', userAgent: undefined }
  )
  const [ofApp, ofToken] = [await askToEnd(visitor, 'apps/end'), await askToEnd(visitor, 'tokens/end')]
  t.match(ofApp.body, 'Remove the access of Acme Reports?')
  t.match(ofToken.body, 'Delete the token “Nightly”?')
  await visitor.submit(ofApp)
  t.match((await visitor.get('/account')).body, 'The app has no access any more.')
  t.equal((await profile(app, tokens.access_token)).statusCode, 401)
  await visitor.submit(ofToken)
  t.match((await visitor.get('/account')).body, 'The token is deleted.')
  t.match(await sql(app, 'SELECT revoked_at IS NOT NULL AS ended FROM personal_access_tokens'), [{ ended: true }])
})

t.test('a question about something of another user, or about nothing, leads to the account page; a guest logs in first', async (t) => {
  const { app } = await build(t)
  const ada = await loggedIn(app)
  await register(app, { email: 'eve@example.com' })
  const eve = visit(app)
  await logIn(eve, '/login', { username: 'eve@example.com' })
  const { hidden } = formsOf(await ada.get('/account')).find(({ action }) => action === '/account/sessions/end')!
  const path = `/account/sessions/end?id=${hidden['id']}`
  for (const url of [path, '/account/sessions/end', '/account/sessions/end?id=x', '/account/apps/end?id=x', '/account/tokens/end?id=%27']) {
    const answer = await eve.get(url)
    t.match([answer.statusCode, answer.headers.location], [303, '/account'], url)
  }
  const guest = await visit(app).get('/account/sessions/end-others')
  t.match([guest.statusCode, guest.headers.location], [303, '/login?return_to=%2Faccount%2Fsessions%2Fend-others'])
})

t.test('a notice is shown to its user only, and cannot be forged', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  visitor.cookies.set('latchkey-once', 'othersEnded')
  const { statusCode, body } = await visitor.get('/account?notice=othersEnded')
  t.equal(statusCode, 200)
  t.notMatch(body, 'role="status"')
})

t.test('"Log out everywhere else" ends all other logins in every process; this one, allowed apps and tokens stay', async (t) => {
  const databaseUrl = await createDatabase(t)
  const [{ app }, { app: second }] = [await build(t, { databaseUrl }), await build(t, { databaseUrl })]
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const theirs = await letIn(app, visitor, client, 'openid')
  const phone = visit(app)
  await logIn(phone)
  const tokens = (await login(app)).json<Tokens>()
  t.equal((await profile(second, tokens.access_token)).statusCode, 200)
  const stranger = await signedIn(app, { email: 'eve@example.com' })
  const heard: { sessionId: string, reason: string }[] = []
  app.latchkey.on('session.ended', (details) => { heard.push(details) })

  const question = await askToEnd(visitor, 'sessions/end-others')
  t.match(question.body, /Log out everywhere else\?[^]*Apps that you allowed/)
  await visitor.submit(question)
  t.match((await visitor.get('/account')).body, 'You are logged out everywhere else.')
  t.notOk(await isAlive(phone))
  t.equal((await profile(app, tokens.access_token)).statusCode, 401)
  t.equal((await refresh(app, tokens.refresh_token)).statusCode, 401)
  t.ok(await eventually(async () => (await profile(second, tokens.access_token)).statusCode === 401))
  t.equal((await profile(app, theirs.access_token)).statusCode, 200)
  t.equal((await profile(app, stranger.access_token)).statusCode, 200)
  t.equal(heard.length, 2)
  t.match(heard.map(({ reason }) => reason), ['user', 'user'])
  t.ok(heard.some((details) => details.sessionId === sessionId(tokens)))
  t.notMatch((await visitor.get('/account')).body, '/account/sessions/end-others', 'nothing is left to end')
})

t.test('a code of the operator\'s own app that waits is ended as well', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const shop = await makeApp(app, { name: 'Shop', firstParty: true, skipsConsent: true })
  const { code } = paramsOf(await visitor.get(authorizeUrl(shop.id)))
  await visitor.submit(await visitor.get('/account/sessions/end-others'))
  const exchanged = await token(app, { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER }, shop.basic)
  t.match(exchanged.json(), { error: 'invalid_grant' })
})

t.test('DELETE /v1/oauth/tokens ends every login, with except=current all but this one; no other value is known', async (t) => {
  const { app } = await build(t)
  const mine = await signedIn(app)
  const others = [(await login(app)).json<Tokens>(), (await login(app, undefined, 'mobile')).json<Tokens>()]
  const browser = visit(app)
  await logIn(browser)
  t.equal((await call(app, 'DELETE', 'tokens?except=all', mine.access_token)).statusCode, 422)
  t.equal((await call(app, 'DELETE', 'tokens?except=current', mine.access_token)).statusCode, 204)
  for (const each of others) t.equal((await profile(app, each.access_token)).statusCode, 401)
  t.notOk(await isAlive(browser))
  t.match((await call(app, 'GET', 'tokens', mine.access_token)).json(), [{ current: true }])
  t.equal((await call(app, 'DELETE', 'tokens?except=current', mine.access_token)).statusCode, 204, 'with nothing left')
  t.equal((await call(app, 'DELETE', 'tokens', mine.access_token)).statusCode, 204)
  t.equal((await profile(app, mine.access_token)).statusCode, 401)
  t.equal((await call(app, 'DELETE', 'tokens')).statusCode, 401)
})

t.test('two requests at once end each session once', async (t) => {
  const { app } = await build(t)
  const mine = await signedIn(app)
  for (let count = 0; count < 3; count++) await login(app)
  const heard: object[] = []
  app.latchkey.on('session.ended', (details) => { heard.push(details) })
  const answers = await Promise.all([1, 2, 3].map(() => call(app, 'DELETE', 'tokens?except=current', mine.access_token)))
  t.same(answers.map(({ statusCode }) => statusCode), [204, 204, 204])
  t.equal(heard.length, 3)
})

import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { eventually, profile, token, type Tokens } from '../../support/start-server.ts'
import { authorize, authorizeUrl, CALLBACK, loggedIn, makeApp, paramsOf, VERIFIER } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const params = (code: string) => ({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER })

t.test('RFC 6749 section 4.1.2: of 100 concurrent exchanges of one code exactly one succeeds', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const { code } = paramsOf(await authorize(visitor, client.id))
  const answers = await Promise.all(Array.from({ length: 100 }, () => token(app, params(code!), client.basic)))
  t.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 1)
  const refused = answers.filter(({ statusCode }) => statusCode !== 200)
  t.ok(refused.every((answer) => answer.statusCode === 400 && answer.json<{ error: string }>().error === 'invalid_grant'))
  t.equal(await (await internals(app).database.prisma()).session.count({ where: { clientId: client.id } }), 1)
})

t.test('RFC 9700 section 4.2.4: using a code a second time ends the session that it was exchanged for', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const { code } = paramsOf(await authorize(visitor, client.id))
  const { access_token: accessToken, refresh_token: refreshToken } = (await token(app, params(code!), client.basic)).json<Tokens>()
  t.equal((await profile(app, accessToken)).statusCode, 200)
  t.equal((await token(app, params(code!), client.basic)).json<{ error: string }>().error, 'invalid_grant')
  t.equal((await profile(app, accessToken)).statusCode, 401)
  t.equal((await token(app, { grant_type: 'refresh_token', refresh_token: refreshToken }, client.basic)).statusCode, 400)
})

t.test('a code expires after a minute', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const { code } = paramsOf(await authorize(visitor, client.id))
  const prisma = await internals(app).database.prisma()
  const row = await prisma.authorizationCode.findFirstOrThrow()
  t.ok(row.expiresAt.getTime() - row.createdAt.getTime() <= 60_000)
  t.notOk(Buffer.from(row.hash).toString().includes(code!.slice(6)), 'only its hash is stored')
  await prisma.authorizationCode.updateMany({ data: { expiresAt: new Date(Date.now() - 1000) } })
  t.equal((await token(app, params(code!), client.basic)).json<{ error: string }>().error, 'invalid_grant')
})

t.test('no code is issued for a browser session that was ended in another process', async (t) => {
  const { app, databaseUrl } = await build(t)
  const { app: other } = await build(t, { databaseUrl })
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { firstParty: true, skipsConsent: true })
  t.match(paramsOf(await visitor.get(authorizeUrl(client.id))), { code: /^lk_ac_/ }, 'the login is remembered here now')
  const [row] = await (await internals(other).database.prisma()).browserSession.findMany()
  // As it is before the feed has told this process
  await (await internals(other).database.prisma()).browserSession.update({ where: { id: row!.id }, data: { revokedAt: new Date() } })
  const answer = await visitor.get(authorizeUrl(client.id))
  t.match(answer.headers.location, /^\/login/)
  t.match((await visitor.follow(answer)).body, 'name="password"', 'and no circle of redirects')
})

t.test('a browser session that was ended in another process is invalid here at once', async (t) => {
  const { app, databaseUrl } = await build(t)
  const { app: other } = await build(t, { databaseUrl })
  const visitor = await loggedIn(app)
  t.equal((await visitor.get('/account')).statusCode, 200)
  const [row] = await (await internals(other).database.prisma()).browserSession.findMany()
  await internals(other).store.browserSessions.revoke(row!.id)
  t.ok(await eventually(async () => (await visitor.get('/account')).statusCode === 303))
})

t.test('a code is refused once its user is disabled or has changed the password', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const { code } = paramsOf(await authorize(visitor, client.id))
  await internals(app).store.users.setDisabled(visitor.userId, true)
  t.equal((await token(app, params(code!), client.basic)).json<{ error: string }>().error, 'invalid_grant')
  t.equal((await visitor.get('/account')).statusCode, 303, 'and the browser is logged out')
})

t.test('two concurrent consents are both stored', async (t) => {
  const { app } = await build(t, { scopes: { a: 'A', b: 'B', c: 'C', d: 'D' } })
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  const pages = await Promise.all(['a', 'b', 'c', 'd'].map((scope) => visitor.get(authorizeUrl(client.id, { scope }))))
  await Promise.all(pages.map((page) => visitor.submit(page, { decision: 'allow' })))
  t.match(paramsOf(await visitor.get(authorizeUrl(client.id, { scope: 'a b c d', prompt: 'none' }))), { code: /^lk_ac_/ })
})

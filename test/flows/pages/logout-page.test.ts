import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import { claimsOf, profile, token, type Tokens } from '../../support/start-server.ts'
import { authorize, CALLBACK, formOf, loggedIn, makeApp, paramsOf, VERIFIER, visit, type Visitor } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const AFTER = 'https://app.example.com/bye?x=1'
const END = '/v1/oauth/logout'
type App = Parameters<typeof token>[0]
type WithIdToken = Tokens & { id_token: string }

async function withTokens (app: App) {
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { postLogoutRedirectUris: [AFTER] })
  const { code } = paramsOf(await authorize(visitor, client.id))
  const tokens =
    (await token(app, { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER }, client.basic))
      .json<WithIdToken>()
  return { visitor, client, ...tokens }
}

const isLoggedIn = async (visitor: Visitor) => (await visitor.get('/account')).statusCode === 200
const end = (visitor: Visitor, params: Record<string, string>) => visitor.get(`${END}?${new URLSearchParams(params)}`)

t.test('the logout page asks for confirmation, and ends the browser session', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const cookie = visitor.cookies.get('latchkey')!
  const page = await visitor.get('/logout')
  t.match(page.body, /Log out\?[^]*ada@example\.com/)
  t.ok(await isLoggedIn(visitor), 'asking is not doing: a link from elsewhere logs nobody out')
  const posted = await visitor.submit(page)
  t.match([posted.statusCode, posted.headers.location], [303, '/logout'], 'F5 on what follows posts nothing')
  const done = await visitor.follow(posted)
  t.match(done.body, 'You are logged out')
  t.notOk(visitor.cookies.has('latchkey'))
  t.equal(
    (await app.inject({ url: '/account', headers: { cookie: `latchkey=${cookie}`, accept: 'text/html' } })).statusCode,
    303,
    'the old cookie opens nothing'
  )
  t.match((await visitor.get('/logout')).body, 'You are logged out', 'who is a guest is not asked')
})

t.test('with its id_token_hint an application logs the user out without a question, and gets its state back', async (t) => {
  const { app } = await build(t)
  const { visitor, id_token: idToken, access_token: accessToken } = await withTokens(app)
  const answer = await end(visitor, { id_token_hint: idToken, post_logout_redirect_uri: AFTER, state: 'a&b' })
  t.match([answer.statusCode, answer.headers.location], [303, `${AFTER}&state=a%26b`])
  t.notOk(await isLoggedIn(visitor))
  t.equal((await profile(app, accessToken)).statusCode, 401)
})

t.test('a logout request may be a POST, also from another site', async (t) => {
  const { app } = await build(t)
  const { visitor, id_token: idToken } = await withTokens(app)
  const answer = await visitor.follow(
    await visitor.post(END, { id_token_hint: idToken, post_logout_redirect_uri: AFTER }, {
      origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site', cookie: ''
    })
  )
  t.equal(answer.headers.location, AFTER)
  t.notOk(await isLoggedIn(visitor))
})

t.test('without a hint, or with that of another user, the page asks and names the application', async (t) => {
  const { app } = await build(t)
  const { visitor, client } = await withTokens(app)
  for (const params of [
    {},
    { state: 'x' },
    { client_id: client.id },
    { client_id: client.id, post_logout_redirect_uri: AFTER, state: 's' }
  ] as Record<string, string>[]) {
    const page = await end(visitor, params)
    t.equal(page.statusCode, 200, JSON.stringify(params))
    t.match(formOf(page).hidden, params)
    t.match(page.body, params['client_id'] ? 'Acme Reports asks to log you out' : 'You will be logged out of this browser')
    t.ok(await isLoggedIn(visitor))
  }
  const page = await end(visitor, { client_id: client.id, post_logout_redirect_uri: AFTER, state: 's' })
  t.notMatch(page.headers['content-security-policy'], 'form-action', 'its redirects may go on to any site')
  t.equal((await visitor.submit(page)).headers.location, `${AFTER}&state=s`)
  t.notOk(await isLoggedIn(visitor))
})

t.test('an expired id token is accepted as a hint', async (t) => {
  const { app } = await build(t)
  const { visitor, client, id_token: idToken } = await withTokens(app)
  const expired = internals(app).keys.sign('RS256', { ...claimsOf(idToken), exp: 1000, iat: 900 }, 'JWT')
  t.match(claimsOf(expired), { exp: 1000, aud: client.id })
  t.equal((await end(visitor, { id_token_hint: expired, post_logout_redirect_uri: AFTER })).headers.location, AFTER)
})

t.test('an id_token_hint logs out only a browser in which its user is logged in', async (t) => {
  const { app } = await build(t)
  const { visitor, id_token: idToken, access_token: accessToken } = await withTokens(app)
  const guest = visit(app)
  const answer = await end(guest, { id_token_hint: idToken, post_logout_redirect_uri: AFTER })
  t.match([answer.statusCode, answer.headers.location], [200, undefined])
  t.ok(await isLoggedIn(visitor))
  t.equal((await profile(app, accessToken)).statusCode, 200)
})

t.test('a post-logout redirect URI of a revoked client is refused', async (t) => {
  const { app } = await build(t)
  const { visitor, client, id_token: idToken } = await withTokens(app)
  await internals(app).store.clients.revoke(client.id)
  internals(app).clients.forget(client.id)
  for (const params of [{ id_token_hint: idToken }, { client_id: client.id }]) {
    const answer = await end(visitor, { ...params, post_logout_redirect_uri: AFTER })
    t.match([answer.statusCode, answer.headers.location], [400, undefined])
    t.notMatch(answer.body, 'app.example.com')
  }
  t.ok(await isLoggedIn(visitor))
})

t.test('RFC 9700 section 4.11: an invalid logout request gets an error page, and logs nobody out', async (t) => {
  const { app } = await build(t)
  const { visitor, client, id_token: idToken, access_token: accessToken } = await withTokens(app)
  const other = await makeApp(app)
  const [header, , signature] = idToken.split('.')
  const modified = [header, Buffer.from(JSON.stringify({ ...claimsOf(idToken), aud: other.id })).toString('base64url'), signature].join('.')
  const wrong: Record<string, string>[] = [
    { id_token_hint: idToken, post_logout_redirect_uri: `${AFTER}&y=2` },
    { id_token_hint: idToken, post_logout_redirect_uri: 'https://app.example.com/' },
    { id_token_hint: idToken, post_logout_redirect_uri: 'https://evil.example' },
    { id_token_hint: idToken, post_logout_redirect_uri: 'https://APP.example.com/bye?x=1' },
    { post_logout_redirect_uri: AFTER },
    { client_id: other.id, post_logout_redirect_uri: AFTER },
    { client_id: 'unknown', post_logout_redirect_uri: AFTER },
    { id_token_hint: 'nonsense' },
    { id_token_hint: modified },
    { id_token_hint: accessToken },
    { id_token_hint: `${idToken}x` },
    { id_token_hint: idToken, client_id: other.id }
  ]
  for (const params of wrong) {
    const answer = await end(visitor, params)
    t.match([answer.statusCode, answer.headers.location], [400, undefined], JSON.stringify(params).slice(0, 80))
    t.notMatch(answer.body, 'evil.example')
  }
  t.ok(await isLoggedIn(visitor))
  t.equal((await profile(app, accessToken)).statusCode, 200)
  t.equal((await visit(app).get(`${END}?client_id=${client.id}`)).statusCode, 200)
})

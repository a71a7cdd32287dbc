import t from 'tap'
import { build, claimsOf, login, makeClient, PASSWORD, refresh, register, signedIn, token, type Tokens } from '../helper.ts'
import { authorizeUrl, CALLBACK, loggedIn, makeApp, paramsOf, VERIFIER } from '../visitor.ts'

const API = 'https://api.example.com'
const FILES = 'https://files.example.com'
const options = { resourceServers: [API, FILES] }
const audOf = (answer: Awaited<ReturnType<typeof token>>) => claimsOf(answer.json<Tokens>().access_token)['aud']

t.test('RFC 8707 section 2.2: a token request chooses one of the resources that were granted, for that access token only', async (t) => {
  const { app } = await build(t, options)
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { firstParty: true, skipsConsent: true })
  const url = `${authorizeUrl(client.id, { scope: '', resource: API })}&resource=${encodeURIComponent(FILES)}`
  const { code } = paramsOf(await visitor.follow(await visitor.get(url)))
  const first = await token(app, { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER, resource: FILES }, client.basic)
  t.same(audOf(first), [FILES])
  const { refresh_token: text } = first.json<Tokens>()
  const again = (resource?: string) => token(app, { grant_type: 'refresh_token', refresh_token: text, ...(resource && { resource }) }, client.basic)
  t.same(audOf(await again(API)), [API])
  t.same(audOf(await again(FILES)), [FILES], 'within the grace, too')
  t.same(audOf(await again()), [API, FILES], 'the session keeps all')
})

t.test('RFC 8707: resources of the grants without a browser', async (t) => {
  const { app } = await build(t, options)
  const { issuer } = app.latchkey.config
  const machine = await makeClient(app, { grantTypes: ['client_credentials'] })
  const own = (resource?: string) => token(app, { grant_type: 'client_credentials', ...(resource && { resource }) }, machine.basic)
  t.same([audOf(await own()), audOf(await own(issuer)), audOf(await own(API))], [issuer, issuer, [API]])
  t.match((await own('https://evil.example')).json(), { error: 'invalid_target' })

  await register(app)
  const users = await makeClient(app)
  const password = await token(app, { grant_type: 'password', username: 'ada@example.com', password: PASSWORD, resource: API }, users.basic)
  t.same(audOf(password), [API])
  t.match((await token(app, { grant_type: 'refresh_token', refresh_token: password.json<Tokens>().refresh_token, resource: FILES }, users.basic)).json(), { error: 'invalid_target' })
  t.same(audOf(await token(app, { grant_type: 'refresh_token', refresh_token: password.json<Tokens>().refresh_token }, users.basic)), [API])
})

t.test('RFC 8707: a session without resources is for this server, and may say so', async (t) => {
  const { app } = await build(t, options)
  await signedIn(app)
  const { refresh_token: text } = (await login(app)).json<Tokens>()
  t.equal(audOf(await refresh(app, text)), app.latchkey.config.issuer)
  const users = await makeClient(app)
  const password = (await token(app, { grant_type: 'password', username: 'ada@example.com', password: PASSWORD }, users.basic)).json<Tokens>()
  const again = (resource: string) => token(app, { grant_type: 'refresh_token', refresh_token: password.refresh_token, resource }, users.basic)
  t.match((await again(API)).json(), { error: 'invalid_target' })
  t.equal(audOf(await again(app.latchkey.config.issuer)), app.latchkey.config.issuer)
})

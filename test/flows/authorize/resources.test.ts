import t from 'tap'
import { sharedServers } from '../../support/shared-server.ts'
import {
  claimsOf, login, makeClient, PASSWORD, refresh, register, signedIn, token,
  type Tokens
} from '../../support/start-server.ts'
import { authorizeUrl, CALLBACK, formOf, loggedIn, makeApp, paramsOf, VERIFIER, visit } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const API = 'https://api.example.com'
const FILES = 'https://files.example.com'
const options = { resourceServers: [API, FILES] }
const audOf = (answer: Awaited<ReturnType<typeof token>>) => claimsOf(answer.json<Tokens>().access_token)['aud']

t.test('RFC 8707 section 2.2: a token request selects one of the granted resources, for that access token only', async (t) => {
  const { app } = await build(t, options)
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { firstParty: true, skipsConsent: true })
  const url = `${authorizeUrl(client.id, { scope: '', resource: API })}&resource=${encodeURIComponent(FILES)}`
  const { code } = paramsOf(await visitor.follow(await visitor.get(url)))
  const first = await token(app, {
    grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER, resource: FILES
  }, client.basic)
  t.same(audOf(first), [FILES])
  const { refresh_token: text } = first.json<Tokens>()
  const again = (resource?: string) =>
    token(app, { grant_type: 'refresh_token', refresh_token: text, ...(resource && { resource }) }, client.basic)
  t.same(audOf(await again(API)), [API])
  t.same(audOf(await again(FILES)), [FILES], 'within the grace, too')
  t.same(audOf(await again()), [API, FILES], 'the session keeps all')
})

t.test('RFC 8707: the password and client_credentials grants accept resources', async (t) => {
  const { app } = await build(t, options)
  const { issuer } = internals(app).config
  const machine = await makeClient(app, { grantTypes: ['client_credentials'] })
  const own = (resource?: string) => token(app, { grant_type: 'client_credentials', ...(resource && { resource }) }, machine.basic)
  t.same([audOf(await own()), audOf(await own(issuer)), audOf(await own(API))], [issuer, issuer, [API]])
  t.match((await own('https://evil.example')).json(), { error: 'invalid_target' })

  await register(app)
  const users = await makeClient(app)
  const password = await token(app, { grant_type: 'password', username: 'ada@example.com', password: PASSWORD, resource: API }, users.basic)
  t.same(audOf(password), [API])
  t.match(
    (await token(app, { grant_type: 'refresh_token', refresh_token: password.json<Tokens>().refresh_token, resource: FILES }, users.basic))
      .json(),
    { error: 'invalid_target' }
  )
  t.same(audOf(await token(app, { grant_type: 'refresh_token', refresh_token: password.json<Tokens>().refresh_token }, users.basic)), [API])
})

t.test('RFC 8707: a session without resources is for this server, and may name it', async (t) => {
  const { app } = await build(t, options)
  await signedIn(app)
  const { refresh_token: text } = (await login(app)).json<Tokens>()
  t.equal(audOf(await refresh(app, text)), internals(app).config.issuer)
  const users = await makeClient(app)
  const password = (
    await token(app, { grant_type: 'password', username: 'ada@example.com', password: PASSWORD }, users.basic)
  ).json<Tokens>()
  const again = (resource: string) =>
    token(app, { grant_type: 'refresh_token', refresh_token: password.refresh_token, resource }, users.basic)
  t.match((await again(API)).json(), { error: 'invalid_target' })
  t.equal(audOf(await again(internals(app).config.issuer)), internals(app).config.issuer)
})

const spellings = (uri: string) => [uri, `${uri}/`, uri.replace('http', 'HTTP').replace('localhost', 'LOCALHOST')]

for (const [name, more] of [
  ['at the root', {}],
  ['under a prefix', { prefix: '/auth' }],
  ['under a path of APP_URL', { appUrl: 'http://localhost:3000/id' }]
] as const) {
  t.test(`RFC 9728: both endpoints accept the resource that our own metadata names, in any spelling: ${name}`, async (t) => {
    const { app } = await build(t, { ...options, ...more })
    const { prefix, issuer } = internals(app).config
    const { resource } = (await app.inject(`${prefix}/.well-known/oauth-protected-resource`)).json<{ resource: string }>()
    t.equal(resource, issuer)
    await app.inject({ method: 'POST', url: `${prefix}/v1/register`, payload: { email: 'ada@example.com', password: PASSWORD } })
    const client = await makeApp(app, { firstParty: true, skipsConsent: true })
    const visitor = visit(app, { origin: new URL(issuer).origin })
    // The app is asked as a proxy asks it that strips the path of APP_URL
    const path = (url: string) => 'appUrl' in more ? url.replace(/^\/id/, '') : url
    await visitor.post(`${prefix}/login`, {
      ...formOf(await visitor.get(`${prefix}/login`)).hidden, username: 'ada@example.com', password: PASSWORD
    })
    for (const spelling of spellings(resource)) {
      const answer = await visitor.get(prefix + path(authorizeUrl(client.id, { scope: 'openid', resource: spelling })))
      const { code, error } = paramsOf(answer)
      t.match(code, /^lk_ac_/, `${spelling}: ${error}`)
      const tokens = await app.inject({
        method: 'POST',
        url: `${prefix}/v1/oauth/token`,
        headers: { authorization: client.basic, 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams({
          grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER, resource: spelling
        }).toString()
      })
      t.equal(audOf(tokens), issuer, `${spelling}: ${tokens.body}`)
    }
    const other = await visitor.get(prefix + authorizeUrl(client.id, { resource: `${resource}/other` }))
    t.match(paramsOf(other), { error: 'invalid_target' })
  })
}

t.test("RFC 8707 section 2: both endpoints compare resources alike, and the audience has the operator's spelling", async (t) => {
  const { app } = await build(t, {
    resourceServers: ['https://api.example.com/', 'https://api.example.com/v2', 'https://slash.example.com', 'https://slash.example.com/']
  })
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { firstParty: true, skipsConsent: true, grantTypes: ['authorization_code', 'client_credentials'] })
  const byCode = async (resource: string) => {
    const { code, error } = paramsOf(await visitor.get(authorizeUrl(client.id, { scope: 'email', resource })))
    return code === undefined
      ? error
      : claimsOf(
        (await token(
          app,
          { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER, resource },
          client.basic
        )).json<Tokens>().access_token
      )['aud']
  }
  const byToken = async (resource: string) => {
    const answer = await token(app, { grant_type: 'client_credentials', resource }, client.basic)
    return answer.statusCode === 200 ? audOf(answer) : answer.json<{ error: string }>().error
  }
  for (const [resource, audience] of [
    ['https://api.example.com', ['https://api.example.com/']],
    ['https://API.example.com:443/', ['https://api.example.com/']],
    ['https://api.example.com/v2/', ['https://api.example.com/v2']],
    ['https://slash.example.com', ['https://slash.example.com']],
    ['https://slash.example.com/', ['https://slash.example.com/']],
    ['https://api.example.com/v3', 'invalid_target'],
    ['https://api.example.com/V2', 'invalid_target'],
    ['https://api.example.com/?a=1', 'invalid_target'],
    ['https://api.example.com/#part', 'invalid_target'],
    ['https://ada@api.example.com/', 'invalid_target'],
    ['https:\\\\api.example.com/', 'invalid_target'],
    ['http://api.example.com/', 'invalid_target'],
    ['api.example.com', 'invalid_target'],
    [' ', 'invalid_target']
  ] as const) {
    t.same(await byCode(resource), audience, `authorize: ${resource}`)
    t.same(await byToken(resource), audience, `token: ${resource}`)
  }
})

t.test('RFC 8707 section 2: several resources at the token endpoint all become the audience, in a form and as JSON', async (t) => {
  const { app } = await build(t, options)
  const { id, secret, basic } = await makeClient(app, { grantTypes: ['client_credentials'] })
  const form = (...resources: string[]) =>
    app.inject({
      method: 'POST',
      url: '/v1/oauth/token',
      headers: { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams([
        ['grant_type', 'client_credentials'],
        ...resources.map((resource): [string, string] => ['resource', resource])
      ]).toString()
    })
  const json = (resource: unknown) =>
    app.inject({
      method: 'POST', url: '/v1/oauth/token',
      payload: { grant_type: 'client_credentials', client_id: id, client_secret: secret, resource } as object
    })
  t.same(audOf(await form(API, FILES)), [API, FILES])
  t.same(audOf(await form(API, API)), [API])
  t.same(audOf(await json([API, FILES])), [API, FILES])
  t.equal(audOf(await form('')), internals(app).config.issuer, 'an empty one counts as absent')
  t.equal(audOf(await json([])), internals(app).config.issuer)
  const { issuer } = internals(app).config
  for (const several of [[API, 'https://evil.example'], [issuer, API], [API, `${issuer}/`]]) {
    for (const answer of [await form(...several), await json(several)]) {
      t.match(answer.json(), { error: 'invalid_target' }, several.join(' '))
    }
  }
  for (const wrong of [7, { uri: API }, [API, 7], true]) {
    t.match((await json(wrong)).json(), { error: 'invalid_request' }, JSON.stringify(wrong))
  }
  for (const path of ['revoke', 'introspect']) {
    const answer = await app.inject({
      method: 'POST', url: `/v1/oauth/${path}`,
      headers: { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' }, payload: 'token=x&resource=a&resource=b'
    })
    t.match(answer.json(), { error: 'invalid_request', error_description: 'resource is repeated' }, path)
  }
})

t.test('a code for several resources can be exchanged for some of them, and for no others', async (t) => {
  const { app } = await build(t, options)
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { firstParty: true, skipsConsent: true })
  const exchange = async (granted: string[], asked: string[]) => {
    const { code } = paramsOf(
      await visitor.get(
        `${authorizeUrl(client.id, { scope: '' })}&${new URLSearchParams(
          granted.map((resource): [string, string] => ['resource', resource])
        )}`
      )
    )
    return await app.inject({
      method: 'POST',
      url: '/v1/oauth/token',
      headers: { authorization: client.basic, 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams([
        ['grant_type', 'authorization_code'],
        ['code', code!],
        ['redirect_uri', CALLBACK],
        ['code_verifier', VERIFIER],
        ...asked.map((resource): [string, string] => ['resource', resource])
      ]).toString()
    })
  }
  t.same(audOf(await exchange([API, FILES], [FILES, API])), [FILES, API])
  t.same(audOf(await exchange([API, FILES], [`${FILES}/`])), [FILES])
  const { issuer } = internals(app).config
  for (const [granted, asked] of [[[API], [API, FILES]], [[API], [issuer]], [[], [API]], [[issuer], [API]]] as const) {
    t.match((await exchange([...granted], [...asked])).json(), { error: 'invalid_target' }, `${granted.join(' ')} → ${asked.join(' ')}`)
  }
})

t.test('a device authorization request accepts only this server as its resource', async (t) => {
  const { app } = await build(t, options)
  const client = await makeApp(app, { grantTypes: ['urn:ietf:params:oauth:grant-type:device_code'] })
  const ask = (query: string) =>
    app.inject({
      method: 'POST', url: '/v1/oauth/device/code',
      headers: { authorization: client.basic, 'content-type': 'application/x-www-form-urlencoded' }, payload: query
    })
  for (const own of ['', 'resource=', 'resource=http://localhost:3000', 'resource=http://localhost:3000/&resource=http://localhost:3000']) {
    t.equal((await ask(own)).statusCode, 200, own)
  }
  for (const other of [`resource=${API}`, 'resource=https://evil.example', `resource=http://localhost:3000&resource=${API}`]) {
    t.match((await ask(other)).json(), { error: 'invalid_target' }, other)
  }
})

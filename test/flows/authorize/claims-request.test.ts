import t from 'tap'
import type { FastifyInstance } from 'fastify'
import { sharedServers } from '../../support/shared-server.ts'
import { claimsOf, PASSWORD, register, token, type MadeClient, type Tokens } from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'
import {
  authorize, authorizeUrl, CALLBACK, loggedIn, logIn, makeApp, paramsOf, VERIFIER, visit,
  type Visitor
} from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

const CODE = { code: /^lk_ac_/ }
const EMAIL = 'ada@example.com'
const asked = (claims: unknown) => ({ claims: JSON.stringify(claims) })
const BOTH = asked({ id_token: { email: null }, userinfo: { email: { essential: true } } })

type Issued = Tokens & { id_token: string }

const silently = async (visitor: Visitor, client: MadeClient, params: Record<string, string>) =>
  paramsOf(await visitor.get(authorizeUrl(client.id, { prompt: 'none', ...params })))

async function tokens (app: FastifyInstance, visitor: Visitor, client: MadeClient, params: Record<string, string>): Promise<Issued> {
  const { code } = paramsOf(await authorize(visitor, client.id, params))
  return (await token(
    app,
    { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER },
    client.basic
  )).json<Issued>()
}

const refreshed = async (app: FastifyInstance, client: MadeClient, { refresh_token: refreshToken }: Issued, scope?: string) =>
  (await token(app, { grant_type: 'refresh_token', refresh_token: refreshToken, ...(scope !== undefined && { scope }) }, client.basic))
    .json<Issued>()

/** The e-mail address at userinfo and in the id token. */
async function told (app: FastifyInstance, { access_token: bearer, id_token: idToken }: Issued) {
  const info = await app.inject({ url: '/v1/oauth/userinfo', headers: { authorization: `Bearer ${bearer}` } })
  return [info.json<{ email?: string }>().email ?? null, claimsOf(idToken)['email'] ?? null]
}

t.test('OpenID Connect Core section 3.1.2.4: requested claims are shown and consented to like the scopes that cover them', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  t.match(paramsOf(await authorize(visitor, client.id)), CODE)
  for (const member of ['id_token', 'userinfo']) {
    t.match(await silently(visitor, client, asked({ [member]: { email: null } })), { error: 'consent_required' }, member)
  }
  t.match((await visitor.get(authorizeUrl(client.id, BOTH))).body, 'See your e-mail address')
  const issued = await tokens(app, visitor, client, BOTH)
  t.same(await told(app, issued), [EMAIL, EMAIL])
  t.equal(issued.scope, 'openid', 'which gives no scope')
  t.match(await silently(visitor, client, BOTH), CODE)
  t.match(await silently(visitor, client, { scope: 'openid email' }), CODE, 'as the scope would be')
  t.match(await silently(visitor, client, asked({ userinfo: { phone_number: null } })), { error: 'consent_required' })
})

t.test('a client gets no claim whose scope it may not have, also when the scope is removed later', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const narrow = await makeApp(app, { scopes: ['openid'] })
  t.notMatch((await visitor.get(authorizeUrl(narrow.id, BOTH))).body, 'See your e-mail address')
  t.same(await told(app, await tokens(app, visitor, narrow, BOTH)), [null, null])

  const client = await makeApp(app, { scopes: ['openid', 'email'] })
  const issued = await tokens(app, visitor, client, { scope: 'openid email', ...BOTH })
  t.same(await told(app, issued), [EMAIL, EMAIL])
  await sql(app, "UPDATE clients SET scopes = '{openid}' WHERE id = $1", [client.id])
  internals(app).clients.forget(client.id)
  t.same((await told(app, issued))[0], null, 'at userinfo, after the operator took the scope away')
  t.same(await told(app, await refreshed(app, client, issued)), [null, null], 'by a refresh after that')
})

t.test('RFC 6749 section 6: a refresh with fewer scopes also drops the claims they cover, for that access token only', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app)
  for (const scope of ['openid email', 'openid profile']) {
    const issued = await tokens(app, visitor, client, { scope, ...BOTH })
    t.same(await told(app, issued), [EMAIL, EMAIL])
    const narrowed = await refreshed(app, client, issued, 'openid')
    t.same(await told(app, narrowed), [null, null], scope)
    t.same(await told(app, await refreshed(app, client, narrowed)), [EMAIL, EMAIL], `${scope}: the whole again`)
  }
})

t.test('OpenID Connect Core section 3.1.2.2: no code is issued when the requested sub is another user', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const other = (await register(app, { email: 'other@example.com' })).json<{ id: string }>().id
  const client = await makeApp(app, { firstParty: true, skipsConsent: true })
  for (const member of ['id_token', 'userinfo']) {
    for (const sub of [
      { value: other },
      { values: [other] },
      { values: [] },
      { value: 1 },
      { value: other, values: [visitor.userId] },
      { value: visitor.userId, values: [other] }
    ]) {
      t.match(
        await silently(visitor, client, asked({ [member]: { sub } })),
        { error: 'login_required' },
        `${member}: ${JSON.stringify(sub)}`
      )
      t.match((await visitor.get(authorizeUrl(client.id, asked({ [member]: { sub } })))).headers.location, /^\/login\?/)
    }
    for (const sub of [
      null,
      {},
      { essential: true },
      { value: visitor.userId },
      { values: [other, visitor.userId] },
      { value: visitor.userId, values: [visitor.userId] }
    ]) t.match(await silently(visitor, client, asked({ [member]: { sub } })), CODE)
  }
})

t.test('OpenID Connect Core section 3.1.2.2: a login as another user than sub names is repeated once, then refused; the named user gets the requested claims', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  await register(app, { email: 'other@example.com' })
  const client = await makeApp(app, { firstParty: true, skipsConsent: true })
  const params = asked({ id_token: { sub: { value: visitor.userId }, email: null } })
  const other = visit(app)
  await logIn(other, '/login', { username: 'other@example.com' })
  const loginAs = async (username: string) =>
    other.follow(await other.submit(await other.follow(await other.get(authorizeUrl(client.id, params))), { username, password: PASSWORD }))
  t.match(paramsOf(await loginAs('other@example.com')), { error: 'login_required', state: 'of the app' })
  const { code } = paramsOf(await loginAs(EMAIL))
  const issued =
    (await token(app, { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER }, client.basic))
      .json<Issued>()
  t.match(claimsOf(issued.id_token), { sub: visitor.userId, email: EMAIL })
})

t.test('OpenID Connect Core section 5.5.1.1: an essential acr that is not reached is an error, a voluntary one is not', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { firstParty: true, skipsConsent: true })
  const ask = async (acr: unknown) => await silently(visitor, client, asked({ id_token: { acr } }))
  for (const acr of [
    { essential: true, values: ['urn:x'] },
    { essential: true, value: 'urn:x' },
    { essential: true, values: [] },
    { essential: true, value: 'urn:x', values: ['0'] }
  ]) t.match(await ask(acr), { error: 'unmet_authentication_requirements' })
  for (const acr of [
    null,
    { essential: true },
    { essential: true, values: ['urn:x', '0'] },
    { essential: true, value: '0' },
    { values: ['urn:x'] }
  ]) t.match(await ask(acr), CODE)
})

t.test('OpenID Connect Core section 5.5: malformed claims are an error at once, and null requests nothing', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { firstParty: true, skipsConsent: true })
  const wrong = [
    'x', '1', 'null', '[]', '{"userinfo":[]}', '{"id_token":"email"}', '{"userinfo":1}', '{"userinfo":{"email":true}}',
    '{"id_token":{"acr":[]}}', '{"id_token":{"acr":{"essential":"yes"}}}', '{"id_token":{"acr":{"values":"0"}}}',
    JSON.stringify({ id_token: { x: { value: 'y'.repeat(4096) } } })
  ]
  for (const claims of wrong) t.match(await silently(visitor, client, { claims }), { error: 'invalid_request' }, claims.slice(0, 50))
  for (const claims of [
    '{}', '{"userinfo":null}', '{"id_token":null,"userinfo":null}', '{"userinfo":{}}', '{"other":1}',
    '{"userinfo":{"unknown":null,"toString":null}}'
  ]) {
    t.same(await told(app, await tokens(app, visitor, client, { claims })), [null, null], claims)
  }
  t.match(await silently(visitor, client, { nonce: 'n'.repeat(1024) }), CODE)
  t.match(await silently(visitor, client, { nonce: 'n'.repeat(1025) }), { error: 'invalid_request' })
  const issued = await tokens(app, visitor, client, {})
  await sql(app, "UPDATE sessions SET oidc = jsonb_set(oidc::jsonb, '{claims}', '{\"userinfo\":null,\"id_token\":\"x\"}')")
  t.same(await told(app, await refreshed(app, client, issued)), [null, null], 'a session from before there was a rule')
})

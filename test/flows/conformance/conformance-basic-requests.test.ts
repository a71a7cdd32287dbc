import t from 'tap'
import { asksForLogin, LOGIN, party, served } from '../../support/conformance.ts'
import { paramsOf, visit } from '../../support/visitor.ts'
import { advanceTime } from '../../../src/testing.ts'

// The modules of the Basic OP plan of the OpenID Foundation's suite, by their names: parameters of the authorization request
const app = await served(t)
const { path, ask, exchange, tokens, verified, userInfo } = await party(app)
const idTokenOf = async (answer: Parameters<typeof exchange>[0]) => (await exchange(answer)).json<{ id_token: string }>().id_token

for (const [module, more] of [
  ['oidcc-display-page', { display: 'page' }],
  ['oidcc-display-popup', { display: 'popup' }],
  ['oidcc-ui-locales', { ui_locales: 'se' }],
  ['oidcc-claims-locales', { claims_locales: 'se' }],
  ['oidcc-ensure-request-with-unknown-parameter-succeeds', { extra: 'foobar' }],
  ['oidcc-ensure-request-with-acr-values-succeeds', { acr_values: '1 2' }]
] as [string, Record<string, string>][]) {
  t.test(module, async (t) => {
    const visitor = visit(app)
    t.ok(asksForLogin(await visitor.follow(await visitor.get(path(more)))), 'a login page')
    const claims = await verified((await tokens(more, visitor)).id_token)
    t.ok(claims.sub)
    if ('acr_values' in more) t.equal(typeof claims['acr'], 'string')
  })
}

t.test('oidcc-prompt-login', async (t) => {
  const visitor = visit(app)
  const first = await verified((await tokens({}, visitor)).id_token)
  await advanceTime(app, 2)
  const page = await visitor.follow(await visitor.get(path({ prompt: 'login' })))
  t.ok(asksForLogin(page), 'who is logged in is asked again')
  const second = await verified(await idTokenOf(await visitor.follow(await visitor.submit(page, LOGIN))))
  t.equal(second.sub, first.sub)
  t.ok(Number(second['auth_time']) > Number(first['auth_time']))
})

t.test('oidcc-prompt-none-not-logged-in', async (t) => {
  t.match(paramsOf(await visit(app).get(path({ prompt: 'none' }))), {
    error: /^(login_required|interaction_required)$/,
    state: 'of the app'
  })
})

t.test('oidcc-prompt-none-logged-in', async (t) => {
  const visitor = visit(app)
  const first = await verified((await tokens({}, visitor)).id_token)
  const second = await verified(await idTokenOf(await visitor.get(path({ prompt: 'none' }))))
  t.same([second.sub, second['auth_time']], [first.sub, first['auth_time']])
})

t.test('oidcc-max-age-1', async (t) => {
  const visitor = visit(app)
  const first = await verified((await tokens({}, visitor)).id_token)
  await advanceTime(app, 2)
  const page = await visitor.follow(await visitor.get(path({ max_age: '1' })))
  t.ok(asksForLogin(page))
  const second = await verified(await idTokenOf(await visitor.follow(await visitor.submit(page, LOGIN))))
  t.ok(Number(second['auth_time']) > Number(first['auth_time']))
  t.ok(Number(second.iat) - Number(second['auth_time']) <= 1)
})

t.test('oidcc-max-age-10000', async (t) => {
  const visitor = visit(app)
  const first = await verified((await tokens({ max_age: '15000' }, visitor)).id_token)
  const second = await verified(await idTokenOf(await visitor.get(path({ max_age: '10000' }))))
  t.same([second.sub, second['auth_time']], [first.sub, first['auth_time']], 'nobody was asked')
})

t.test('oidcc-id-token-hint', async (t) => {
  const visitor = visit(app)
  const { id_token: hint } = await tokens({}, visitor)
  const second = await verified(await idTokenOf(await visitor.get(path({ prompt: 'none', id_token_hint: hint }))))
  t.equal(second.sub, (await verified(hint)).sub)
})

t.test('oidcc-login-hint', async (t) => {
  const page = await visit(app).follow(await visit(app).get(path({ login_hint: 'ada@example.com' })))
  t.match(page.body, 'value="ada@example.com"')
  t.ok((await tokens({ login_hint: 'ada@example.com' })).id_token)
})

t.test('oidcc-claims-essential', async (t) => {
  const issued = await tokens({ claims: JSON.stringify({ userinfo: { name: { essential: true } } }) })
  t.match(await userInfo(issued.access_token), { name: 'Ada Lovelace' })
})

// Not supported, and said so (OpenID Connect Core section 6)
const REQUEST_OBJECT = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ redirect_uri: 'https://evil.example/', state: 'other' })).toString('base64url')}.`

for (const [module, more, error] of [
  ['oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported', { request_uri: 'https://app.example.com/request.jwt' },
    'request_uri_not_supported'],
  ['oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported', { request: REQUEST_OBJECT }, 'request_not_supported'],
  ['oidcc-ensure-request-object-with-redirect-uri', { request: REQUEST_OBJECT }, 'request_not_supported']
] as [string, Record<string, string>, string][]) {
  t.test(module, async (t) => {
    const visitor = visit(app)
    await ask(visitor)
    const answer = await visitor.get(path(more))
    t.ok(answer.headers.location?.startsWith('https://app.example.com/callback?error='), 'the registered address, not that of the object')
    t.match(paramsOf(answer), { error, state: 'of the app' })
    const metadata = (await app.inject('/.well-known/openid-configuration')).json()
    t.match(metadata, { request_parameter_supported: false, request_uri_parameter_supported: false })
  })
}

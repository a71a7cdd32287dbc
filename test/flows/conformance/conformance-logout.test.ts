import type { LightMyRequestResponse } from 'fastify'
import t from 'tap'
import { party, served } from '../../support/conformance.ts'
import { claimsOf } from '../../support/start-server.ts'
import { paramsOf, visit, type Fields, type Visitor } from '../../support/visitor.ts'

// The modules of the RP-initiated logout plan of the OpenID Foundation's suite, by their names
const AFTER = 'https://app.example.com/logged-out'
const app = await served(t)
const { client, path, tokens } = await party(app, { postLogoutRedirectUris: [AFTER] })

async function started (): Promise<{ visitor: Visitor, hint: string }> {
  const visitor = visit(app)
  return { visitor, hint: (await tokens({}, visitor)).id_token }
}

const end = (visitor: Visitor, params: Fields) => visitor.get(`/v1/oauth/logout?${new URLSearchParams(params)}`)
/** As the suite asks: by a silent request. */
const isLoggedOut = async (visitor: Visitor) => paramsOf(await visitor.get(path({ prompt: 'none' })))['error'] === 'login_required'
const staysHere = ({ headers: { location } }: LightMyRequestResponse) => location === undefined

t.test('oidcc-rp-initiated-logout-discovery-endpoint-verification', async (t) => {
  const { end_session_endpoint: endpoint } = (await app.inject('/.well-known/openid-configuration')).json<Fields>()
  t.equal(endpoint, 'http://localhost:3000/v1/oauth/logout')
})

t.test('oidcc-rp-initiated-logout', async (t) => {
  const { visitor, hint } = await started()
  const answer = await end(visitor, { id_token_hint: hint, post_logout_redirect_uri: AFTER, state: 'logout-state' })
  t.equal(answer.headers.location, `${AFTER}?state=logout-state`)
  t.ok(await isLoggedOut(visitor))
})

t.test('oidcc-rp-initiated-logout-no-state', async (t) => {
  const { visitor, hint } = await started()
  t.equal((await end(visitor, { id_token_hint: hint, post_logout_redirect_uri: AFTER })).headers.location, AFTER, 'and none comes back')
  t.ok(await isLoggedOut(visitor))
})

for (const [module, params] of [
  ['oidcc-rp-initiated-logout-no-params', {}],
  ['oidcc-rp-initiated-logout-only-state', { state: 'logout-state' }]
] as [string, Fields][]) {
  t.test(module, async (t) => {
    const { visitor } = await started()
    const page = await end(visitor, params)
    t.match([page.statusCode, staysHere(page)], [200, true], 'the user is asked')
    t.notOk(await isLoggedOut(visitor))
    const done = await visitor.follow(await visitor.submit(page))
    t.match(done.body, 'You are logged out')
    t.ok(staysHere(done))
    t.ok(await isLoggedOut(visitor))
  })
}

t.test('oidcc-rp-initiated-logout-no-post-logout-redirect-uri', async (t) => {
  const { visitor, hint } = await started()
  const done = await end(visitor, { id_token_hint: hint, state: 'logout-state' })
  t.match(done.body, 'You are logged out')
  t.ok(staysHere(done))
  t.ok(await isLoggedOut(visitor))
})

t.test('oidcc-rp-initiated-logout-no-id-token-hint', async (t) => {
  const { visitor } = await started()
  const refused = await end(visitor, { post_logout_redirect_uri: AFTER, state: 'logout-state' })
  t.match([refused.statusCode, staysHere(refused)], [400, true], 'whose address it is cannot be known')
  t.notOk(await isLoggedOut(visitor))
  const asked = await end(visitor, { client_id: client.id, post_logout_redirect_uri: AFTER, state: 'logout-state' })
  t.ok(staysHere(asked), 'with client_id the user is asked first')
  t.equal((await visitor.submit(asked)).headers.location, `${AFTER}?state=logout-state`)
  t.ok(await isLoggedOut(visitor))
})

for (const [module, change] of [
  ['oidcc-rp-initiated-logout-bad-id-token-hint', () => 'bad-id-token-hint'],
  ['oidcc-rp-initiated-logout-modified-id-token-hint', (hint: string) => {
    const [head, , signature] = hint.split('.')
    return [head, Buffer.from(JSON.stringify({ ...claimsOf(hint), sub: 'somebody else' })).toString('base64url'), signature].join('.')
  }]
] as [string, (hint: string) => string][]) {
  t.test(module, async (t) => {
    const { visitor, hint } = await started()
    const answer = await end(visitor, { id_token_hint: change(hint), post_logout_redirect_uri: AFTER, state: 'logout-state' })
    t.match([answer.statusCode, staysHere(answer)], [400, true])
    t.match(answer.headers['content-type'], /^text\/html/)
    t.notOk(await isLoggedOut(visitor))
  })
}

for (const [module, uri] of [
  ['oidcc-rp-initiated-logout-bad-post-logout-redirect-uri', 'https://app.example.com/bad'],
  ['oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri', `${AFTER}?foo=bar`]
] as const) {
  t.test(module, async (t) => {
    const { visitor, hint } = await started()
    const answer = await end(visitor, { id_token_hint: hint, post_logout_redirect_uri: uri, state: 'logout-state' })
    t.match([answer.statusCode, staysHere(answer)], [400, true])
    t.notMatch(answer.body, /href="https:/)
  })
}

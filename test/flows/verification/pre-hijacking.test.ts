import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { EmailSchema, PhoneSchema } from '../../../src/index.ts'
import { createMailbox, tokenIn, type Mailbox } from '../../support/mailbox.ts'
import { asked, makeTv, poll } from '../../support/device.ts'
import { holdUsers, pause } from '../../support/pause.ts'
import { sql } from '../../support/session-rows.ts'
import { build, eventually, login, makeClient, PASSWORD, profile, refresh, register, signedIn, token, type Tokens } from '../../support/start-server.ts'
import { CLIENT, logInUpstream, pathOf, startUpstream, through, type UpstreamServer } from '../../support/upstream.ts'
import { authorize, CALLBACK, formOf, letIn, logIn, makeApp, paramsOf, VERIFIER, visit, type Visitor } from '../../support/visitor.ts'

const VICTIM = 'ada@example.com'
const BYSTANDER = 'bob@example.com'
const NEXT = 'another horse battery staple'

const post = (app: FastifyInstance, url: string, payload: object = {}, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url, payload, headers })

const THIEF = { sub: 'thief', email: 'thief@evil.example', email_verified: true }

/** A provider at which users log in who have an account here. */
async function provider (t: Test) {
  const upstream = await startUpstream(t, ['http://localhost:3000/v1/auth/acme/callback'])
  return { upstream, social: { acme: { ...CLIENT, issuer: upstream.issuer, use: 'login' as const } } }
}

/** Goes to the provider to add an account there as a way in. @returns the path of the answer of the provider */
async function startLink (browser: Visitor, upstream: UpstreamServer, person = THIEF): Promise<string> {
  const { hidden } = formOf(await browser.get('/account/security'))
  const started = await browser.post('/account/security/identities/link', { ...hidden, provider: 'acme' })
  return pathOf(await through(started, person, upstream))
}

/** A thief is logged in with the address of somebody else, who can prove that it is theirs. */
async function taken (t: Test) {
  const box = createMailbox()
  const { upstream, social } = await provider(t)
  const { app, databaseUrl } = await build(t, { ...box.options, social })
  const { user } = await signedIn(app, { email: VICTIM })
  const browser = visit(app)
  await logIn(browser)
  const mail = await link({ app, box }, 'verify')
  return { app, databaseUrl, upstream, browser, prove: () => post(app, `/v1/email/verify/${user.id}/${tokenIn(mail)}`) }
}

/** Everything that somebody can prepare who has registered the address of somebody else. */
async function prepare (t: Test) {
  const box = createMailbox()
  const attributes = { email: EmailSchema, phone: PhoneSchema }
  const { upstream, social } = await provider(t)
  const { app } = await build(t, { ...box.options, resetUrls: [CALLBACK], login: { attributes }, social })
  await makeClient(app, { name: 'Personal', grantTypes: ['personal_access'] })
  const { user, ...tokens } = await signedIn(app, { email: VICTIM, phone: '+491701234567' })
  const bearer = { authorization: `Bearer ${tokens.access_token}` }
  const browser = visit(app)
  await logIn(browser)
  t.match((await browser.get(await startLink(browser, upstream))).headers, { location: '/account/security' })

  const personal = (await post(app, '/v1/oauth/personal-access-tokens', { name: 'Later' }, bearer)).json<Pick<Tokens, 'access_token'>>()
  const own = (await post(app, '/v1/oauth/clients', { name: 'Mine', redirect_uris: [CALLBACK] }, bearer)).json<{ client_id: string, client_secret: string }>()
  const basic = `Basic ${Buffer.from(`${own.client_id}:${own.client_secret}`).toString('base64')}`
  const third = await makeApp(app)
  const atThird = await letIn(app, browser, third, 'openid offline_access')
  const { code } = paramsOf(await authorize(browser, third.id, { scope: 'openid' }))
  const tv = await makeTv(app)
  const device = await asked(app, { client_id: tv.id })
  const question = await browser.follow(await browser.submit(await browser.get('/device'), { user_code: device.user_code }))
  await browser.follow(await browser.submit(question, { decision: 'allow' }))

  await register(app, { email: BYSTANDER })
  const other = visit(app)
  await logIn(other, '/login', { username: BYSTANDER })
  const atOwn = await letIn(app, other, { ...third, id: own.client_id, basic }, 'openid offline_access')
  await box.fetch(app)

  /** What still gives access to the account, or acts in its name. */
  async function works (): Promise<string[]> {
    const answers = {
      password: (await login(app, { email: VICTIM, password: PASSWORD })).statusCode,
      phone: (await login(app, { phone: '+491701234567', password: PASSWORD })).statusCode,
      'access token': (await profile(app, tokens.access_token)).statusCode,
      'refresh token': (await refresh(app, tokens.refresh_token)).statusCode,
      browser: (await browser.get('/account')).statusCode,
      'personal token': (await profile(app, personal.access_token)).statusCode,
      'third party': (await token(app, { grant_type: 'refresh_token', refresh_token: atThird.refresh_token }, third.basic)).statusCode,
      code: (await token(app, { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER }, third.basic)).statusCode,
      provider: (await logInUpstream(visit(app), upstream, THIEF)).statusCode === 303 ? 200 : 401,
      device: (await poll(app, tv.id, device.device_code)).statusCode,
      'own client: tokens of others': (await token(app, { grant_type: 'refresh_token', refresh_token: atOwn.refresh_token }, basic)).statusCode,
      'own client: access token of others': (await app.inject({ url: '/v1/oauth/userinfo', headers: { authorization: `Bearer ${atOwn.access_token}` } })).statusCode,
      'own client: new tokens': paramsOf(await authorize(other, own.client_id, { scope: 'openid' })).code === undefined ? 400 : 200
    }
    return Object.entries(answers).filter(([, status]) => status === 200).map(([name]) => name)
  }

  return { app, box, user, own, works }
}

type Prepared = Pick<Awaited<ReturnType<typeof prepare>>, 'app' | 'box' | 'user'>

const link = async ({ app, box }: { app: FastifyInstance, box: Mailbox }, purpose: 'verify' | 'reset') => {
  await box.fetch(app)
  await post(app, purpose === 'verify' ? '/v1/email/verification-notification' : '/v1/password/forgot', { email: VICTIM })
  return (await box.fetch(app))[0]!
}

const proofs: Record<string, (prepared: Prepared) => Promise<unknown>> = {
  async 'a reset' ({ app, box }) {
    const done = await post(app, '/v1/password/reset', { email: VICTIM, token: tokenIn(await link({ app, box }, 'reset')), password: NEXT })
    t.equal(done.statusCode, 204)
  },
  async 'a link, by API' ({ app, box, user }) {
    const done = await post(app, `/v1/email/verify/${user.id}/${tokenIn(await link({ app, box }, 'verify'))}`)
    t.same(done.json(), { password_removed: true })
  }
}

t.test('everything works before the proof', async (t) => {
  const { works } = await prepare(t)
  t.equal((await works()).length, 13)
})

for (const [name, prove] of Object.entries(proofs)) {
  t.test(`nothing that was prepared works after the first proof of the owner: ${name}`, async (t) => {
    const prepared = await prepare(t)
    await prove(prepared)
    t.same(await prepared.works(), [])
    const { app, own } = prepared
    t.ok(await eventually(async () => (await sql(app, "SELECT FROM audit_events WHERE type = 'client.revoked' AND client_id = $1", [own.client_id])).length === 1))
  })
}

t.test('a client that is being registered at that moment does not stay', async (t) => {
  const box = createMailbox()
  const { app, databaseUrl } = await build(t, box.options)
  const { user, ...tokens } = await signedIn(app, { email: VICTIM })
  const mail = await link({ app, box }, 'verify')
  const { reached, blocked, release } = await pause(t, databaseUrl, 'client')
  const headers = { authorization: `Bearer ${tokens.access_token}` }
  const registering = post(app, '/v1/oauth/clients', { name: 'Mine', redirect_uris: [CALLBACK] }, headers)
  await reached()
  const proof = post(app, `/v1/email/verify/${user.id}/${tokenIn(mail)}`)
  await blocked()
  await release()
  t.same([(await registering).statusCode, (await proof).statusCode], [201, 200])
  t.equal((await sql(app, 'SELECT FROM clients WHERE owner_id = $1 AND revoked_at IS NULL', [user.id])).length, 0)
  t.equal((await sql(app, 'SELECT FROM clients WHERE owner_id = $1', [user.id])).length, 1)
})

t.test('an account at a provider that is being linked at that moment does not stay', async (t) => {
  const { app, databaseUrl, upstream, browser, prove } = await taken(t)
  const back = await startLink(browser, upstream)
  const { reached, blocked, release } = await pause(t, databaseUrl, 'identity')
  const linking = browser.get(back)
  await reached()
  const proof = prove()
  await blocked()
  await release()
  t.same([(await linking).statusCode, (await proof).statusCode], [303, 200])
  t.same(await sql(app, 'SELECT subject FROM social_accounts'), [])
})

t.test('a login that has ended meanwhile links no account at a provider', async (t) => {
  const { app, databaseUrl, upstream, browser, prove } = await taken(t)
  const back = await startLink(browser, upstream)
  const { blocked, release } = await holdUsers(t, databaseUrl)
  const proof = prove()
  await blocked(1)
  const linking = browser.get(back)
  await blocked(2)
  await release()
  t.same([(await linking).statusCode, (await proof).statusCode], [303, 200])
  t.same(await sql(app, 'SELECT subject FROM social_accounts'), [])
})

t.test('a login at a provider that is under way when the owner proves the address is refused', async (t) => {
  const { app, databaseUrl, upstream, browser, prove } = await taken(t)
  await browser.get(await startLink(browser, upstream))
  const { reached, blocked, release } = await pause(t, databaseUrl, 'identityUse')
  const thief = visit(app)
  const entering = logInUpstream(thief, upstream, THIEF)
  await reached()
  const proof = prove()
  await blocked()
  // What the login reads of the user after this, it reads after the proof
  const waiting = sql(app, "DO 'BEGIN LOCK TABLE users; END'")
  await blocked(2)
  await release()
  await waiting
  t.same([(await proof).statusCode, (await entering).statusCode], [200, 401])
  t.equal((await thief.get('/account')).statusCode, 303)
})

t.test('the undo of a change ends the clients registered or changed since; with the first proof of an address all of them', async (t) => {
  for (const wasVerified of [true, false]) {
    const box = createMailbox()
    const { app } = await build(t, box.options)
    const { user, ...tokens } = await signedIn(app, { email: VICTIM })
    if (wasVerified) await sql(app, 'UPDATE identifiers SET verified_at = now()')
    await box.fetch(app)
    const headers = { authorization: `Bearer ${tokens.access_token}` }
    const make = async (name: string) =>
      (await post(app, '/v1/oauth/clients', { name, redirect_uris: [CALLBACK] }, headers)).json<{ client_id: string }>().client_id
    const [before, changed] = [await make('Before'), await make('Changed')]
    await app.inject({ method: 'PATCH', url: '/v1/profile', headers, payload: { email: 'thief@evil.example', current_password: PASSWORD } })
    const confirmation = (await box.fetch(app)).find(({ to }) => to === 'thief@evil.example')!
    t.equal((await post(app, `/v1/email/verify/${user.id}/${tokenIn(confirmation)}`, {}, headers)).statusCode, 200)
    const notice = (await box.fetch(app)).find(({ to }) => to === VICTIM)!
    const theirs = { name: 'Changed', redirect_uris: ['https://evil.example/callback'] }
    t.equal((await app.inject({ method: 'PUT', url: `/v1/oauth/clients/${changed}`, headers, payload: theirs })).statusCode, 200)
    await make('After')
    t.equal((await post(app, `/v1/email/undo/${user.id}/${tokenIn(notice)}`)).statusCode, 200)
    t.same(await sql(app, 'SELECT id FROM clients WHERE owner_id = $1 AND revoked_at IS NULL', [user.id]), wasVerified ? [{ id: before }] : [])
  }
})

t.test('the undo of a change removes the ways in through providers added since; with the first proof of an address all of them', async (t) => {
  for (const wasVerified of [true, false]) {
    const box = createMailbox()
    const { upstream, social } = await provider(t)
    const { app } = await build(t, { ...box.options, social })
    const { user, ...tokens } = await signedIn(app, { email: VICTIM })
    if (wasVerified) await sql(app, 'UPDATE identifiers SET verified_at = now()')
    const browser = visit(app)
    await logIn(browser)
    const before = { ...THIEF, sub: 'before' }
    await browser.get(await startLink(browser, upstream, before))
    await box.fetch(app)
    const headers = { authorization: `Bearer ${tokens.access_token}` }
    await app.inject({ method: 'PATCH', url: '/v1/profile', headers, payload: { email: 'thief@evil.example', current_password: PASSWORD } })
    const confirmation = (await box.fetch(app)).find(({ to }) => to === 'thief@evil.example')!
    t.equal((await post(app, `/v1/email/verify/${user.id}/${tokenIn(confirmation)}`, {}, headers)).statusCode, 200)
    const notice = (await box.fetch(app)).find(({ to }) => to === VICTIM)!
    await browser.get(await startLink(browser, upstream))
    t.equal((await logInUpstream(visit(app), upstream, THIEF)).statusCode, 303)
    t.equal((await post(app, `/v1/email/undo/${user.id}/${tokenIn(notice)}`)).statusCode, 200)
    t.equal((await logInUpstream(visit(app), upstream, THIEF)).statusCode, 401)
    t.equal((await logInUpstream(visit(app), upstream, before)).statusCode, wasVerified ? 303 : 401)
    t.same(await sql(app, 'SELECT subject FROM social_accounts'), wasVerified ? [{ subject: 'before' }] : [])
  }
})

t.test('no mail says the name that somebody else has given to the account', async (t) => {
  for (const prove of Object.values(proofs)) {
    const box = createMailbox()
    const { app } = await build(t, box.options)
    const { user } = await signedIn(app, { email: VICTIM, name: 'Buy at evil.example' })
    await box.fetch(app)
    await prove({ app, box, user })
    const mails = await box.fetch(app)
    t.equal(mails.length, 1)
    t.notMatch(mails[0]!.text + mails[0]!.html, 'evil')
  }
})

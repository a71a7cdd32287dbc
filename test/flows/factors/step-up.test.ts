import t, { type Test } from 'tap'
import { codeOf, enrolled } from '../../support/factors.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { sql } from '../../support/session-rows.ts'
import { claimsOf, PASSWORD, token } from '../../support/start-server.ts'
import { authorizeUrl, CALLBACK, loggedIn, logIn, makeApp, paramsOf, VERIFIER, visit } from '../../support/visitor.ts'

const build = sharedServers(t)

const CODE = { code: /^lk_ac_/ }
const UNMET = { error: 'unmet_authentication_requirements' }
const essential = (acr: object) => ({ claims: JSON.stringify({ id_token: { acr: { essential: true, ...acr } } }) })

/** A user with an authenticator app, who has logged in with it in a browser. */
async function provenVisitor (t: Test) {
  const { app } = await build(t)
  const { secret } = await enrolled(app)
  const visitor = visit(app)
  await visitor.submit(await logIn(visitor), { code: codeOf(app, secret) })
  await sql(app, 'UPDATE factors SET last_step = last_step - 2')
  return { app, visitor, secret, client: await makeApp(app, { firstParty: true, skipsConsent: true }) }
}

t.test('an essential acr is reached by the second factor, and the tokens say so, after a refresh too', async (t) => {
  const { app, visitor, client } = await provenVisitor(t)
  for (const acr of [{ value: 'mfa' }, { values: ['urn:x', 'mfa'] }, { value: '0' }]) {
    t.match(paramsOf(await visitor.get(authorizeUrl(client.id, { prompt: 'none', ...essential(acr) }))), CODE, JSON.stringify(acr))
  }
  const { code } = paramsOf(await visitor.get(authorizeUrl(client.id, { scope: 'openid', ...essential({ value: 'mfa' }) })))
  const issued = await token(
    app, { grant_type: 'authorization_code', code: code!, redirect_uri: CALLBACK, code_verifier: VERIFIER }, client.basic
  )
  const { id_token: idToken, access_token: accessToken, refresh_token: refreshToken } = issued.json<Record<string, string>>()
  const { auth_time: authTime } = claimsOf(idToken!)
  const reached = { acr: 'mfa', amr: ['pwd', 'otp', 'mfa'], auth_time: authTime }
  t.type(authTime, 'number')
  t.match(claimsOf(idToken!), reached)
  t.match(claimsOf(accessToken!), reached)
  const later = await token(app, { grant_type: 'refresh_token', refresh_token: refreshToken! }, client.basic)
  t.match(claimsOf(later.json<{ access_token: string }>().access_token), reached)
})

t.test('an essential acr fails for a user without a second factor, and wanted acr_values do not', async (t) => {
  const { app } = await build(t)
  const visitor = await loggedIn(app)
  const client = await makeApp(app, { firstParty: true, skipsConsent: true })
  const ask = async (params: Record<string, string>) => paramsOf(await visitor.get(authorizeUrl(client.id, params)))
  t.match(await ask(essential({ value: 'mfa' })), { ...UNMET, state: String })
  t.match(await ask({ prompt: 'none', ...essential({ values: ['mfa', 'urn:x'] }) }), UNMET)
  t.match(await ask(essential({ values: ['mfa', '0'] })), CODE, 'one of them is reached')
  t.match(await ask({ acr_values: 'mfa' }), CODE)
  t.match(await ask({ acr_values: 'urn:x phr' }), CODE)
})

t.test('whoever is not logged in is asked to, and with prompt=none told', async (t) => {
  const { app, client, secret } = await provenVisitor(t)
  const guest = visit(app)
  const silent = await guest.get(authorizeUrl(client.id, { prompt: 'none', ...essential({ value: 'mfa' }) }))
  t.match(paramsOf(silent), { error: 'login_required' })
  const form = await guest.follow(await guest.get(authorizeUrl(client.id, essential({ value: 'mfa' }))))
  const asked = await guest.submit(form, { username: 'ada@example.com', password: PASSWORD })
  t.match([asked.statusCode, asked.body], [403, 'Enter your code'])
  t.match(paramsOf(await guest.follow(await guest.submit(asked, { code: codeOf(app, secret) }))), CODE)
})

t.test('max_age=0 asks for the password and for the factor again, once', async (t) => {
  const { app, visitor, client, secret } = await provenVisitor(t)
  const silent = await visitor.get(authorizeUrl(client.id, { max_age: '0', prompt: 'none' }))
  t.match(paramsOf(silent), { error: 'login_required' })
  const form = await visitor.follow(await visitor.get(authorizeUrl(client.id, { max_age: '0' })))
  const asked = await visitor.submit(form, { username: 'ada@example.com', password: PASSWORD })
  t.match([asked.statusCode, asked.body], [403, 'Enter your code'])
  t.match(paramsOf(await visitor.follow(await visitor.submit(asked, { code: codeOf(app, secret) }))), CODE)
})

t.test('the metadata name the acr values that a login can reach', async (t) => {
  const { app } = await build(t)
  const read = async (from: typeof app) =>
    (await from.inject('/.well-known/openid-configuration')).json<{ acr_values_supported: string[] }>().acr_values_supported
  t.same(await read(app), ['0', 'mfa'])
  t.same(await read((await build(t, { factors: 'off' })).app), ['0'])
})

import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { EmailSchema, PhoneSchema, UsernameSchema } from '../../../src/index.ts'
import { createUser } from '../../../src/testing/users.ts'
import { codeIn, createMailbox, createPhones, linkIn, tokenIn } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { signedIn } from '../../support/created.ts'
import { build, eventually, login, makeClient, profile, type Tokens } from '../../support/start-server.ts'
import { CALLBACK, letIn, logIn, visit } from '../../support/visitor.ts'

const EMAIL = 'ada@example.com'
const VERIFICATION_URLS = ['https://app.example.com/verify']
const REQUIRED = { requireEmailVerification: 'on' as const }

type User = { id: string }

const post = (app: FastifyInstance, url: string, payload?: object, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url, headers, ...(payload && { payload }) })
const bearer = ({ access_token: token }: Pick<Tokens, 'access_token'>) => ({ authorization: `Bearer ${token}` })
const notify = (app: FastifyInstance, payload?: object, headers?: Record<string, string>) =>
  post(app, '/v1/email/verification-notification', payload, headers)
const verify = (app: FastifyInstance, user: User, token: string, payload?: object, headers?: Record<string, string>) =>
  post(app, `/v1/email/verify/${user.id}/${token}`, payload, headers)
const isVerified = async (app: FastifyInstance, attribute = 'email') =>
  (await sql<{ verified: boolean }>(app, 'SELECT verified_at IS NOT NULL AS verified FROM identifiers WHERE attribute = $1', [attribute]))[0]!.verified
const wrong = (code: string) => ((Number(code) + 1) % 1_000_000).toString().padStart(6, '0')

t.test('by bearer: a link and a code, and everything is kept', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, verificationUrls: VERIFICATION_URLS })
  const { user, ...tokens } = await signedIn(app)
  await sql(app, 'UPDATE users SET locale = NULL')
  const sent = await notify(app, undefined, { ...bearer(tokens), 'accept-language': 'de' })
  t.match([sent.statusCode, sent.json()], [202, { message: /on its way/ }], 'without a body, as in 13.x')
  const [mail] = await box.fetch(app)
  t.match(mail, { to: EMAIL, subject: /Bestätigen/ }, 'in the language of the user, who asks')
  const code = codeIn(mail!)
  t.match((await post(app, '/v1/email/verify', { code: wrong(code) }, bearer(tokens))).json(), { code: 'LK_INVALID_TOKEN' })
  const { user: eve, ...others } = await signedIn(app, { email: 'eve@example.com' })
  t.equal((await post(app, '/v1/email/verify', { code }, bearer(others))).statusCode, 403, 'a code is for the session that asked for it')
  t.equal((await verify(app, user, tokenIn(mail!), undefined, bearer(others))).statusCode, 403, 'with the token of another user')
  t.equal((await verify(app, eve, tokenIn(mail!), undefined, bearer(others))).statusCode, 403, 'of another user')
  const right = await post(app, '/v1/email/verify', { code }, bearer(tokens))
  t.same([right.statusCode, right.json()], [200, {}])
  t.equal(await isVerified(app), true)
  t.equal((await profile(app, tokens.access_token)).statusCode, 200)
  t.equal((await login(app)).statusCode, 200)
  t.match(await box.fetch(app), [{ subject: /^Welcome/ }], 'told once')
  t.equal((await post(app, '/v1/email/verify', { code }, bearer(tokens))).statusCode, 403, 'replayed')
  const again = await notify(app, {}, bearer(tokens))
  t.equal(again.statusCode, 202)
  t.same(await box.fetch(app), [], 'there is nothing left to verify')
})

t.test('by link: bearer, auth_session or password keep everything; without one the first proof cleans the account', async (t) => {
  const box = createMailbox()
  for (const [name, how] of [
    ['bearer', async (tokens: Tokens) => [undefined, bearer(tokens)]],
    ['password', async () => [{ password: 'correct horse battery staple' }, {}]],
    ['nothing', async () => [undefined, {}]]
  ] as const) {
    const attributes = { email: EmailSchema, phone: PhoneSchema }
    const { app } = await build(t, { ...box.options, verificationUrls: VERIFICATION_URLS, login: { attributes } })
    const { user, ...tokens } = await signedIn(app, { email: EMAIL, phone: '+491701234567' })
    await notify(app, { email: '+49 170 1234567', verification_url: VERIFICATION_URLS[0] })
    const [mail] = await box.fetch(app)
    const link = new URL(linkIn(mail!))
    t.equal(link.origin + link.pathname, VERIFICATION_URLS[0])
    t.equal(link.searchParams.get('url'), `http://localhost:3000/v1/email/verify/${user.id}/${tokenIn(mail!)}`, 'one parameter, as in 12.x')
    const [payload, headers] = await how(tokens)
    const done = await verify(app, user, tokenIn(mail!), payload, headers)
    t.equal(done.statusCode, 200)
    t.equal(await isVerified(app), true)
    const cleaned = name === 'nothing'
    t.same(done.json(), cleaned ? { password_removed: true } : {}, name)
    t.equal((await login(app)).statusCode, cleaned ? 401 : 200)
    t.equal((await profile(app, tokens.access_token)).statusCode, cleaned ? 401 : 200)
    t.equal((await sql(app, "SELECT FROM identifiers WHERE attribute = 'phone'")).length, cleaned ? 0 : 1)
    await box.fetch(app)
  }
})

t.test('a login that was refused goes on: link and code by auth_session', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, ...REQUIRED })
  const user = await createUser(app, { email: EMAIL })
  const { auth_session: authSession } = (await login(app)).json<{ auth_session: string }>()
  t.equal((await notify(app, { auth_session: authSession })).statusCode, 202)
  const [mail] = await box.fetch(app)
  const { auth_session: another } = (await login(app)).json<{ auth_session: string }>()
  const code = codeIn(mail!)
  for (const answer of [
    await post(app, '/v1/email/verify', { code, auth_session: another }),
    await post(app, '/v1/email/verify', { code, auth_session: 'lk_as_forged' }),
    await post(app, '/v1/email/verify', { code: wrong(code), auth_session: authSession }),
    await verify(app, user, tokenIn(mail!), { auth_session: 'lk_as_forged' })
  ]) t.match([answer.statusCode, answer.json()], [403, { code: 'LK_INVALID_TOKEN', message: 'The token is invalid or has expired.' }])
  t.equal((await post(app, '/v1/email/verify', { code })).statusCode, 401)
  t.equal((await post(app, '/v1/email/verify', { auth_session: authSession })).statusCode, 422)
  const at = await Promise.all(Array.from({ length: 5 }, () => verify(app, user, tokenIn(mail!), { auth_session: authSession })))
  t.same(at.map(({ statusCode }) => statusCode).sort(), [200, 403, 403, 403, 403], 'of five at once one wins')
  t.equal((await login(app)).statusCode, 200, 'with the password')
})

t.test('a bad token has one answer, whatever is wrong with it', async (t) => {
  const box = createMailbox()
  const { app, logs } = await build(t, box.options)
  const { user, ...tokens } = await signedIn(app)
  const ask = async () => {
    await notify(app, { email: EMAIL })
    return tokenIn((await box.fetch(app))[0]!)
  }
  const superseded = await ask()
  const token = await ask()
  const answers = [
    await verify(app, user, superseded),
    await verify(app, user, 'x'),
    await verify(app, user, token.slice(0, -1) + (token.endsWith('A') ? 'E' : 'A')),
    await verify(app, { id: '01a20dc8-810d-76f8-8b1d-e68fcfd5f89b' }, token),
    await verify(app, { id: 'no-uuid' }, token),
    await verify(app, user, token, { auth_session: 'nope' })
  ]
  await sql(app, "UPDATE identifiers SET value = 'ada@other.example' WHERE user_id = $1", [user.id])
  answers.push(await verify(app, user, token))
  await sql(app, 'UPDATE identifiers SET value = $2 WHERE user_id = $1', [user.id, EMAIL])
  await sql(app, "UPDATE one_time_tokens SET expires_at = now() - interval '1 second'")
  answers.push(await verify(app, user, token))
  for (const { statusCode, body } of answers) t.same([statusCode, body], [403, answers[0]!.body])
  t.equal(await isVerified(app), false)
  t.equal((await app.inject({ url: `/v1/email/verify/${user.id}/${token}` })).statusCode, 404, 'a GET is no request')
  t.notMatch(logs(), token)
  t.match(logs(), `/v1/email/verify/${user.id}/lk_ot_…`)
  t.equal((await verify(app, user, token, { password: 'wrong' })).statusCode, 403)
  const fresh = await ask()
  t.match((await verify(app, user, fresh, { password: 'wrong' })).json(), { code: 'LK_INVALID_CREDENTIALS' })
  t.equal((await verify(app, user, fresh, undefined, bearer(tokens))).statusCode, 200, 'which does not use it up')
})

t.test('a token is masked in the log, however its link is encoded', async (t) => {
  const box = createMailbox()
  const { app, logs } = await build(t, box.options)
  const { user } = await signedIn(app)
  await notify(app, { email: EMAIL })
  const token = tokenIn((await box.fetch(app))[0]!)
  const encoded = [token.replaceAll('_', '%5F'), token.replace('k', '%6b'), `${token}/`, `x${token}`]
  for (const text of encoded) await app.inject(`/v1/email/verify/${user.id}/${text}`)
  t.equal((await verify(app, user, encoded[0]!)).statusCode, 200, 'it works')
  t.notMatch(logs(), token.slice('lk_ot_'.length).replaceAll('_', '%5F').slice(0, 20))
  t.notMatch(logs(), token.slice('lk_ot_'.length, 20))
})

t.test('nothing of a link is from the request; third parties and strangers get nothing', async (t) => {
  const box = createMailbox()
  const apps = { web: { verificationUrl: 'https://web.example.com/v?x=1' } }
  const { app } = await build(t, { ...box.options, verificationUrls: VERIFICATION_URLS, apps, appUrl: 'https://id.example' })
  const { user } = await signedIn(app)
  await notify(app, { email: EMAIL }, { host: 'evil.example', 'x-forwarded-host': 'evil.example' })
  const [mail] = await box.fetch(app)
  const link = new URL(linkIn(mail!))
  t.match(link.href, /^https:\/\/web\.example\.com\/v\?x=1&verification_url=/, 'as in 13.x')
  t.equal(link.searchParams.get('verification_url'), `https://id.example/v1/email/verify/${user.id}/${tokenIn(mail!)}`)
  t.notMatch(mail!.text + mail!.html, 'evil')
  for (const url of ['https://evil.example/verify', 'https://app.example.com/verify/', 'https://app.example.com@evil.example/verify', '//app.example.com/verify']) {
    const refused = await notify(app, { email: EMAIL, verification_url: url })
    t.match([refused.statusCode, refused.json()], [422, { errors: { verification_url: ['The selected verification url is invalid.'] } }], url)
  }
  t.equal((await notify(app, { email: EMAIL }, { 'app-identifier': 'nope' })).statusCode, 400)
  t.equal((await notify(app, {})).statusCode, 422)
  t.equal((await notify(app, {}, { authorization: 'Bearer nonsense' })).statusCode, 401)
  const bodies = await Promise.all(['nobody@example.com', EMAIL, '?'].map(async (email) => (await notify(app, { email })).body))
  t.equal(new Set(bodies).size, 1)
  const third = await makeClient(app, {
    name: 'Third', firstParty: false, grantTypes: ['authorization_code'], redirectUris: [CALLBACK], scopes: ['*']
  })
  const visitor = visit(app)
  await logIn(visitor)
  const theirs = await letIn(app, visitor, third, 'openid email')
  t.match((await notify(app, {}, bearer(theirs))).json(), { code: 'LK_FIRST_PARTY_ONLY' })
})

t.test('phone numbers by a code', async (t) => {
  const [box, phones] = [createMailbox(), createPhones()]
  const { app } = await build(t, {
    ...box.options, ...phones.options, login: { attributes: { email: EmailSchema, phone: PhoneSchema, username: UsernameSchema } }
  })
  const { user, ...tokens } = await signedIn(app, { phone: '+49 170 1234567', email: EMAIL })
  t.equal((await post(app, '/v1/phone/verification-notification', {})).statusCode, 401)
  t.equal((await post(app, '/v1/phone/verification-notification', undefined, bearer(tokens))).statusCode, 202)
  t.ok(await eventually(async () => phones.messages.length === 1))
  t.match(phones.messages, [{ to: '+491701234567' }])
  const code = /\d{6}/.exec(phones.messages[0]!.text)![0]
  t.equal((await post(app, '/v1/email/verify', { code }, bearer(tokens))).statusCode, 403, 'it is not for the address')
  for (let tries = 0; tries < 3; tries++) t.equal((await post(app, '/v1/phone/verify', { code: wrong(code) }, bearer(tokens))).statusCode, 403)
  t.same((await post(app, '/v1/phone/verify', { code }, bearer(tokens))).json(), {})
  t.equal(await isVerified(app, 'phone'), true)
  t.equal(await isVerified(app, 'email'), false)
  t.equal((await login(app, { phone: '+491701234567' })).statusCode, 200)
  t.same(await box.fetch(app), [])
  t.ok(user.id)
})

t.test('codes are limited per user over all sessions', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, rateLimit: 'on' })
  const { user, ...tokens } = await signedIn(app)
  const codes: number[] = []
  for (let tries = 0; tries < 12; tries++) {
    if (tries % 5 === 0) {
      await sql(app, "DELETE FROM rate_limits WHERE key LIKE 'message%'")
      await notify(app, {}, bearer(tokens))
    }
    codes.push((await post(app, '/v1/email/verify', { code: '000000' }, bearer(tokens))).statusCode)
  }
  t.same(codes, [...Array.from({ length: 10 }, () => 403), 429, 429])
  t.ok(user.id)
})

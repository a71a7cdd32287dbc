import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { removeUserOf } from '../../../src/compose/removal.ts'
import { EmailSchema, PhoneSchema, readyAttributes } from '../../../src/schemas/identifiers.ts'
import { createUser } from '../../../src/testing/users.ts'
import { call } from '../../support/machines.ts'
import { codeIn, createMailbox, createPhones, linkIn, tokenIn, type Mailbox } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { internals } from '../../../plugins/internals.ts'
import { build, login, PASSWORD, profile, register, signedIn, type Tokens } from '../../support/start-server.ts'

const OLD = 'ada@example.com'
const NEW = 'ada@new.example'

type Answer = { id: string, email?: string, pending?: Record<string, string> }

const patch = (app: FastifyInstance, bearer: string, body: object) => call(app, 'PATCH', '/v1/profile', bearer, body)
const confirm = (app: FastifyInstance, userId: string, token: string, bearer?: string, payload: object = {}) => app.inject({
  method: 'POST', url: `/v1/email/verify/${userId}/${token}`, payload, ...(bearer && { headers: { authorization: `Bearer ${bearer}` } })
})
const undo = (app: FastifyInstance, userId: string, token: string) => app.inject({ method: 'POST', url: `/v1/email/undo/${userId}/${token}` })
const byCode = (app: FastifyInstance, bearer: string, code: string, path = 'email') => call(app, 'POST', `/v1/${path}/verify`, bearer, { code })
const emails = async (app: FastifyInstance) => (await sql<{ value: string }>(
  app, "SELECT value FROM identifiers WHERE user_id IS NOT NULL AND attribute = 'email' ORDER BY value")).map(({ value }) => value)
const to = <Mail extends { to: string }>(mails: Mail[], address: string) => mails.find((mail) => mail.to === address)!

/** Registered and logged in; the mail that verifies the address is left out. */
async function signed (app: FastifyInstance, box: Mailbox, fields: Record<string, string> = { email: OLD }) {
  const user = await signedIn(app, fields)
  await box.fetch(app)
  return user
}

async function ada (app: FastifyInstance, box: Mailbox) {
  const user = await signed(app, box)
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  return user
}

t.test('a new address takes effect when it is confirmed; the old one is told, with a link that undoes it', async (t) => {
  const box = createMailbox()
  const { app, logs } = await build(t, box.options)
  const { access_token: bearer, user } = await ada(app, box)
  const asked = await patch(app, bearer, { email: ' Ada@New.example', name: 'Ada' })
  t.match([asked.statusCode, asked.json()], [200, { email: OLD, name: 'Ada', pending: { email: NEW } }])
  t.match((await profile(app, bearer)).json(), { email: OLD, pending: { email: NEW } })
  const mails = await box.fetch(app)
  t.match(mails, [{ to: NEW, subject: /Confirm your new e-mail address/ }])
  const token = tokenIn(mails[0]!)
  t.equal((await app.inject({ url: linkIn(mails[0]!).replace('http://localhost:3000', '') })).statusCode, 200)
  t.same(await emails(app), [OLD], 'a GET changes nothing')
  t.equal((await login(app, { email: NEW })).statusCode, 401)

  t.same((await confirm(app, user.id, token, bearer)).json(), {})
  t.match((await profile(app, bearer)).json(), { email: NEW, pending: undefined })
  t.equal((await login(app, { email: NEW })).statusCode, 200)
  t.equal((await login(app)).statusCode, 401)
  t.match(await sql(app, "SELECT verified_at FROM identifiers WHERE value = 'ada@new.example'"), [{ verified_at: Date }])
  t.equal((await confirm(app, user.id, token, bearer)).json<{ code: string }>().code, 'LK_INVALID_TOKEN', 'replayed')

  const [notice] = await box.fetch(app)
  t.match(notice, { to: OLD, subject: /was changed/ })
  t.match(linkIn(notice!), /^http:\/\/localhost:3000\/email\/undo\?token=lk_ot_/)
  t.equal((await register(app)).statusCode, 422, 'nobody else gets the old one')
  t.notMatch(logs(), tokenIn(notice!))
  t.notMatch(logs(), token)
})

t.test('by code, in the session that asked, and by nobody else', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const { access_token: bearer } = await ada(app, box)
  const other = (await login(app)).json<Tokens>().access_token
  await patch(app, bearer, { email: NEW })
  const code = codeIn((await box.fetch(app))[0]!)
  t.equal((await byCode(app, other, code)).statusCode, 403, 'another session of the user')
  t.equal((await byCode(app, bearer, code)).statusCode, 200)
  t.same(await emails(app), [NEW])
})

t.test('who only has the link confirms nothing: an account cannot be given the address of a stranger', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const { access_token: bearer, user } = await ada(app, box)
  const { access_token: eve } = await signed(app, box, { email: 'eve@example.com' })
  await patch(app, bearer, { email: NEW })
  const token = tokenIn((await box.fetch(app))[0]!)
  t.match([(await confirm(app, user.id, token)).json()], [{ statusCode: 401, code: 'LK_UNAUTHENTICATED' }])
  t.equal((await confirm(app, user.id, token, eve)).statusCode, 403)
  t.equal((await confirm(app, user.id, token, undefined, { password: 'wrong' })).statusCode, 401)
  t.same(await emails(app), [OLD, 'eve@example.com'])
  t.equal((await confirm(app, user.id, token, undefined, { password: PASSWORD })).statusCode, 200)
  t.same(await emails(app), [NEW, 'eve@example.com'])
})

t.test('a login older than 10 minutes needs the current password', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, login: { attributes: readyAttributes } })
  await ada(app, box)
  // As the token of a login of an hour ago
  const old = await agedLogin(app)
  for (const change of [{ email: NEW }, { username: 'ada' }, { email: null }]) {
    const answer = await patch(app, old, change)
    t.match([answer.statusCode, answer.json(), answer.headers['www-authenticate']],
      [401, { code: 'LK_LOGIN_TOO_OLD' }, /insufficient_user_authentication.*max_age="600"/])
  }
  t.equal((await patch(app, old, { name: 'Ada' })).statusCode, 200, 'the name is not sensitive')
  t.match((await patch(app, old, { email: NEW, current_password: 'wrong' })).json(), { errors: { current_password: ['is not your password'] } })
  t.match((await patch(app, old, { email: NEW, current_password: PASSWORD })).json<Answer>().pending, { email: NEW })
})

/** The access token of a session whose login is an hour old. */
async function agedLogin (app: FastifyInstance): Promise<string> {
  const { refresh_token: refreshToken } = (await login(app)).json<Tokens>()
  await sql(app, "UPDATE sessions SET auth_time = now() - interval '1 hour', created_at = now() - interval '1 hour'")
  const answer = await app.inject({ method: 'POST', url: '/v1/clients/web/refresh', payload: { refresh_token: refreshToken } })
  return answer.json<Tokens>().access_token
}

t.test('an address of somebody else is not told: the same answer, and its owner alone gets a mail', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const { access_token: bearer, user } = await ada(app, box)
  await createUser(app, { email: 'grace@example.com' })
  const free = await patch(app, bearer, { email: 'free@example.com' })
  await box.fetch(app)
  const taken = await patch(app, bearer, { email: 'grace@example.com' })
  t.same([taken.statusCode, taken.json<Answer>().pending], [free.statusCode, { email: 'grace@example.com' }])
  t.same(Object.keys(taken.json()).sort(), Object.keys(free.json()).sort())
  const [mail] = await box.fetch(app)
  t.match(mail, { to: 'grace@example.com', subject: /has an account/ })
  t.notMatch(mail!.text, /lk_ot_|\d{6}/)
  // Even the token and code, which nobody has received, would change nothing
  const { tokens, changes } = internals(app).verification
  const changer = { userId: user.id, boundTo: 'session:x', caller: { ip: '127.0.0.1', userAgent: undefined }, preferences: {} }
  const issued = await tokens.issue({
    purpose: 'change', userId: user.id, identifier: { attribute: 'email', value: 'grace@example.com' },
    payload: { display: 'grace@example.com', before: OLD }, boundTo: 'session:x'
  })
  t.equal(await changes.confirm({ ...changer, token: issued!.token }), null)
  t.equal(await changes.confirm({ ...changer, code: issued!.code!, attribute: 'email' }), null)
  t.same(await emails(app), [OLD, 'grace@example.com'])
})

t.test('a change to an address that was given up or is held has the same answer, and nobody is written to', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const { access_token: bearer, user } = await ada(app, box)
  await patch(app, bearer, { email: NEW })
  await confirm(app, user.id, tokenIn(to(await box.fetch(app), NEW)), bearer)
  const { user: { id: gone } } = await signed(app, box, { email: 'gone@example.com' })
  await removeUserOf(internals(app))(gone)
  const { access_token: eve } = await signed(app, box, { email: 'eve@example.com' })
  await box.fetch(app)
  const free = await patch(app, eve, { email: 'free@example.com' })
  t.same((await box.fetch(app)).map((mail) => mail.to), ['free@example.com'])
  for (const email of [OLD, 'gone@example.com']) {
    const answer = await patch(app, eve, { email })
    t.same([answer.statusCode, answer.json<Answer>().pending], [free.statusCode, { email }])
    t.same(Object.keys(answer.json()), Object.keys(free.json()))
    t.same(await box.fetch(app), [], email)
  }
})

t.test('a newer change replaces an older one; the value that one has drops what waits', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const { access_token: bearer, user } = await ada(app, box)
  await patch(app, bearer, { email: 'first@new.example' })
  const first = tokenIn((await box.fetch(app))[0]!)
  await patch(app, bearer, { email: NEW })
  const second = tokenIn((await box.fetch(app))[0]!)
  t.equal((await confirm(app, user.id, first, bearer)).statusCode, 403, 'replaced')
  const same = await patch(app, bearer, { email: 'ADA@example.com' })
  t.match([same.statusCode, same.json<Answer>().pending], [200, undefined])
  t.equal((await confirm(app, user.id, second, bearer)).statusCode, 403, 'cancelled')
  t.same(await emails(app), [OLD])
  t.same(await box.fetch(app), [])
})

t.test('of parallel confirmations, changes and undos exactly one wins', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const { access_token: bearer, user } = await ada(app, box)
  await patch(app, bearer, { email: NEW })
  const token = tokenIn((await box.fetch(app))[0]!)
  const confirmed = await Promise.all(Array.from({ length: 6 }, () => confirm(app, user.id, token, bearer)))
  t.equal(confirmed.filter(({ statusCode }) => statusCode === 200).length, 1)
  const notices = await box.fetch(app)
  t.equal(notices.length, 1)

  await Promise.all(['one', 'two', 'three'].map((name) => patch(app, bearer, { email: `${name}@new.example` })))
  const mails = await box.fetch(app)
  const answers = await Promise.all(mails.map((mail) => confirm(app, user.id, tokenIn(mail), bearer)))
  t.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 1, 'the last one is valid')
  await box.fetch(app)

  const undone = await Promise.all(Array.from({ length: 6 }, () => undo(app, user.id, tokenIn(notices[0]!))))
  t.equal(undone.filter(({ statusCode }) => statusCode === 200).length, 1)
  t.same(await emails(app), [OLD])
})

t.test('two users who confirm the same new address: one gets it', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const users = [await ada(app, box), await signed(app, box, { email: 'eve@example.com' })]
  const tokens: string[] = []
  for (const { access_token: bearer } of users) {
    await patch(app, bearer, { email: NEW })
    tokens.push(tokenIn((await box.fetch(app))[0]!))
  }
  const answers = await Promise.all(users.map(({ user, access_token: bearer }, index) => confirm(app, user.id, tokens[index]!, bearer)))
  t.same(answers.map(({ statusCode }) => statusCode).sort(), [200, 403])
})

t.test('the undo of a hijacked change: address and password are back in the hands of the owner', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, login: { attributes: readyAttributes } })
  const { user, access_token: stolen } = await signed(app, box, { email: OLD, username: 'ada' })
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  // The thief changes the address twice, user name, phone number and password
  await patch(app, stolen, { email: 'thief@evil.example' })
  await confirm(app, user.id, tokenIn(to(await box.fetch(app), 'thief@evil.example')), stolen)
  const notice = to(await box.fetch(app), OLD)
  await patch(app, stolen, { email: 'thief@worse.example' })
  await confirm(app, user.id, tokenIn(to(await box.fetch(app), 'thief@worse.example')), stolen)
  const thiefs = to(await box.fetch(app), 'thief@evil.example')
  await patch(app, stolen, { username: 'thief', phone: '+491701234567' })
  const names = await box.fetch(app)
  t.ok(names.every((mail) => mail.to === 'thief@worse.example'))
  await call(app, 'PATCH', '/v1/profile/password', stolen, { current_password: PASSWORD, new_password: 'the password of a thief' })
  await patch(app, stolen, { email: 'thief@third.example' })
  const waiting = tokenIn(to(await box.fetch(app), 'thief@third.example'))
  t.equal((await login(app, { email: 'thief@worse.example', password: 'the password of a thief' })).statusCode, 200)

  const undone = await undo(app, user.id, tokenIn(notice))
  t.same([undone.statusCode, undone.json()], [200, { password_removed: true }])
  t.same(await sql(app, 'SELECT attribute, value FROM identifiers WHERE user_id IS NOT NULL ORDER BY attribute'),
    [{ attribute: 'email', value: OLD }, { attribute: 'username', value: 'ada' }], 'all that was changed since is as before')
  t.equal((await profile(app, stolen)).statusCode, 401, 'every session has ended')
  for (const email of [OLD, 'thief@worse.example', 'thief@evil.example']) {
    for (const password of [PASSWORD, 'the password of a thief']) t.equal((await login(app, { email, password })).statusCode, 401)
  }
  t.match(await box.fetch(app), [{ to: OLD, subject: /was undone/ }])
  t.equal((await undo(app, user.id, tokenIn(thiefs))).statusCode, 403, 'what the thief was sent undoes nothing any more')
  for (const mail of names) t.equal((await undo(app, user.id, tokenIn(mail))).statusCode, 403)
  t.equal((await confirm(app, user.id, waiting, undefined, { password: 'the password of a thief' })).statusCode, 403)
  await app.inject({ method: 'POST', url: '/v1/password/forgot', payload: { email: 'thief@worse.example' } })
  t.same(await box.fetch(app), [])
  await app.inject({ method: 'POST', url: '/v1/password/forgot', payload: { email: OLD } })
  const token = tokenIn((await box.fetch(app))[0]!)
  const reset = await app.inject({ method: 'POST', url: '/v1/password/reset', payload: { email: OLD, token, password: 'a new horse battery' } })
  t.equal(reset.statusCode, 204)
  t.equal((await login(app, { email: OLD, password: 'a new horse battery' })).statusCode, 200)
})

t.test('a chain: the earlier link undoes both changes, the later one only its own', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const { user } = await ada(app, box)
  async function change (email: string, from: string): Promise<string> {
    const { access_token: bearer } = (await login(app, { email: from })).json<Tokens>()
    await patch(app, bearer, { email })
    await confirm(app, user.id, tokenIn(to(await box.fetch(app), email)), bearer)
    return tokenIn(to(await box.fetch(app), from))
  }
  const first = await change('b@example.com', OLD)
  const second = await change('c@example.com', 'b@example.com')
  t.equal((await undo(app, user.id, second)).statusCode, 200)
  t.same(await emails(app), ['b@example.com'])
  t.equal((await undo(app, user.id, first)).statusCode, 200)
  t.same(await emails(app), [OLD])
  t.same(await sql(app, 'SELECT value FROM identifiers WHERE released_from IS NOT NULL'), [], 'what is removed is free')
})

t.test('a bad token to undo has one answer, whatever is wrong with it', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const { access_token: bearer, user } = await ada(app, box)
  const other = await createUser(app, { email: 'eve@example.com' })
  await patch(app, bearer, { email: NEW })
  const change = tokenIn((await box.fetch(app))[0]!)
  await confirm(app, user.id, change, bearer)
  const token = tokenIn((await box.fetch(app))[0]!)
  const answers = [
    await undo(app, user.id, `${token.slice(0, -2)}AA`), await undo(app, other.id, token), await undo(app, 'x', token),
    await undo(app, user.id, 'x'), await undo(app, user.id, change), await confirm(app, user.id, token, bearer)
  ]
  await sql(app, "UPDATE one_time_tokens SET expires_at = now() - interval '1 second'")
  answers.push(await undo(app, user.id, token))
  await sql(app, "UPDATE one_time_tokens SET expires_at = now() + interval '1 hour'")
  await sql(app, 'UPDATE users SET disabled_at = now() WHERE id = $1', [user.id])
  answers.push(await undo(app, user.id, token))
  await sql(app, 'UPDATE users SET disabled_at = NULL')
  await sql(app, 'DELETE FROM users WHERE id = $1', [user.id])
  answers.push(await undo(app, user.id, token))
  t.same([...new Set(answers.map(({ statusCode, body }) => `${statusCode} ${body}`))].length, 1)
  t.match(answers[0]!.json(), { statusCode: 403, code: 'LK_INVALID_TOKEN' })
  const get = await app.inject({ url: `/v1/email/undo/${user.id}/${token}` })
  t.equal(get.statusCode, 404, 'a GET redeems nothing')
})

t.test('removing an address counts as a change, and so does a user name: at once, told to the verified address', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, login: { attributes: readyAttributes } })
  const { user, access_token: bearer } = await signed(app, box, { email: OLD, username: 'ada' })
  await sql(app, "UPDATE identifiers SET verified_at = now() WHERE attribute = 'email'")
  const renamed = await patch(app, bearer, { username: 'lovelace' })
  t.match(renamed.json(), { username: 'lovelace', pending: undefined })
  const name = to(await box.fetch(app), OLD)
  t.match(name.text, /The user name of your account/)
  t.equal((await register(app, { username: 'ada' })).statusCode, 422, 'held')
  t.equal((await undo(app, user.id, tokenIn(name))).statusCode, 200)
  t.same(await sql(app, "SELECT value FROM identifiers WHERE user_id IS NOT NULL AND attribute = 'username'"), [{ value: 'ada' }])

  await box.fetch(app)
  await app.inject({ method: 'POST', url: '/v1/password/forgot', payload: { email: OLD } })
  const password = 'a new horse battery'
  await app.inject({ method: 'POST', url: '/v1/password/reset', payload: { email: OLD, token: tokenIn((await box.fetch(app))[0]!), password } })
  await box.fetch(app)
  const again = (await login(app, { username: 'ada', password })).json<Tokens>().access_token
  t.equal((await patch(app, again, { email: null })).statusCode, 200)
  const removed = to(await box.fetch(app), OLD)
  t.equal((await undo(app, user.id, tokenIn(removed))).statusCode, 200)
  t.same(await emails(app), [OLD])
})

t.test('a phone number waits for its code; without a transport for it it changes at once', async (t) => {
  const [box, phones] = [createMailbox(), createPhones()]
  const attributes = { email: EmailSchema, phone: PhoneSchema }
  const { app, databaseUrl } = await build(t, { ...box.options, ...phones.options, login: { attributes } })
  const { access_token: bearer } = await ada(app, box)
  t.match((await patch(app, bearer, { phone: '+49 170 1234567' })).json<Answer>().pending, { phone: '+491701234567' })
  await box.fetch(app)
  const [message] = phones.messages
  t.match(message, { to: '+491701234567' })
  const code = /\d{6}/.exec(message!.text)![0]
  t.equal((await byCode(app, bearer, code, 'email')).statusCode, 403, 'the code is for a phone number')
  t.equal((await byCode(app, bearer, code, 'phone')).statusCode, 200)
  t.match(await sql(app, "SELECT value, verified_at FROM identifiers WHERE attribute = 'phone'"), [{ value: '+491701234567', verified_at: Date }])
  const { app: silent } = await build(t, { databaseUrl, login: { attributes } })
  const { access_token: other } = (await login(silent)).json<Tokens>()
  t.match((await patch(silent, other, { phone: '+491701234568' })).json(), { phone: '+491701234568', pending: undefined })
})

t.test('a number that nobody has proven is held while a link can bring it back, and free where nobody gets one', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, login: { attributes: { email: EmailSchema, phone: PhoneSchema } } })
  const phone = '+491701234567'
  const { user, access_token: bearer } = await signed(app, box, { email: OLD, phone })
  await box.fetch(app)
  t.equal((await patch(app, bearer, { phone: null })).statusCode, 200)
  t.same(await box.fetch(app), [], 'nobody has a verified address')
  const { access_token: other } = await signed(app, box, { email: 'grace@example.com', phone })
  t.equal((await patch(app, other, { phone: null })).statusCode, 200)
  t.equal((await patch(app, bearer, { phone })).statusCode, 200)
  await sql(app, "UPDATE identifiers SET verified_at = now() WHERE attribute = 'email'")
  await box.fetch(app)
  t.equal((await patch(app, bearer, { phone: null })).statusCode, 200)
  t.equal((await patch(app, other, { phone })).statusCode, 422, 'held')
  t.equal((await undo(app, user.id, tokenIn(to(await box.fetch(app), OLD)))).statusCode, 200)
  t.same(await sql(app, 'SELECT user_id FROM identifiers WHERE value = $1', [phone]), [{ user_id: user.id }])
})

t.test('a change of password ends what waits, and the limits of mails count', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, rateLimit: 'on' })
  const { access_token: bearer, user } = await ada(app, box)
  await patch(app, bearer, { email: NEW })
  const first = await box.fetch(app)
  t.equal(first.length, 1)
  t.match((await patch(app, bearer, { email: NEW })).json<Answer>().pending, { email: NEW })
  t.same(await box.fetch(app), [], 'one a minute')
  await call(app, 'PATCH', '/v1/profile/password', bearer, { current_password: PASSWORD, new_password: `${PASSWORD} 2` })
  t.equal((await confirm(app, user.id, tokenIn(first[0]!), bearer)).statusCode, 403)
  t.equal((await profile(app, bearer)).json<Answer>().pending, undefined)
  let last = 200
  for (let index = 0; index < 12 && last === 200; index++) last = (await patch(app, bearer, { email: `x${index}@new.example` })).statusCode
  t.equal(last, 429, 'a user sends mails to few strangers')
})

t.test('changes that take effect at once are limited, too: they tell whether somebody else has the value', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, rateLimit: 'on', login: { attributes: { email: EmailSchema, phone: PhoneSchema } } })
  await register(app, { email: 'grace@example.com', phone: '+491701234567' })
  const { access_token: bearer } = await signedIn(app)
  const statuses: number[] = []
  for (let index = 0; index < 12; index++) statuses.push((await patch(app, bearer, { phone: '+491701234567' })).statusCode)
  t.same(statuses, [...Array<number>(10).fill(422), 429, 429])
})

t.test('where an address must be verified, the only one cannot be removed: its user could not log in any more', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, requireEmailVerification: 'on', login: { attributes: readyAttributes } })
  await register(app, { email: OLD, username: 'ada' })
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  const { access_token: bearer } = (await login(app)).json<Tokens>()
  for (const email of [null, '']) {
    const refused = await patch(app, bearer, { email, phone: '+491701234567' })
    t.match([refused.statusCode, refused.json()], [422, { errors: { email: ['is required'] } }])
  }
  t.match((await profile(app, bearer)).json(), { email: OLD, username: 'ada' })
  t.equal((await patch(app, bearer, { username: null })).statusCode, 200, 'anything else can')
  t.equal((await login(app)).statusCode, 200)
})

import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import { readyAttributes } from '../../../src/schemas/identifiers.ts'
import { createUser } from '../../../src/testing/users.ts'
import { runPurge } from '../../support/purge.ts'
import { codeIn, createMailbox, tokenIn } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { build, login, makeClient, PASSWORD, profile, register, token, type Tokens } from '../../support/start-server.ts'
import { ON, times } from '../../support/throttled.ts'
import { logIn, visit } from '../../support/visitor.ts'

const TAKEN = 'owner@example.com'
const FREE = 'nobody@example.com'
const OWN = 'the password of the owner'
/** What somebody types who wants to know which of the addresses has an account. */
const TYPED = 'the password of the attacker'

type Waiting = { auth_session: string }

async function server (t: Test, options: AppOptions = {}) {
  const box = createMailbox()
  const { app } = await build(t, {
    requireEmailVerification: 'on', login: { attributes: readyAttributes }, appUrl: 'https://id.example', ...box.options, ...options
  })
  await createUser(app, { email: TAKEN, password: OWN })
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  return { app, box }
}

const post = (app: FastifyInstance, path: string, payload: object) => app.inject({ method: 'POST', url: `/v1${path}`, payload })
/** What tells nothing but the address itself and secrets. */
const plain = ({ statusCode, body, headers }: LightMyRequestResponse) => [
  statusCode, Object.keys(headers).sort(), headers.location,
  body.replaceAll(TAKEN, 'x').replaceAll(FREE, 'x').replace(/lk_as_[\w-]+/g, 'lk_as_').replace(/(name="_csrf" value=")[^"]+/g, '$1')
]

t.test('a login with the password just typed has the same answer for a new address and for a taken one', async (t) => {
  const { app } = await server(t)
  const client = await makeClient(app)
  const seen = []
  for (const email of [FREE, TAKEN]) {
    const name = email.split('@')[0]!
    const answers = [
      await register(app, { email, username: `for-${name}`, password: TYPED }),
      await login(app, { email, password: TYPED }),
      await login(app, { username: `for-${name}`, password: TYPED }),
      await login(app, { email, password: 'another one' }),
      await token(app, { grant_type: 'password', username: email, password: TYPED }, client.basic),
      await register(app, { email, password: 'another one' }),
      await login(app, { email, password: 'another one' }),
      await login(app, { email, password: TYPED })
    ]
    t.same(answers.map(({ statusCode }) => statusCode), [202, 403, 403, 401, 400, 202, 401, 403], email)
    const { auth_session: session } = answers[1]!.json<Waiting>()
    const after = [
      await post(app, '/email/verification-notification', { auth_session: session }),
      await post(app, '/email/verify', { auth_session: session, code: '000000' })
    ]
    seen.push([...answers, ...after].map((answer) => JSON.stringify(plain(answer)).replaceAll(name, 'x')))
  }
  t.strictSame(seen[1], seen[0])
})

t.test('so have the pages, also for a form that is submitted twice', async (t) => {
  const { app } = await server(t)
  const seen = []
  for (const email of [FREE, TAKEN]) {
    const visitor = visit(app, { origin: 'https://id.example' })
    const form = await visitor.get('/register')
    const first = await visitor.submit(form, { email, password: TYPED })
    const again = await visitor.submit(form, { email, password: TYPED })
    const page = await visitor.follow(again)
    const stranger = visit(app, { origin: 'https://id.example' })
    const refused = await logIn(stranger, '/login', { username: email, password: TYPED })
    t.match(refused.body, email)
    seen.push([first, again, page, refused, await stranger.submit(refused, { send: '1' }), await stranger.get('/email/verify')].map(plain))
  }
  t.strictSame(seen[1], seen[0])
})

t.test('the typed password neither opens the account of the owner nor locks it', async (t) => {
  const { app } = await server(t, ON)
  const other = await register(app, { email: TAKEN, password: TYPED })
  t.equal(other.statusCode, 202)
  t.equal((await login(app, { email: TAKEN, password: OWN })).statusCode, 200)
  const refused = await login(app, { email: TAKEN, password: TYPED })
  t.equal((await post(app, '/email/verify', { auth_session: refused.json<Waiting>().auth_session, code: '123456' })).statusCode, 403)
  t.same(await sql(app, 'SELECT FROM auth_sessions WHERE user_id IS NOT NULL'), [])
  t.equal((await sql(app, 'SELECT FROM users')).length, 1)
  // The owner registers once more, with the same password or another one
  const { app: second } = await server(t)
  await register(second, { email: TAKEN, password: OWN })
  t.equal((await login(second, { email: TAKEN, password: OWN })).statusCode, 200, 'the right password comes first')
  const { access_token: access } = (await login(second, { email: TAKEN, password: OWN })).json<Tokens>()
  const headers = { authorization: `Bearer ${access}` }
  const changed = await second.inject({
    method: 'PATCH', url: '/v1/profile/password', headers, payload: { current_password: OWN, new_password: TYPED }
  })
  t.match(String(changed.statusCode), /^20/, changed.body)
  t.equal((await login(second, { email: TAKEN, password: TYPED })).statusCode, 200)
})

t.test('what was typed first stays, and fills no table', async (t) => {
  const { app } = await server(t)
  for (let index = 0; index < 5; index++) await register(app, { email: TAKEN, password: `${TYPED} ${index}` })
  t.equal((await sql(app, 'SELECT FROM identifiers')).length, 1)
  t.equal((await login(app, { email: TAKEN, password: `${TYPED} 0` })).statusCode, 403)
  t.equal((await login(app, { email: TAKEN, password: `${TYPED} 4` })).statusCode, 401)
  const [row] = await sql<{ text: string }>(app, 'SELECT decoy::text AS text FROM identifiers')
  t.notMatch(row!.text, TYPED)
})

t.test('who has proven the address is asked for nothing by an older password', async (t) => {
  const { app, box } = await server(t)
  const { auth_session: session } = (await register(app, { email: FREE, username: 'grace', password: TYPED })).json<Waiting>()
  const [mail] = await box.fetch(app)
  t.equal((await post(app, '/email/verify', { auth_session: session, code: codeIn(mail!) })).statusCode, 200)
  const { access_token: access } = (await login(app, { email: FREE, password: TYPED })).json<Tokens>()
  await app.inject({
    method: 'PATCH', url: '/v1/profile/password', headers: { authorization: `Bearer ${access}` }, payload: { current_password: TYPED, new_password: OWN }
  })
  t.equal((await login(app, { email: FREE, password: TYPED })).statusCode, 401)
  t.equal((await login(app, { username: 'grace', password: OWN })).statusCode, 200)
  await sql(app, "UPDATE identifiers SET claimed_until = now() - interval '1 second' WHERE claimed_until IS NOT NULL")
  await runPurge(app)
  t.equal((await login(app, { username: 'grace', password: OWN })).statusCode, 200, 'the user name stays')
})

t.test('when the owner takes over the account that somebody has prepared, that somebody does not notice', async (t) => {
  const { app, box } = await server(t)
  await register(app, { email: FREE, password: TYPED })
  const [mail] = await box.fetch(app)
  const [row] = await sql<{ user_id: string }>(app, `SELECT user_id FROM identifiers WHERE value = '${FREE}'`)
  const cleaned = await post(app, `/email/verify/${row!.user_id}/${tokenIn(mail!)}`, {})
  t.same(cleaned.json(), { password_removed: true })
  t.equal((await login(app, { email: FREE, password: TYPED })).statusCode, 403)
  t.same(await sql(app, 'SELECT FROM sessions'), [])
})

t.test('a user name is held for a day, whether or not the registration has created a user', async (t) => {
  const { app } = await server(t)
  await register(app, { email: FREE, username: 'real', phone: '+49 170 1111111', password: TYPED })
  await register(app, { email: TAKEN, username: 'decoy', phone: '+49 170 2222222', password: TYPED })
  const { access_token: access } = (await login(app, { email: TAKEN, password: OWN })).json<Tokens>()
  const rename = (username: string) => app.inject({
    method: 'PATCH', url: '/v1/profile', headers: { authorization: `Bearer ${access}` }, payload: { username, current_password: OWN }
  })
  const tried = async (name: string) => [
    (await register(app, { email: `${name}@example.com`, username: name })).body,
    (await rename(name)).body,
    (await login(app, { username: name, password: TYPED })).statusCode,
    (await profile(app, access)).json<{ username?: string }>().username
  ].map((part) => String(part).replaceAll(name, 'x').replace(/lk_as_[\w-]+/g, ''))
  const taken = await tried('real')
  t.match(taken[0], 'has already been taken')
  t.equal(taken[2], '403')
  t.strictSame(await tried('decoy'), taken)

  await runPurge(app)
  t.strictSame(await tried('decoy'), taken, 'the purge leaves them')
  await sql(app, "UPDATE identifiers SET claimed_until = now() - interval '1 second' WHERE claimed_until IS NOT NULL")
  await runPurge(app)
  t.same(await sql(app, 'SELECT FROM identifiers WHERE claimed_until IS NOT NULL'), [])
  const free = async (name: string) => [
    (await login(app, { username: name, password: TYPED })).statusCode,
    (await register(app, { email: `${name}@example.com`, username: name })).statusCode
  ]
  t.strictSame(await free('real'), [401, 202])
  t.strictSame(await free('decoy'), [401, 202])
})

t.test('a phone number that somebody has taken is left out, and the mail is the same', async (t) => {
  const { app, box } = await server(t)
  await createUser(app, { email: 'other@example.com', phone: '+49 170 1234567' })
  const one = await register(app, { email: 'a@example.com', phone: '+49 170 1234567' })
  const two = await register(app, { email: 'b@example.com', phone: '+49 170 7654321' })
  t.same([one.statusCode, two.statusCode], [202, 202])
  const mails = await box.fetch(app)
  t.same(mails.map(({ to, subject }) => [to, subject]).sort(), ['a', 'b'].map((name) =>
    [`${name}@example.com`, 'Confirm your e-mail address for Latchkey']))
})

t.test('ten codes a day for one address, over all logins, with the same answers for a taken one', async (t) => {
  const { app } = await server(t, ON)
  const seen = []
  for (const email of [FREE, TAKEN]) {
    const session = async () => (await login(app, { email, password: TYPED })).json<Waiting>().auth_session
    await register(app, { email, password: TYPED })
    const sessions = [await session(), await session(), (await register(app, { email, password: PASSWORD })).json<Waiting>().auth_session]
    const statuses = await times(12, (index) =>
      post(app, '/email/verify', { auth_session: sessions[index % sessions.length], code: '000000' }))
    seen.push(statuses)
  }
  t.strictSame(seen[0], [...Array.from({ length: 10 }, () => 403), 429, 429])
  t.strictSame(seen[1], seen[0])
})

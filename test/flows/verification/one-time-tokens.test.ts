import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { EmailSchema, PhoneSchema, UsernameSchema } from '../../../src/index.ts'
import { internals } from '../../../plugins/internals.ts'
import type { IssuedToken } from '../../../src/verification/one-time-tokens.ts'
import type { NewToken } from '../../../src/verification/ports.ts'
import { sql } from '../../support/session-rows.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { eventually, login, PASSWORD, profile, refresh, register, signedIn, type Tokens } from '../../support/start-server.ts'

const build = sharedServers(t)

const EMAIL = 'ada@example.com'
const NEXT = 'another horse battery staple'
const caller = { ip: '127.0.0.1', userAgent: 'test' }

type User = { id: string }

const verification = (app: FastifyInstance) => internals(app).verification

async function issue (app: FastifyInstance, user: User, more: Partial<NewToken> = {}): Promise<IssuedToken> {
  const issued = await verification(app).tokens.issue({
    purpose: 'verify', userId: user.id, identifier: { attribute: 'email', value: EMAIL }, ...more
  })
  if (!issued) throw new Error('no such user')
  return issued
}

const verify = (app: FastifyInstance, token: string, more: { userId?: string, keeps?: boolean } = {}) =>
  verification(app).redemption.verify({ token, keeps: true, caller, ...more })
const enter = (app: FastifyInstance, code: string, boundTo: string) =>
  verification(app).redemption.verify({ code, attribute: 'email', boundTo, keeps: true, caller })
const reset = (app: FastifyInstance, token: string, password = NEXT) => verification(app).redemption.reset({ token, password, caller })

const identifiers = async (app: FastifyInstance, user: User) => Object.fromEntries(
  (await sql<{ attribute: string, verified: boolean }>(
    app, 'SELECT attribute, verified_at IS NOT NULL AS verified FROM identifiers WHERE user_id = $1', [user.id]
  )).map(({ attribute, verified }) => [attribute, verified])
)
const many = async (app: FastifyInstance) => (await sql<{ n: number }>(app, 'SELECT count(*)::int AS n FROM one_time_tokens'))[0]!.n
const audited = async (app: FastifyInstance, type: string) =>
  await sql<{ user_id: string, detail: object }>(app, 'SELECT user_id, detail FROM audit_events WHERE type = $1', [type])

const wrong = (code: string | null) => ((Number(code) + 1) % 1_000_000).toString().padStart(6, '0')

t.test('a token verifies the identifier once', async (t) => {
  const { app } = await build(t)
  const { user, ...tokens } = await signedIn(app)
  const { token, code } = await issue(app, user)
  t.match(token, /^lk_ot_[\w-]{43}$/)
  t.equal(code, null)
  t.notOk((await sql(app, "SELECT FROM one_time_tokens WHERE encode(hash, 'escape') LIKE '%' || $1 || '%'", [token])).length, 'not in clear')
  t.match(await verification(app).tokens.find(token, 'verify'), { userId: user.id, attribute: 'email', value: EMAIL })
  t.equal((await identifiers(app, user))['email'], false, 'looking changes nothing')
  t.match(await verify(app, token), { userId: user.id, attribute: 'email', display: EMAIL, first: true, cleaned: false, removed: [] })
  t.equal((await identifiers(app, user))['email'], true)
  t.equal(await verify(app, token), null, 'replayed')
  t.equal((await profile(app, tokens.access_token)).statusCode, 200, 'the session goes on')
  t.equal((await login(app)).statusCode, 200, 'with the password')
  t.ok(await eventually(async () => (await audited(app, 'identifier.verified')).length === 1))
  t.match(await audited(app, 'identifier.verified'), [{ user_id: user.id, detail: { attribute: 'email', cleaned: false, removed: [] } }])
})

t.test('a bad token is refused, whatever is wrong with it', async (t) => {
  const { app } = await build(t)
  const { user } = await signedIn(app)
  const other = (await register(app, { email: 'eve@example.com' })).json<User>()

  const { token: forged } = await issue(app, user)
  t.equal(await verify(app, forged.slice(0, -1) + (forged.endsWith('A') ? 'E' : 'A')), null, 'forged')
  t.equal(await verify(app, `${forged} `), null, 'another text')
  t.equal(await verify(app, forged, { userId: other.id }), null, 'of another user')
  t.equal(await reset(app, forged), null, 'for another purpose')
  t.ok(await verification(app).tokens.find(forged, 'verify'), 'which does not use it up')

  const { token: newer } = await issue(app, user)
  t.equal(await verify(app, forged), null, 'replaced by a newer one')
  await sql(app, "UPDATE one_time_tokens SET expires_at = now() - interval '1 second'")
  t.equal(await verify(app, newer), null, 'expired')

  const { token: moved } = await issue(app, user)
  await sql(app, "UPDATE identifiers SET value = 'ada@other.example' WHERE user_id = $1", [user.id])
  t.equal(await verify(app, moved), null, 'the identifier has changed')
  await sql(app, 'UPDATE identifiers SET value = $2, user_id = NULL, released_from = $1, released_at = now() WHERE user_id = $1', [user.id, EMAIL])
  t.equal(await verify(app, moved), null, 'the identifier was released')
  await sql(app, 'UPDATE identifiers SET user_id = $1, released_from = NULL, released_at = NULL WHERE value = $2', [user.id, EMAIL])

  await internals(app).store.users.foldRevocations(user.id)
  t.equal(await verify(app, moved), null, 'the epoch was raised')
  const { token: late } = await issue(app, user)
  await internals(app).store.users.setDisabled(user.id, true)
  t.equal(await verify(app, late), null, 'the user is disabled')
  t.equal(await verification(app).tokens.issue({ purpose: 'verify', userId: user.id, identifier: null }), null, 'and gets no token')
  t.equal((await identifiers(app, user))['email'], false)
})

t.test('of two redemptions at once exactly one wins', async (t) => {
  const { app } = await build(t)
  const { user } = await signedIn(app)
  for (let round = 0; round < 5; round++) {
    const { token } = await issue(app, user)
    const verified = await Promise.all(Array.from({ length: 6 }, () => verify(app, token)))
    t.equal(verified.filter(Boolean).length, 1)
    const { token: resetting } = await issue(app, user, { purpose: 'reset' })
    const done = await Promise.all(Array.from({ length: 6 }, (_, index) => reset(app, resetting, `${NEXT} ${index}`)))
    t.equal(done.filter(Boolean).length, 1)
    const winner = done.findIndex(Boolean)
    t.equal((await login(app, { email: EMAIL, password: `${NEXT} ${winner}` })).statusCode, 200)
  }
})

t.test('of two tokens issued at once the later one is valid', async (t) => {
  const { app } = await build(t)
  const { user } = await signedIn(app)
  await Promise.all(Array.from({ length: 6 }, () => issue(app, user)))
  t.equal(await many(app), 1)
  await issue(app, user, { identifier: { attribute: 'phone', value: '+491701234567' } })
  t.equal(await many(app), 2, 'that of another attribute stays')
})

t.test('what is written with a token or its effect is all or nothing', async (t) => {
  const { app } = await build(t)
  const { user } = await signedIn(app)
  const { tokens, redemption } = verification(app)
  const fail = async () => { throw new Error('no mail') }
  const spec = { purpose: 'verify', userId: user.id, identifier: { attribute: 'email', value: EMAIL } } as const
  await t.rejects(tokens.issue(spec, fail), /no mail/)
  t.equal(await many(app), 0)
  let given: unknown
  const issued = await tokens.issue(spec, async (_transaction, texts) => { given = texts })
  t.same(given, issued, 'the message gets the texts')
  await t.rejects(redemption.verify({ token: issued!.token, keeps: true, caller }, fail), /no mail/)
  t.equal((await identifiers(app, user))['email'], false)
  const proof = await redemption.verify({ token: issued!.token, keeps: true, caller }, async (_transaction, found) => { given = found })
  t.same(given, proof)
})

t.test('a code is entered by who asked for it, five times at most', async (t) => {
  const { app } = await build(t)
  const { user } = await signedIn(app)
  const boundTo = 'session:one'
  const first = await issue(app, user, { boundTo })
  t.match(first.code, /^\d{6}$/)
  t.equal(await enter(app, first.code!, 'session:two'), null, 'by another session')
  t.equal(await enter(app, 'abcdef', boundTo), null, 'no code at all')
  for (let tries = 0; tries < 4; tries++) t.equal(await enter(app, wrong(first.code), boundTo), null)
  t.ok(await enter(app, `${first.code!.slice(0, 3)} ${first.code!.slice(3)}`, boundTo), 'the fifth try')

  const second = await issue(app, user, { boundTo })
  await Promise.all(Array.from({ length: 8 }, () => enter(app, wrong(second.code), boundTo)))
  t.equal(await enter(app, second.code!, boundTo), null, 'a sixth try')
  t.match(await sql(app, 'SELECT tries FROM one_time_tokens'), [{ tries: 5 }])
  t.ok(await verify(app, second.token), 'the link goes on')

  const third = await issue(app, user, { boundTo })
  await sql(app, "UPDATE one_time_tokens SET code_expires_at = now() - interval '1 second'")
  t.equal(await enter(app, third.code!, boundTo), null, 'ten minutes are over')
  const both = await issue(app, user, { boundTo })
  const results = await Promise.all([enter(app, both.code!, boundTo), enter(app, both.code!, boundTo), verify(app, both.token)])
  t.equal(results.filter(Boolean).length, 1, 'code and link are one token')
})

t.test('a reset sets the password, ends everything and verifies the address', async (t) => {
  const { app } = await build(t)
  const { user, ...tokens } = await signedIn(app)
  const { token: link } = await issue(app, user)
  const { token } = await issue(app, user, { purpose: 'reset' })
  t.match(await reset(app, token), { userId: user.id, first: true, cleaned: true })
  t.equal((await login(app)).statusCode, 401, 'the old password')
  t.equal((await login(app, { email: EMAIL, password: NEXT })).statusCode, 200)
  t.equal((await profile(app, tokens.access_token)).statusCode, 401)
  t.equal((await refresh(app, tokens.refresh_token)).statusCode, 401)
  t.equal((await identifiers(app, user))['email'], true)
  t.equal(await reset(app, token), null)
  t.equal(await verify(app, link), null, 'older links, too')
  t.ok(await eventually(async () => (await audited(app, 'password.reset')).length === 1))

  const { token: byOperator } = await issue(app, user, { purpose: 'reset', identifier: null })
  t.match(await reset(app, byOperator, PASSWORD), { attribute: null, first: false, cleaned: false })
  t.equal((await login(app)).statusCode, 200)
})

t.test('the first proof from elsewhere leaves nothing that somebody else has prepared', async (t) => {
  const { app } = await build(t, { login: { attributes: { email: EmailSchema, phone: PhoneSchema, username: UsernameSchema } } })
  const fields = { email: EMAIL, phone: '+49 170 1234567', username: 'mallory' }
  const { user, ...mallory } = await signedIn(app, fields)
  await sql(app, "INSERT INTO consents (user_id, client_id, scopes, updated_at) VALUES ($1, 'c', '{}', now())", [user.id])
  const { token } = await issue(app, user)
  t.match(await verify(app, token, { keeps: false }), { first: true, cleaned: true, removed: ['phone'] })
  t.same(await identifiers(app, user), { email: true, username: false }, 'user names stay')
  t.equal((await login(app)).statusCode, 401, 'there is no password')
  t.equal((await profile(app, mallory.access_token)).statusCode, 401)
  t.equal((await refresh(app, mallory.refresh_token)).statusCode, 401)
  t.same(await sql(app, 'SELECT FROM consents'), [])
  t.ok(await eventually(async () => (await audited(app, 'identifier.verified')).length === 1))
  t.match(await audited(app, 'identifier.verified'), [{ detail: { cleaned: true, removed: ['phone'] } }])

  const { token: resetting } = await issue(app, user, { purpose: 'reset' })
  t.match(await reset(app, resetting), { first: false, cleaned: false })
  const session = (await login(app, { email: EMAIL, password: NEXT })).json<Tokens>()
  const { token: again } = await issue(app, user)
  t.match(await verify(app, again, { keeps: false }), { first: false, cleaned: false }, 'a second proof removes nothing')
  t.equal((await profile(app, session.access_token)).statusCode, 200)
})

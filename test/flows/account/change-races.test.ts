import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { advanceTime } from '../../../src/testing.ts'
import { DAY, leavingLogin, purgeNow, requestDeletion, restore } from '../../support/deletion.ts'
import { call } from '../../support/machines.ts'
import { createMailbox, tokenIn } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { build, login, PASSWORD, register, signedIn, type Tokens } from '../../support/start-server.ts'

const NEXT = 'another horse battery staple'
const ROUNDS = 8

type Answer = { statusCode: number }

const post = (app: FastifyInstance, url: string, payload: object = {}, bearer?: string) => call(app, 'POST', `/v1${url}`, bearer, payload)
const status = async (answers: Promise<Answer>[]) => (await Promise.all(answers)).map(({ statusCode }) => statusCode)
/** Not always in the same order. */
const atOnce = async (round: number, one: () => Promise<Answer>, other: () => Promise<Answer>): Promise<[number, number]> => {
  const [first, second] = round % 2 === 0 ? await status([one(), other()]) : (await status([other(), one()])).reverse()
  return [first!, second!]
}

async function server (t: Test) {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const tokenTo = async (address: string) => tokenIn((await box.fetch(app)).find(({ to }) => to === address)!)

  /** A user who has changed the address, which can be undone, and changes it once more. */
  async function changed (round: number) {
    const [old, now, next] = ['a', 'b', 'c'].map((name) => `${name}${round}@example.com`) as [string, string, string]
    const { user: { id }, access_token: bearer } = await signedIn(app, { email: old })
    await sql(app, 'UPDATE identifiers SET verified_at = now() WHERE user_id = $1', [id])
    await box.fetch(app)
    await call(app, 'PATCH', '/v1/profile', bearer, { email: now })
    await post(app, `/email/verify/${id}/${await tokenTo(now)}`, {}, bearer)
    const notice = await tokenTo(old)
    await call(app, 'PATCH', '/v1/profile', bearer, { email: next })
    const waiting = await tokenTo(next)
    return {
      id, bearer, old, now, next,
      undo: () => post(app, `/email/undo/${id}/${notice}`), confirm: () => post(app, `/email/verify/${id}/${waiting}`, {}, bearer)
    }
  }

  async function stateOf (id: string) {
    const [user] = await sql<{ password: boolean, leaving: boolean }>(
      app, 'SELECT password_hash IS NOT NULL AS password, deletion_requested_at IS NOT NULL AS leaving FROM users WHERE id = $1', [id])
    const emails = await sql<{ value: string }>(app, 'SELECT value FROM identifiers WHERE user_id = $1', [id])
    const valid = await sql(app, `SELECT FROM one_time_tokens t JOIN users u ON u.id = t.user_id
      WHERE u.id = $1 AND purpose <> 'reset' AND coalesce(t.token_epoch, u.token_epoch) = u.token_epoch`, [id])
    return { ...user, emails: emails.map(({ value }) => value), links: valid.length }
  }

  return { app, changed, stateOf, tokenTo }
}

t.test('a confirmation and an undo at once: the undo takes back both, in any order', async (t) => {
  const { changed, stateOf } = await server(t)
  for (let round = 0; round < ROUNDS; round++) {
    const { id, old, undo, confirm } = await changed(round)
    const [undone, confirmed] = await atOnce(round, undo, confirm)
    t.equal(undone, 200)
    t.ok([200, 403, 401].includes(confirmed))
    t.same(await stateOf(id), { password: false, leaving: false, emails: [old], links: 0 }, `confirmed: ${confirmed}`)
  }
})

t.test('a new password by a link and an undo at once: whoever has the mailbox of before decides', async (t) => {
  const { app, changed, stateOf, tokenTo } = await server(t)
  for (let round = 0; round < ROUNDS; round++) {
    const { id, old, now, undo } = await changed(round)
    await post(app, '/password/forgot', { email: now })
    const token = await tokenTo(now)
    const [undone] = await atOnce(round, undo, () => post(app, '/password/reset', { email: now, token, password: NEXT }))
    t.equal(undone, 200)
    t.same(await stateOf(id), { password: false, leaving: false, emails: [old], links: 0 })
  }
})

t.test('a deletion, or its change of mind, and an undo at once', async (t) => {
  const { app, changed, stateOf } = await server(t)
  for (let round = 0; round < ROUNDS; round++) {
    const { id, old, now, bearer, undo } = await changed(round)
    if (round < ROUNDS / 2) {
      const [undone, deleted] = await atOnce(round, undo, () => requestDeletion(app, bearer))
      t.ok([202, 401].includes(deleted), String(deleted))
      t.same([undone, await stateOf(id)], [200, { password: false, leaving: deleted === 202, emails: [old], links: 0 }])
    } else {
      await requestDeletion(app, bearer)
      const text = await leavingLogin(app, { email: now })
      const [undone, restored] = await atOnce(round, undo, () => restore(app, text))
      t.ok([200, 403].includes(restored), String(restored))
      t.same([undone, await stateOf(id)], [200, { password: false, leaving: restored === 403, emails: [old], links: 0 }])
    }
  }
})

t.test('a confirmation and a deletion at once: what is held afterwards is what the user had', async (t) => {
  const { app, changed, stateOf } = await server(t)
  for (let round = 0; round < ROUNDS; round++) {
    const { id, now, next, bearer, confirm } = await changed(round)
    const [confirmed, deleted] = await atOnce(round, confirm, () => requestDeletion(app, bearer))
    t.equal(deleted, 202)
    t.match(await stateOf(id), { leaving: true, emails: [confirmed === 200 ? next : now] })
  }
})

t.test('an undo and the purge at once: the user is gone, and nothing of them is left', async (t) => {
  const { app, changed } = await server(t)
  for (let round = 0; round < ROUNDS / 2; round++) {
    const { id, old, bearer, undo } = await changed(round)
    await requestDeletion(app, bearer)
    await sql(app, "UPDATE users SET deletion_requested_at = now() - interval '15 days' WHERE id = $1", [id])
    const [undone] = await atOnce(round, undo, async () => ({ statusCode: (await purgeNow(app))?.['users'] ?? 0 }))
    t.ok([200, 403].includes(undone))
    await purgeNow(app)
    t.same(await sql(app, 'SELECT FROM identifiers WHERE value = $1', [old]), [])
    t.same(await sql(app, 'SELECT FROM one_time_tokens WHERE user_id = $1', [id]), [])
    t.equal((await login(app, { email: old })).statusCode, 401)
  }
})

t.test('changes of two users in many tabs at once: one of each waits', async (t) => {
  const { app } = await server(t)
  const bearers: string[] = []
  for (const email of ['ada@example.com', 'bob@example.com']) {
    bearers.push((await signedIn(app, { email })).access_token)
  }
  await Promise.all(bearers.flatMap((bearer, index) => Array.from({ length: 6 }, (_, tab) =>
    call(app, 'PATCH', '/v1/profile', bearer, { name: `Name ${tab}`, email: `${index}.${tab}@example.com`, current_password: PASSWORD }))))
  const waiting = await sql<{ count: number }>(
    app, "SELECT count(*)::int AS count FROM one_time_tokens WHERE purpose = 'change' GROUP BY user_id")
  t.same(waiting, [{ count: 1 }, { count: 1 }], 'the last request of each')
  t.equal((await login(app, { email: 'ada@example.com' })).json<Tokens>().token_type, 'Bearer')
})

t.test('a link to undo is worth nothing after 72 hours, also when the address belongs to somebody else since', async (t) => {
  const { app, changed, stateOf, tokenTo } = await server(t)
  const { id, old, now, undo } = await changed(0)
  await advanceTime(app, 72 * 3600 + 1)
  t.equal((await undo()).statusCode, 403)
  t.equal((await register(app, { email: old })).statusCode, 422, 'held')
  await advanceTime(app, 27 * DAY)
  await purgeNow(app)
  const { user: { id: other }, access_token: bearer } = await signedIn(app, { email: old })
  await tokenTo(old)
  t.equal((await undo()).statusCode, 403)
  t.match([await stateOf(id), await stateOf(other)], [{ emails: [now], password: true }, { emails: [old], password: true }])
  // The user of before takes it back in no way: only its new user gives it up
  const { access_token: before } = (await login(app, { email: now })).json<Tokens>()
  t.match((await call(app, 'PATCH', '/v1/profile', before, { email: old })).json(), { pending: { email: old } })
  t.equal((await call(app, 'GET', '/v1/profile', bearer)).statusCode, 200)
  t.match(await stateOf(id), { emails: [now] })
})

import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { internals } from '../../../plugins/internals.ts'
import type { NewAuthSession } from '../../../src/sessions/auth-sessions.ts'
import { sql } from '../../support/session-rows.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { register } from '../../support/start-server.ts'
import { statementsDuring } from '../../support/statements.ts'

const build = sharedServers(t)

const caller = { ip: '127.0.0.1', userAgent: 'test' }

const auth = (app: FastifyInstance) => internals(app).sessions.auth

async function started (app: FastifyInstance, userId: string, more: Partial<NewAuthSession> = {}): Promise<string> {
  const account = await internals(app).users.records.findById(userId)
  return await auth(app).create({
    user: { userId, passwordStamp: account!.passwordStamp }, clientId: 'c', proven: ['pwd'], pending: { scopes: ['read'] }, caller, ...more
  })
}

t.test('an auth session is found by its client and consumed once', async (t) => {
  const { app } = await build(t)
  const { id } = (await register(app)).json<{ id: string }>()
  const text = await started(app, id)
  t.match(text, /^lk_as_[\w-]{43}$/)
  t.match(await auth(app).find(text, 'c'), { userId: id, clientId: 'c', proven: ['pwd'], pending: { scopes: ['read'] } })
  t.equal(await auth(app).find(text, 'other'), null)
  t.equal(await auth(app).find(text, null), null, 'on our pages')
  t.equal(await auth(app).find(`${text.slice(0, -1)}!`, 'c'), null)
  t.equal(await auth(app).consume(text, 'other'), null)
  const consumed = await Promise.all(Array.from({ length: 6 }, () => auth(app).consume(text, 'c')))
  t.equal(consumed.filter(Boolean).length, 1)
  t.equal(await auth(app).find(text, 'c'), null)
  const ofPages = await started(app, id, { clientId: null })
  t.ok(await auth(app).find(ofPages, null))
})

t.test('it ends with the password, the epoch, the user and its time', async (t) => {
  const { app } = await build(t)
  const { id } = (await register(app)).json<{ id: string }>()
  const { users } = internals(app).store
  const endings: [string, () => Promise<unknown>][] = [
    ['epoch', () => users.foldRevocations(id)],
    ['password', () => sql(app, 'UPDATE users SET password_stamp = password_stamp + 1')],
    ['time', () => sql(app, "UPDATE auth_sessions SET expires_at = now() - interval '1 second'")],
    ['user', () => users.setDisabled(id, true)]
  ]
  for (const [why, end] of endings) {
    const text = await started(app, id)
    t.ok(await auth(app).find(text, 'c'), why)
    await end()
    t.equal(await auth(app).find(text, 'c'), null, why)
    t.equal(await auth(app).consume(text, 'c'), null, why)
  }
  await sql(app, 'DELETE FROM users')
  t.same(await sql(app, 'SELECT FROM auth_sessions'), [], 'nothing of a deleted user stays')
})

t.test('one of an unknown user looks the same, and never succeeds', async (t) => {
  const { app } = await build(t)
  const { id } = (await register(app)).json<{ id: string }>()
  const nobody = await auth(app).create({ user: null, clientId: 'c', proven: ['pwd'], pending: {}, caller })
  t.match(await auth(app).find(nobody, 'c'), { userId: null })
  t.equal(await auth(app).consume(nobody, 'c'), null)
  const stale = await started(app, id, { user: { userId: id, passwordStamp: 99 } })
  t.match(await auth(app).find(stale, 'c'), { userId: null }, 'as that of a user who has changed')
  const decoy = () => auth(app).create({ user: null, clientId: 'c', proven: [], pending: {}, caller })
  t.equal(await statementsDuring(app, decoy), await statementsDuring(app, () => started(app, id)) - 1, 'at the same cost; one looks up the stamp')
})

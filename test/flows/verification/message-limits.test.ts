import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { advanceTime } from '../../../src/testing.ts'
import { register as createUser } from '../../support/created.ts'
import { EmailSchema, PhoneSchema } from '../../../src/index.ts'
import { createMailbox, createPhones } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { build, eventually, PASSWORD, register, signedIn } from '../../support/start-server.ts'

const EMAIL = 'ada@example.com'

const ask = (app: FastifyInstance, url: string, email = EMAIL) => app.inject({ method: 'POST', url, payload: { email } })
const verifyAll = (app: FastifyInstance) => sql(app, 'UPDATE identifiers SET verified_at = now()')

t.test('a request that sends nothing does not use up the mails of the owner', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, rateLimit: 'on' })
  await createUser(app)
  await verifyAll(app)
  t.equal((await ask(app, '/v1/email/verification-notification')).statusCode, 202)
  t.same(await box.fetch(app), [], 'there is nothing to verify')
  await ask(app, '/v1/password/forgot')
  t.match(await box.fetch(app), [{ to: EMAIL }])
})

t.test('registrations with a taken address do not use up the mails with which its owner gets in again', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, { ...box.options, rateLimit: 'on', requireEmailVerification: 'on' })
  await register(app)
  await box.fetch(app)
  await verifyAll(app)
  await advanceTime(app, 61)
  for (let tries = 0; tries < 3; tries++) t.equal((await register(app)).statusCode, 202)
  t.ok(await eventually(() => box.mails.length === 2))
  await ask(app, '/v1/password/forgot')
  t.match(await box.fetch(app), [{ subject: /account/ }, { subject: /new password/ }], 'one says that there is an account')
})

t.test('changes to what belongs to somebody else do not use up their mails and text messages', async (t) => {
  const [box, phones] = [createMailbox(), createPhones()]
  const attributes = { email: EmailSchema, phone: PhoneSchema }
  const { app } = await build(t, { ...box.options, ...phones.options, rateLimit: 'on', login: { attributes } })
  const phone = '+4915112345678'
  const owner = await signedIn(app, { email: EMAIL, phone })
  const eve = await signedIn(app, { email: 'eve@example.com' })
  await sql(app, "UPDATE identifiers SET verified_at = now() WHERE attribute = 'email'")
  await box.fetch(app)
  await advanceTime(app, 61)
  const change = (payload: object) => app.inject({
    method: 'PATCH', url: '/v1/profile', headers: { authorization: `Bearer ${eve.access_token}` }, payload: { current_password: PASSWORD, ...payload }
  })
  t.match((await change({ email: EMAIL })).json(), { pending: { email: EMAIL } })
  t.match((await change({ phone })).json(), { pending: { phone } })
  await box.fetch(app)
  await ask(app, '/v1/password/forgot')
  t.match(await box.fetch(app), [{ to: EMAIL, subject: /new password/ }])
  const headers = { authorization: `Bearer ${owner.access_token}` }
  t.equal((await app.inject({ method: 'POST', url: '/v1/phone/verification-notification', headers })).statusCode, 202)
  t.ok(await eventually(() => phones.messages.length === 1))
})

t.test('what somebody types who is nobody takes no space', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  t.equal((await ask(app, '/v1/password/forgot', 'x'.repeat(60_000))).statusCode, 204)
  const [row] = await sql<{ size: number }>(app, 'SELECT max(length(sealed)) AS size FROM outbox')
  t.ok(row!.size < 2000, `${row!.size} bytes`)
})

import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { call } from '../../support/machines.ts'
import { createMailbox, tokenIn } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { build, login, PASSWORD, signedIn, type Tokens } from '../../support/start-server.ts'

const EMAIL = 'ada@example.com'
const NEXT = 'another horse battery staple'

const channel = async (app: FastifyInstance) =>
  (await sql<{ password_channel: string | null }>(app, 'SELECT password_channel FROM users'))[0]!.password_channel
const reset = (app: FastifyInstance, token: string) =>
  app.inject({ method: 'POST', url: '/v1/password/reset', payload: { email: EMAIL, token, password: NEXT } })

t.test('a password that a link by mail has set is known as such, until it is changed by who knows it', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  await signedIn(app)
  await box.fetch(app)
  t.equal(await channel(app), null, 'typed at the registration')
  await app.inject({ method: 'POST', url: '/v1/password/forgot', payload: { email: EMAIL } })
  const token = tokenIn((await box.fetch(app))[0]!)
  t.equal(await channel(app), null, 'a mail alone sets nothing')
  t.equal((await reset(app, token)).statusCode, 204)
  t.equal(await channel(app), 'mail')
  const { access_token: bearer } = (await login(app, { email: EMAIL, password: NEXT })).json<Tokens>()
  t.equal(await channel(app), 'mail', 'a login changes nothing')
  const changed = await call(app, 'PATCH', '/v1/profile/password', bearer, { current_password: NEXT, new_password: `${PASSWORD} 2` })
  t.equal(changed.statusCode, 200)
  t.equal(await channel(app), null)
})

t.test('the first proof of an address by a reset counts as one, too, and the verification of an address does not', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const { user } = await signedIn(app)
  const { access_token: bearer } = (await login(app)).json<Tokens>()
  const link = tokenIn((await box.fetch(app))[0]!)
  t.equal((await call(app, 'POST', `/v1/email/verify/${user.id}/${link}`, bearer, {})).statusCode, 200)
  t.equal(await channel(app), null)
  await sql(app, 'UPDATE identifiers SET verified_at = NULL')
  await app.inject({ method: 'POST', url: '/v1/password/forgot', payload: { email: EMAIL } })
  t.equal((await reset(app, tokenIn((await box.fetch(app)).find(({ text }) => text.includes('/password/reset'))!))).statusCode, 204)
  t.equal(await channel(app), 'mail')
})

// Runs in a process of its own: it measures times
import t from 'tap'
import { readyAttributes } from '../../../src/schemas/identifiers.ts'
import { call } from '../../support/machines.ts'
import { createMailbox, createPhones } from '../../support/mailbox.ts'
import { takesSameTime, timed } from '../../support/same-time.ts'
import { sql } from '../../support/session-rows.ts'
import { build, eventually, register, signedIn } from '../../support/start-server.ts'

t.test('a change takes the same time, whether or not the new address or number belongs to somebody else', async (t) => {
  const { app } = await build(t, { ...createMailbox().options, ...createPhones().options, login: { attributes: readyAttributes } })
  await register(app, { email: 'taken@example.com', phone: '+491701234567' })
  const { access_token: bearer } = await signedIn(app)
  const sent = async () => await eventually(async () => (await sql(app, 'SELECT FROM outbox WHERE expires_at > created_at')).length === 0)
  for (const [taken, free] of [[{ email: 'taken@example.com' }, { email: 'freed@example.com' }], [{ phone: '+491701234567' }, { phone: '+491701234568' }]]) {
    const change = (body: object) => async () => {
      const took = await timed(async () => {
        const { statusCode } = await call(app, 'PATCH', '/v1/profile', bearer, body)
        if (statusCode !== 200) t.fail(String(statusCode))
      })
      await sent()
      return took
    }
    await takesSameTime(t, [change(taken!), change(free!)])
  }
})

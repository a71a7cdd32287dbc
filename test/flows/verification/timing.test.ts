// Runs in a process of its own: it measures times
import t from 'tap'
import { createMailbox } from '../../support/mailbox.ts'
import { takesSameTime, timed } from '../../support/same-time.ts'
import { sql } from '../../support/session-rows.ts'
import { build, eventually, register } from '../../support/start-server.ts'

const USERS = 200

for (const url of ['/v1/password/forgot', '/v1/email/verification-notification']) {
  t.test(`${url}: the time does not tell whether there is an account`, async (t) => {
    const box = createMailbox()
    const { app } = await build(t, { ...box.options, appUrl: 'https://id.example' })
    for (let user = 0; user < USERS; user++) await register(app, { email: `user${user}@example.com` }).catch(() => {})
    const sent = async () => await eventually(async () => (await sql(app, 'SELECT FROM outbox WHERE expires_at > created_at')).length === 0)
    const ask = (name: string) => async (round: number) => {
      const took = await timed(() => app.inject({ method: 'POST', url, payload: { email: `${name}${round % USERS}@example.com` } }))
      // So that no request waits for the work of the one before
      await sent()
      return took
    }
    await takesSameTime(t, [ask('user'), ask('none')], { before: async () => { await sql(app, 'DELETE FROM rate_limits') } })
    t.ok(box.mails.length >= USERS)
  })
}

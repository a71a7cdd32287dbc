import t from 'tap'
import { build, eventually } from '../../support/start-server.ts'
import { FROM, outboxRows, queueMail } from '../../support/mail.ts'
import { reply, startSmtp } from '../../support/smtp.ts'
import { mailSamples } from '../../unit/mail/samples.ts'
import { sql } from '../../support/session-rows.ts'

t.test('metrics: queued, sent, delayed, given up, and the age of the oldest', async (t) => {
  const answers = [undefined, reply(450, 'later'), reply(550, 'never')]
  const smtp = await startSmtp(t, { onMail: () => { const error = answers.shift(); if (error) throw error } })
  const { app } = await build(t, { mail: { url: smtp.url, from: FROM } })
  for (const left of [2, 1, 0]) {
    await queueMail(app, 'welcome', mailSamples.welcome)
    t.ok(await eventually(() => answers.length === left))
  }
  t.ok(await eventually(async () => (await outboxRows(app)).every(({ last_error: error }) => error !== null)))
  await sql(app, "UPDATE outbox SET created_at = created_at - interval '100 seconds'")
  const { body } = await app.inject('/metrics')
  for (const line of [
    'latchkey_messages_sent_total{kind="mail"} 1', 'latchkey_messages_delayed_total{kind="mail"} 1',
    'latchkey_messages_failed_total{kind="mail",reason="refused"} 1', 'latchkey_outbox_queued 1', 'latchkey_outbox_failed 1'
  ]) t.match(body, line)
  t.match(body, /latchkey_outbox_oldest_seconds 1\d\d\./)
})

t.test('metrics answer without the table of the outbox', async (t) => {
  const { app } = await build(t, { mail: { send: async () => {} } })
  await sql(app, 'ALTER TABLE outbox RENAME TO away')
  const { statusCode, body } = await app.inject('/metrics')
  t.equal(statusCode, 200)
  t.match(body, 'latchkey_outbox_queued Nan')
})

import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createStore } from '../../src/compose/store.ts'
import { deriveKeys } from '../../src/crypto/app-key.ts'
import { openDatabase } from '../../src/database/client.ts'
import { createOutbox, OUTBOX_KEYS } from '../../src/outbox/outbox.ts'
import { createClock } from '../../src/runtime/clock.ts'
import { createQueueMail } from '../../src/mail/queue.ts'
import { APP_KEY, createDatabase, eventually } from '../support/start-server.ts'
import { FROM } from '../support/mail.ts'
import { startSmtp } from '../support/smtp.ts'
import { start } from './helper.ts'

/** A server process on the same database, once it listens. */
async function process_ (t: Test, env: Record<string, string>) {
  const child = start(['serve'], { cwd: t.testdir({}), env: { PORT: '0', APP_KEY, MAIL_FROM: FROM, APP_URL: 'https://id.example', ...env } })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  for await (const line of createInterface({ input: child.stdout! })) if (line.includes('Server listening at')) break
  child.stdout!.resume()
  return { child, exited }
}

t.test('two processes, one of which is killed again and again: every mail arrives, none under another Message-ID', async (t) => {
  const ids = new Map<string, Set<string>>()
  const smtp = await startSmtp(t, {
    async onMail (mail) {
      await sleep(100)
      ids.set(mail.to, (ids.get(mail.to) ?? new Set()).add(mail.headers['message-id']!))
    }
  })
  const url = await createDatabase(t)
  const env = { DATABASE_URL: url, SMTP_URL: smtp.url }
  const database = openDatabase({ url, poolSize: 3, clock: createClock(), onError: () => {} })
  t.teardown(database.close)
  const store = createStore(database).outbox
  const queue = createQueueMail(createOutbox({ keys: deriveKeys([APP_KEY], OUTBOX_KEYS), modes: { mail: 'send', sms: 'off' } }))
  const addresses = Array.from({ length: 300 }, (_, n) => `user${n}@example.com`)
  await process_(t, env)
  let victim = await process_(t, env)
  for (let batch = 0; batch < 3; batch++) {
    for (const address of addresses.slice(batch * 100, batch * 100 + 100)) {
      await store.write(queue('welcome', { address, verified: true }, { url: 'https://id.example' }, { locale: 'en' }))
    }
    // Some are being sent, some are committed and not begun
    await sleep(500)
    victim.child.kill('SIGKILL')
    await victim.exited
    // Instead of waiting for the end of its leases
    await database.pool.query('UPDATE outbox SET locked_until = now() WHERE locked_until IS NOT NULL')
    victim = await process_(t, env)
  }
  t.ok(await eventually(async () => (await database.pool.query('SELECT FROM outbox')).rowCount === 0, 60_000))
  t.same([...ids.keys()].sort(), addresses.sort())
  t.same([...ids.values()].filter((each) => each.size !== 1), [])
  t.comment(`${smtp.mails.length - addresses.length} arrived twice, under the same Message-ID`)
})

t.test('a process that is stopped finishes what it sends, and leaves no lease', async (t) => {
  let begun = 0
  const smtp = await startSmtp(t, { onMail: async () => { begun++; await sleep(500) } })
  const url = await createDatabase(t)
  const { child, exited } = await process_(t, { DATABASE_URL: url, SMTP_URL: smtp.url })
  const database = openDatabase({ url, poolSize: 3, clock: createClock(), onError: () => {} })
  t.teardown(database.close)
  const queue = createQueueMail(createOutbox({ keys: deriveKeys([APP_KEY], OUTBOX_KEYS), modes: { mail: 'send', sms: 'off' } }))
  for (let n = 0; n < 20; n++) {
    await createStore(database).outbox.write(queue('welcome', { address: `u${n}@example.com`, verified: true }, { url: 'https://id.example' }, { locale: 'en' }))
  }
  t.ok(await eventually(() => begun > 0))
  child.kill('SIGTERM')
  t.same(await exited, [0, null])
  const { rows } = await database.pool.query<{ attempts: number, locked_until: Date | null }>('SELECT attempts, locked_until FROM outbox')
  t.equal(rows.length, 20 - smtp.mails.length, 'what was sent is gone')
  t.same(rows.filter(({ attempts, locked_until: until }) => attempts !== 0 || until !== null), [], 'the others wait for another process')
})

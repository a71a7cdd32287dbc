import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createStore } from '../../../src/compose/store.ts'
import { deriveKeys } from '../../../src/crypto/app-key.ts'
import { openDatabase } from '../../../src/database/client.ts'
import { inTransaction } from '../../../src/database/transaction.ts'
import { createOutbox } from '../../../src/outbox/outbox.ts'
import { DeliveryError, type OutgoingMessage } from '../../../src/outbox/ports.ts'
import { startSender } from '../../../src/outbox/sender.ts'
import { createClock } from '../../../src/runtime/clock.ts'
import { APP_KEY, createDatabase, eventually } from '../../support/start-server.ts'

type Row = { id: string, attempts: number, failed_at: Date | null, last_error: string | null, locked_until: Date | null, wait: number }
const TIMES = { pollMs: 50, gapMs: 0, pauseMs: 20, maxPauseMs: 50, stopMs: 200 }

async function prepare (t: Test) {
  const database = openDatabase({ url: await createDatabase(t), poolSize: 5, clock: createClock(), onError: () => {} })
  const store = createStore(database).outbox
  const outbox = createOutbox({ keys: deriveKeys([APP_KEY], 'outbox'), modes: { mail: 'send', sms: 'off' } })
  const log: string[] = []
  const senders: { stop: () => Promise<void> }[] = []
  t.teardown(async () => {
    await Promise.all(senders.map((sender) => sender.stop()))
    await database.close()
  })
  const mail = (n: number, expiresIn = 60) => outbox.seal({ kind: 'mail', payload: { n }, expiresIn })
  const rows = async () => (await database.pool.query<Row>(
    'SELECT *, extract(epoch FROM next_attempt_at - now())::float8 AS wait FROM outbox ORDER BY id'
  )).rows

  function start (send: (message: OutgoingMessage, signal: AbortSignal) => Promise<void>, times = {}) {
    const sender = startSender({
      store, outbox: { open: outbox.open }, transports: { mail: async () => ({ send }) },
      messageId: (id) => `<${id}@id.example>`,
      events: {
        onSent: () => log.push('sent'), onRetry: (_entry, error) => log.push(`retry: ${error}`),
        onFailed: (_entry, reason, error) => log.push(`${reason}: ${error}`)
      },
      onError: (error) => log.push(`error: ${String(error)}`),
      times: { ...TIMES, ...times }
    })
    store.subscribe(sender.wake)
    senders.push(sender)
    return sender
  }
  return { database, store, outbox, mail, rows, start, log, due: () => database.pool.query('UPDATE outbox SET next_attempt_at = now()') }
}

t.test('what was written is sent once and deleted, by whichever process', async (t) => {
  const { store, mail, rows, start } = await prepare(t)
  const sent: OutgoingMessage[] = []
  const send = async (message: OutgoingMessage) => { sent.push(message) }
  Array.from({ length: 3 }, () => start(send))
  const entries = Array.from({ length: 200 }, (_, n) => mail(n))
  await Promise.all(Array.from({ length: 20 }, (_, n) => store.write(entries.slice(n * 10, n * 10 + 10))))
  t.ok(await eventually(async () => (await rows()).length === 0))
  t.same(sent.map(({ payload }) => (payload as { n: number }).n).sort((a, b) => a - b), entries.map((_, n) => n))
  t.same(sent.map(({ id, messageId }) => messageId === `<${id}@id.example>`).filter((isRight) => !isRight), [])
})

t.test('an entry is written with its cause: a rollback or a false condition writes none', async (t) => {
  const { database, store, mail, rows, start, log } = await prepare(t)
  await t.rejects(inTransaction(database.pool, async (client) => {
    await store.write([mail(1)], client)
    throw new Error('after all not')
  }))
  const insert = (condition: string) =>
    database.pool.query({ text: store.insertSql('$1', condition), values: [JSON.stringify([mail(2), mail(3)])] })
  await insert('EXISTS (SELECT FROM users)')
  t.same(await rows(), [])
  await insert('NOT EXISTS (SELECT FROM users)')
  t.equal((await rows()).length, 2)
  start(async () => {}, { pollMs: 60_000 })
  t.ok(await eventually(async () => (await rows()).length === 0))
  await inTransaction(database.pool, (client) => store.write([mail(4)], client))
  t.ok(await eventually(() => log.filter((line) => line === 'sent').length === 3), 'a commit wakes the sender')
})

t.test('a failure is tried again later, under the same Message-ID; what the server refuses is given up', async (t) => {
  const { store, mail, rows, start, log, due } = await prepare(t)
  const ids: string[] = []
  const errors: Error[] = [
    new Error('450 4.2.0 <ada@example.com> is busy, see https://mail.example/x?token=lk_ot_abc'),
    new DeliveryError('no connection', { unreachable: true }),
    new DeliveryError('550 no such user', { permanent: true })
  ]
  start(async ({ messageId }) => {
    ids.push(messageId)
    throw errors.shift() ?? new Error('once more')
  })
  await store.write([mail(1)])
  for (const attempts of [1, 2]) {
    t.ok(await eventually(async () => (await rows())[0]?.last_error !== null && log.length === attempts))
    const [row] = await rows()
    t.match(row, { attempts, failed_at: null, locked_until: null })
    t.ok(row!.wait > 7 * 3 ** (attempts - 1) - 1 && row!.wait < 13 * 3 ** (attempts - 1), `${row!.wait} s`)
    await due()
  }
  t.ok(await eventually(async () => (await rows())[0]?.failed_at !== null && log.length === 3))
  t.equal(new Set(ids).size, 1)
  t.same(log, ['retry: 450 4.2.0 <<address>> is busy, see <link>', 'retry: no connection', 'refused: 550 no such user'])
  await due()
  await sleep(200)
  t.equal(ids.length, 3, 'a dead letter is not tried again')
})

t.test('it is given up after about a day, and at its expiry', async (t) => {
  const { database, store, mail, rows, start, log, due } = await prepare(t)
  await store.write([mail(1), mail(2, 3)])
  await database.pool.query("UPDATE outbox SET attempts = 8 WHERE expires_at > now() + interval '10 seconds'")
  await database.pool.query("UPDATE outbox SET expires_at = now() - interval '1 second' WHERE attempts = 0")
  start(async () => { throw new Error('421 not now') })
  t.ok(await eventually(async () => (await rows()).every(({ failed_at: failedAt }) => failedAt !== null) && log.length === 2))
  t.same(log.sort(), ['attempts: 421 not now', 'expired: expired before it was sent'])
  await store.write([mail(3, 5)])
  t.ok(await eventually(async () => (await rows())[2]?.attempts === 1 && (await rows())[2]?.locked_until === null))
  t.ok((await rows())[2]!.wait <= 5, 'it is not to be tried after it has expired')
  await due()
})

t.test('a process that dies leaves its entries to the others', async (t) => {
  const { store, mail, rows, start } = await prepare(t)
  await store.write([mail(1)])
  await store.claim(['mail'], 1, 0.3)
  const began = performance.now()
  start(async () => {})
  t.ok(await eventually(async () => (await rows()).length === 0))
  t.ok(performance.now() - began > 200, 'after the lease')
})

t.test('a message that ends every process that sends it is given up', async (t) => {
  const { database, store, mail, rows, start, log } = await prepare(t)
  await store.write([mail(1)])
  for (let deaths = 0; deaths < 9; deaths++) {
    await store.claim(['mail'], 1, 60)
    await database.pool.query("UPDATE outbox SET locked_until = now() - interval '1 second'")
  }
  let tries = 0
  start(async () => { tries++ })
  t.ok(await eventually(async () => (await rows())[0]?.failed_at != null))
  t.equal(tries, 0)
  t.match(log, [/^attempts: /])
})

t.test('a stop finishes what is being sent, and gives back what takes too long', async (t) => {
  const { store, mail, rows, start, log } = await prepare(t)
  const sender = start(async ({ payload }, signal) => {
    if ((payload as { n: number }).n === 1) return await sleep(100)
    await once(signal, 'abort')
    throw new Error('cut')
  })
  await store.write([mail(1), mail(2)])
  t.ok(await eventually(async () => (await rows()).every(({ locked_until: lockedUntil }) => lockedUntil !== null)))
  await sleep(30)
  await sender.stop()
  t.match(await rows(), [{ attempts: 0, locked_until: null, failed_at: null, last_error: null }])
  t.same(log, ['sent'])
})

t.test('an attempt has a time limit', async (t) => {
  const { store, mail, start, log } = await prepare(t)
  start(() => new Promise(() => {}), { sendMs: 50, leaseMs: 1000 })
  await store.write([mail(1)])
  t.ok(await eventually(() => log.length > 0))
  t.same(log, ['retry: no answer within 0.05 s'])
})

t.test('an entry sealed under an unknown key waits for a process that knows it', async (t) => {
  const { store, rows, start, log } = await prepare(t)
  const other = createOutbox({ keys: deriveKeys([Buffer.alloc(32).toString('base64')], 'outbox'), modes: { mail: 'send', sms: 'off' } })
  await store.write([other.seal({ kind: 'mail', payload: {}, expiresIn: 60 })])
  start(async () => {})
  t.ok(await eventually(() => log.length > 0))
  t.same(log, ['retry: sealed under another APP_KEY'])
  t.equal((await rows()).length, 1)
})

t.test('a mail that was sent while the database was away is not sent again', async (t) => {
  const { database, store, mail, rows, start, log } = await prepare(t)
  let sent = 0
  start(async () => {
    if (++sent === 1) await database.pool.query('ALTER TABLE outbox RENAME TO away')
  }, { leaseMs: 500, sendMs: 100 })
  await store.write([mail(1)])
  t.ok(await eventually(() => log.some((line) => line.startsWith('error'))))
  await database.pool.query('ALTER TABLE away RENAME TO outbox')
  t.ok(await eventually(async () => (await rows()).length === 0))
  t.equal(sent, 1)
})

t.test('without a transport entries are kept to be looked at, and a later transport does not send them', async (t) => {
  const { store, outbox, rows, start, log } = await prepare(t)
  const kept = createOutbox({ keys: deriveKeys([APP_KEY], 'outbox'), modes: { mail: 'keep', sms: 'off' } })
  await store.write([kept.seal({ kind: 'mail', payload: { n: 1 }, expiresIn: 60 })])
  start(async () => {})
  await sleep(200)
  t.same(log, [])
  t.equal((await rows()).length, 1)
  t.same(await store.counts(), { queued: 0, failed: 0, oldest: 0 })
  t.equal(outbox.mode('sms'), 'off')
})

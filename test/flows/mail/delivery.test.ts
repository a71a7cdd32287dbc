import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { build, eventually, login, register } from '../../support/start-server.ts'
import { dueNow, FROM, outboxRows, queueMail } from '../../support/mail.ts'
import { sql } from '../../support/session-rows.ts'
import { reply, startSmtp, type Received, type SmtpServer } from '../../support/smtp.ts'
import { internals } from '../../../plugins/internals.ts'

const URL_ = 'https://id.example/welcome'

async function withServer (t: Test, behavior: Parameters<typeof startSmtp>[1] = {}) {
  const smtp = await startSmtp(t, behavior)
  const { app, logs } = await build(t, { mail: { url: smtp.url, from: FROM }, appUrl: 'https://id.example' })
  return { smtp, app, logs }
}

const arrived = (smtp: SmtpServer, count = 1) => eventually(() => smtp.mails.length === count, 20_000)

t.test('a mail arrives at once, with what a mail needs, and its row goes', async (t) => {
  const { smtp, app } = await withServer(t)
  const id = await queueMail(app, 'reset', { url: 'https://id.example/password/reset?token=lk_ot_abc', expiresIn: 3600 })
  t.ok(await arrived(smtp))
  const [mail] = smtp.mails
  t.match(mail, { from: 'no-reply@northwind.example', to: 'ada@example.com' })
  t.match(mail!.headers, {
    from: 'Northwind <no-reply@northwind.example>', to: 'ada@example.com', subject: 'Set a new password for Latchkey',
    'message-id': `<${id}@id.example>`, 'auto-submitted': 'auto-generated'
  })
  t.match(mail!.text, 'https://id.example/password/reset?token=lk_ot_abc')
  t.ok(await eventually(async () => (await outboxRows(app)).length === 0))
})

t.test('what lies in the outbox is sealed', async (t) => {
  const { app } = await withServer(t, { onMail: () => { throw reply(450, 'later') } })
  await queueMail(app, 'reset', { url: 'https://id.example/r?token=secret', expiresIn: 3600 })
  t.ok(await eventually(async () => (await outboxRows(app))[0]?.last_error !== null))
  const [row] = await sql<{ row: string, sealed: string }>(app, "SELECT outbox::text AS row, encode(sealed, 'escape') AS sealed FROM outbox")
  for (const clear of ['ada@example', 'id.example', 'token=secret', 'reset']) t.notOk(`${row!.row}\n${row!.sealed}`.includes(clear), clear)
})

for (const [name, onMail, outcome] of [
  ['answers 4xx', reply(451, '4.3.0 try later'), 'later'],
  ['answers 5xx', reply(550, '5.1.1 <ada@example.com> unknown'), 'never']
] as const) {
  t.test(`a server that ${name}: the mail is sent ${outcome}`, async (t) => {
    let attempts = 0
    const ids = new Set<string>()
    const { smtp, app, logs } = await withServer(t, {
      onMail (mail) {
        ids.add(mail.headers['message-id']!)
        if (++attempts <= 2) throw onMail
      }
    })
    const seen: string[] = []
    for (const event of ['message.sent', 'message.delayed', 'message.failed'] as const) app.latchkey.on(event, () => { seen.push(event) })
    await queueMail(app, 'welcome', { url: URL_ })
    if (outcome === 'never') {
      t.ok(await eventually(async () => (await outboxRows(app))[0]?.failed_at != null))
      t.match((await outboxRows(app))[0], { attempts: 1, last_error: /550 5\.1\.1 <<address>> unknown/ })
      await dueNow(app)
      await sleep(100)
      t.equal(attempts, 1)
      t.same(seen, ['message.failed'])
      t.match(logs(), 'A message could not be sent and was given up')
      t.notMatch(logs(), 'ada@example.com')
      return
    }
    for (const attempt of [1, 2]) {
      t.ok(await eventually(async () => (await outboxRows(app))[0]?.attempts === attempt && attempts === attempt))
      await eventually(async () => (await outboxRows(app))[0]?.last_error !== null)
      await dueNow(app)
    }
    t.ok(await arrived(smtp))
    t.equal(ids.size, 1, 'under one Message-ID')
    t.ok(await eventually(() => seen.length === 3))
    t.same(seen, ['message.delayed', 'message.delayed', 'message.sent'])
  })
}

t.test('a refused recipient is a dead letter; a refused login is not, since it is about every mail', async (t) => {
  const { app } = await withServer(t, { options: { onRcptTo: (_address, _session, done) => done(reply(553, 'no')) } })
  await queueMail(app, 'welcome', { url: URL_ })
  t.ok(await eventually(async () => (await outboxRows(app))[0]?.failed_at != null))

  const smtp = await startSmtp(t, {
    options: { authOptional: false, allowInsecureAuth: true, onAuth: (_auth, _session, done) => done(new Error('Invalid')) }
  })
  const { app: other } = await build(t, { mail: { url: smtp.url.replace('//', '//user:wrong@'), from: FROM } })
  await queueMail(other, 'welcome', { url: URL_ })
  t.ok(await eventually(async () => (await outboxRows(other))[0]?.last_error !== null))
  t.match(await outboxRows(other), [{ attempts: 1, failed_at: null }])
})

t.test('a server that drops connections, hangs, or is not there: every mail arrives later, none under another Message-ID', async (t) => {
  const ids: Record<string, Set<string>> = {}
  const note = (mail: Received) => { (ids[mail.to] ??= new Set()).add(mail.headers['message-id']!) }
  const smtp = await startSmtp(t, { onMail: note })
  let connections = 0
  // In front of it: every third connection is cut after some bytes of the mail, every fifth before the greeting
  const sockets = new Set<Socket>()
  const flaky = createServer((socket) => {
    const number = ++connections
    sockets.add(socket.on('error', () => {}))
    if (number % 5 === 0) return socket.destroy()
    const upstream = new (socket.constructor as new () => Socket)()
    upstream.connect(smtp.port, '127.0.0.1').on('error', () => {})
    let bytes = 0
    socket.on('data', (chunk) => {
      bytes += chunk.length
      if (number % 3 === 0 && bytes > 200) socket.destroy()
      else upstream.write(chunk)
    })
    upstream.on('data', (chunk) => socket.write(chunk)).on('close', () => socket.destroy())
    socket.on('close', () => upstream.destroy())
  })
  flaky.listen(0, '127.0.0.1')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    flaky.close()
  })
  await sleep(10)
  const { app } = await build(t, { mail: { url: `smtp://127.0.0.1:${(flaky.address() as AddressInfo).port}`, from: FROM } })
  const addresses = Array.from({ length: 20 }, (_, n) => `user${n}@example.com`)
  await Promise.all(addresses.map((address) => queueMail(app, 'welcome', { url: URL_ }, { address, verified: true })))
  t.ok(await eventually(async () => {
    await dueNow(app)
    await sleep(200)
    return (await outboxRows(app)).length === 0
  }, 60_000))
  t.same(Object.keys(ids).sort(), addresses.sort(), 'all of them, and nobody else')
  t.same(Object.values(ids).filter((each) => each.size !== 1), [])
})

t.test('mails that wait for a server that hangs hold back no text message', async (t) => {
  const texts: string[] = []
  let hanging = 0
  const { app } = await build(t, {
    mail: {
      async send (_mail, { signal }) {
        hanging++
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('ended'))))
      }
    },
    sms: { countries: ['DE'], send: async ({ to }) => { texts.push(to) } }
  })
  for (let n = 0; n < 20; n++) await queueMail(app, 'welcome', { url: URL_ })
  t.ok(await eventually(() => hanging === 5))
  const { sms, store } = internals(app)
  await store.outbox.write(sms.queue('code', '+4915112345678', { code: '123456', expiresIn: 600 }, { locale: 'en', expiresIn: 600 }))
  t.ok(await eventually(() => texts.length === 1, 3000))
})

t.test('10,000 mails that wait for a server that hangs slow no login', async (t) => {
  const hanging = createServer(() => {})
  hanging.listen(0, '127.0.0.1')
  t.teardown(() => hanging.close())
  await sleep(10)
  const { app } = await build(t, { mail: { url: `smtp://127.0.0.1:${(hanging.address() as AddressInfo).port}`, from: FROM } })
  const { app: other } = await build(t)
  await Promise.all([app, other].map((each) => register(each)))
  const { mail, store } = internals(app)
  const before = (await outboxRows(app)).length
  for (let batch = 0; batch < 20; batch++) {
    await store.outbox.write(Array.from({ length: 500 }, () =>
      mail.queue('welcome', { address: 'a@example.com', verified: true }, { url: URL_ }, { locale: 'en' })).flat())
  }
  const times = new Map<FastifyInstance, number[]>([[app, []], [other, []]])
  // In turn, since other programs run on this machine
  for (let n = 0; n < 120; n++) {
    for (const [each, taken] of times) {
      const began = performance.now()
      if ((await login(each)).statusCode !== 200) throw new Error('refused')
      taken.push(performance.now() - began)
    }
  }
  const [queued, without] = [...times.values()].map((taken) => taken.sort((a, b) => a - b)[60]!)
  t.ok(queued! < without! * 1.25 + 1, `${queued!.toFixed(1)} ms with the queue, ${without!.toFixed(1)} ms without`)
  t.equal((await outboxRows(app)).length, before + 10_000)
})

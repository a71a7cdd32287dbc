import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { createSmtp, deliveryError } from '../../../src/mail/smtp.ts'
import { startSmtp } from '../../support/smtp.ts'

const mail = {
  messageId: '<1@id.example>', from: 'a@example.com', to: 'b@example.com', subject: 'x', text: 'x', html: undefined, headers: {}
}
const { signal } = new AbortController()

t.test('RFC 3207: a password goes to another machine over TLS only, unless the operator says otherwise', async (t) => {
  const passwords: string[] = []
  const smtp = await startSmtp(t, {
    options: {
      allowInsecureAuth: true,
      onAuth ({ password }, _session, done) {
        passwords.push(String(password))
        done(null, { user: 'ada' })
      }
    }
  })
  // Leads here, but is no loopback address
  const url = `smtp://ada:hunter2@0.0.0.0:${smtp.port}`
  await t.rejects(createSmtp(url).send(mail, { signal }), { name: 'DeliveryError', permanent: false, unreachable: true })
  await t.rejects(createSmtp(url).verify(), { name: 'DeliveryError' })
  t.same(passwords, [])
  await createSmtp(`${url}?requireTLS=false`).send(mail, { signal })
  await createSmtp(url.replace('0.0.0.0', '127.0.0.1')).send(mail, { signal })
  t.same(passwords, ['hunter2', 'hunter2'])
  t.equal(smtp.mails.length, 2)
})

t.test('an attempt that is aborted closes its connection', async (t) => {
  const smtp = await startSmtp(t, { onMail: () => new Promise(() => {}) })
  const controller = new AbortController()
  const sending = createSmtp(smtp.url).send(mail, { signal: controller.signal })
  setTimeout(() => controller.abort(), 100)
  await t.rejects(sending, { name: 'DeliveryError' })
})

t.test('what is no reply of a mail server refuses nothing', async (t) => {
  const replies = ['220 hello', '250 ok', '250 ok', '250 ok', '354 go on', '250 queued']
  for (let wrong = 0; wrong < replies.length; wrong++) {
    const server = createServer((socket) => {
      const left = replies.map((reply, index) => index === wrong ? 'HTTP/1.1 400 Bad Request' : reply)
      socket.on('error', () => {}).write(`${left.shift()}\r\n`)
      // What follows DATA is one reply, in however many pieces the mail comes
      socket.on('data', (chunk) => {
        if (left.length > 1 || chunk.toString().endsWith('\r\n.\r\n')) socket.write(`${left.shift()}\r\n`)
      })
    }).listen(0, '127.0.0.1')
    t.teardown(() => server.close())
    await once(server, 'listening')
    const sending = createSmtp(`smtp://127.0.0.1:${(server.address() as AddressInfo).port}`).send(mail, { signal })
    await t.rejects(sending, { name: 'DeliveryError', permanent: false }, replies[wrong] ?? '')
  }
})

t.test('RFC 5321 section 4.2.1: only 5yz about the message itself is permanent', async (t) => {
  for (const [error, permanent, unreachable] of [
    [{ code: 'EENVELOPE', command: 'RCPT TO', responseCode: 550 }, true, false],
    [{ code: 'EENVELOPE', command: 'MAIL FROM', responseCode: 553 }, true, false],
    [{ code: 'EMESSAGE', command: 'DATA', responseCode: 554 }, true, false],
    [{ code: 'EENVELOPE', command: 'API' }, true, false],
    [{ code: 'EMESSAGE', command: 'MAIL FROM' }, true, false],
    [{ code: 'EENVELOPE', command: 'RCPT TO', responseCode: 450 }, false, false],
    [{ code: 'EMESSAGE', command: 'DATA', responseCode: 451 }, false, false],
    [{ code: 'EENVELOPE', command: 'MAIL FROM', responseCode: 530 }, false, false],
    [{ code: 'EENVELOPE', command: 'MAIL FROM', responseCode: 421 }, false, true],
    [{ code: 'EAUTH', command: 'AUTH PLAIN', responseCode: 535 }, false, true],
    [{ code: 'EPROTOCOL', command: 'CONN', responseCode: 554 }, false, true],
    [{ code: 'ESOCKET', command: 'CONN' }, false, true],
    [{ code: 'ETIMEDOUT', command: 'CONN' }, false, true]
  ] as const) {
    t.match(deliveryError(Object.assign(new Error('x'), error)), { permanent, unreachable }, JSON.stringify(error))
  }
})

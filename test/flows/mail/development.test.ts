import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { EMBEDDED_URL } from '../../../src/config/environment.ts'
import type { MailModels, MailName } from '../../../src/mail/models.ts'
import { build, createDatabase } from '../../support/start-server.ts'
import { outboxRows, queueMail } from '../../support/mail.ts'
import { mailSamples } from '../../unit/mail/samples.ts'
import { internals } from '../../../plugins/internals.ts'

/** A server as in development: a worker of a process with the embedded database. */
async function development (t: Test, options: Parameters<typeof build>[1] = {}) {
  const databaseUrl = await createDatabase(t)
  process.env[EMBEDDED_URL] = databaseUrl
  t.teardown(() => { delete process.env[EMBEDDED_URL] })
  const { app, logs } = await build(t, { databaseUrl, ...options })
  return { app, logs }
}

t.test('in development mails are shown, with links that can be opened, and text messages, too', async (t) => {
  const { app, logs } = await development(t)
  const address = await app.listen({ port: 0 })
  t.match(logs(), `shown on this machine at http://localhost:${new URL(address).port}/dev/mail`)
  t.match((await app.inject('/dev/mail')).body, 'None yet')
  const id = await queueMail(app, 'reset', mailSamples.reset)
  const { sms, store, mail } = internals(app)
  t.ok(mail.isOn && sms.isOn)
  await store.outbox.write(sms.queue('code', '+4915112345678', { code: '123456', expiresIn: 600 }, { locale: 'en' }))
  const list = await app.inject('/dev/mail')
  t.match(list.headers, { 'cache-control': 'no-store', 'content-type': 'text/html; charset=utf-8', 'referrer-policy': 'no-referrer' })
  t.match(list.body, new RegExp(`<a href="/dev/mail/${id}">Set a new password`))
  t.match(list.body, '123456 is your code')
  const page = await app.inject(`/dev/mail/${id}`)
  t.match(page.body, 'href="https://id.example/password/reset?token=lk_ot_abc&amp;email=ada%40example.com"')
  t.match(page.headers['content-security-policy'], /^default-src 'none'; style-src 'sha256-/)
  const html = await app.inject(`/dev/mail/${id}/html`)
  t.match(html.headers['content-security-policy'], /^sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'/)
  t.match(html.body, '<base target="_blank">')
  for (const unknown of ['0', '00000000-0000-0000-0000-000000000000', '%00', "'"]) {
    t.equal((await app.inject(`/dev/mail/${unknown}`)).statusCode, 404, unknown)
  }
  t.equal((await outboxRows(app)).length, 2, 'nothing is sent')
})

t.test('every message can be looked at', async (t) => {
  const { app } = await development(t)
  for (const name of Object.keys(mailSamples) as MailName[]) {
    const id = await queueMail(app, name, mailSamples[name] as MailModels[typeof name])
    t.equal((await app.inject(`/dev/mail/${id}`)).statusCode, 200, name)
    t.equal((await app.inject(`/dev/mail/${id}/html`)).statusCode, 200, name)
  }
})

t.test('/dev/mail answers nobody but the developer: no tunnel, no proxy, no rebound name, no other machine', async (t) => {
  const { app } = await development(t, { trustProxy: true } as object)
  const id = await queueMail(app, 'reset', mailSamples.reset)
  const paths = ['/dev/mail', `/dev/mail/${id}`, `/dev/mail/${id}/html`]
  const nothing = await app.inject('/dev/nothing')
  async function refused (what: string, options: object) {
    for (const url of paths) {
      const answer = await app.inject({ url, ...options })
      t.equal(answer.statusCode, 404, what)
      t.equal(answer.body.replace(url, '/dev/nothing'), nothing.body, 'as where there is nothing')
      t.notMatch(answer.body, 'lk_ot_')
    }
  }
  for (const host of ['evil.example', 'evil.example:3000', '192.168.0.7:3000', 'localhost.evil.example', '127.0.0.1.evil.example',
    'localhost:3000@evil.example', 'localhost, evil.example', 'foo.localhost']) {
    await refused(`Host: ${host}`, { headers: { host } })
  }
  for (const name of ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'forwarded', 'via', 'cf-connecting-ip', 'cf-ray', 'x-real-ip',
    'ngrok-trace-id', 'tailscale-user-login', 'x-cluster-client-ip', 'x-azure-clientip', 'fastly-client-ip', 'x-vercel-id', 'x-nginx-proxy']) {
    await refused(name, { headers: { host: 'localhost:3000', [name]: '127.0.0.1' } })
  }
  for (const remoteAddress of ['192.168.0.9', '10.0.0.1', '::ffff:192.168.0.9', 'fe80::1']) await refused(remoteAddress, { remoteAddress })
  for (const [remoteAddress, host] of [['127.0.0.1', 'localhost'], ['::1', '[::1]:3000'], ['::ffff:127.0.0.1', '127.0.0.1:8080']] as const) {
    t.equal((await app.inject({ url: '/dev/mail', remoteAddress, headers: { host } })).statusCode, 200, `${remoteAddress} ${host}`)
  }
})

t.test('a proxy that adds nothing and renames the host, as nginx does, speaks HTTP/1.0', async (t) => {
  const { app } = await development(t)
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const ask = async (version: string) => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(`GET /dev/mail HTTP/${version}\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`)
    return (await text(socket)).split('\r\n')[0]
  }
  t.match(await ask('1.0'), / 404 /)
  t.match(await ask('1.1'), / 200 /)
})

t.test('two Host headers are none', async (t) => {
  const { app } = await development(t)
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const status = await new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: '127.0.0.1', path: '/dev/mail', setHost: false }, (answer) => resolve(answer.statusCode))
    request.on('error', reject)
    request.setHeader('host', ['localhost', 'evil.example'])
    request.end()
  })
  t.notOk(status === 200, `${String(status)}`)
})

for (const [what, options, env] of [
  ['with a database of its own', { databaseUrl: 'own' }, {}],
  ['in production', {}, { NODE_ENV: 'production' }],
  ['at a public address', { appUrl: 'https://id.example' }, {}],
  ['with a mail server', { mail: { url: 'smtp://127.0.0.1:9', from: 'a@example.com' } }, {}]
] as const) {
  t.test(`there is no /dev/mail ${what}`, async (t) => {
    const before = process.env['NODE_ENV']
    Object.assign(process.env, env)
    t.teardown(() => {
      if (before === undefined) delete process.env['NODE_ENV']
      else process.env['NODE_ENV'] = before
    })
    const { app, logs } = 'databaseUrl' in options ? await build(t) : await development(t, options)
    t.equal((await app.inject('/dev/mail')).statusCode, 404)
    t.equal(app.hasRoute({ method: 'GET', url: '/dev/mail' }), false)
    if (!('mail' in options)) t.match(logs(), /No mail can be sent: .*SMTP_URL.* names a mail server/)
  })
}

import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { doctor } from '../../src/cli/doctor.ts'
import { resealKeys } from '../../src/cli/keys.ts'
import { listMail, retryMail, testMail } from '../../src/cli/mail.ts'
import { deriveKeys } from '../../src/crypto/app-key.ts'
import { checkMail, checkOutbox } from '../../src/maintenance/doctor/mail.ts'
import { createQueueMail } from '../../src/mail/queue.ts'
import { createOutbox, OUTBOX_KEYS } from '../../src/outbox/outbox.ts'
import type { Check } from '../../src/maintenance/doctor/check.ts'
import { APP_KEY, build, createDatabase, eventually } from '../support/start-server.ts'
import { FROM } from '../support/mail.ts'
import { reply, startSmtp } from '../support/smtp.ts'
import { contextFor, run } from './helper.ts'

const NEW_KEY = randomBytes(32).toString('base64')
const url = 'https://id.example'

/** Mails in the outbox of a database, sealed under a key. */
async function queued (t: Test, count: number, key = APP_KEY) {
  const databaseUrl = await createDatabase(t)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  const queue = createQueueMail(createOutbox({ keys: deriveKeys([key], OUTBOX_KEYS), modes: { mail: 'send', sms: 'off' } }))
  const entries = Array.from({ length: count }, () =>
    queue('welcome', { address: 'ada@example.com', verified: true }, { url }, { locale: 'en' })).flat()
  await context.withCore(async ({ store }) => { await store.outbox.write(entries) })
  const sql = (text: string) => context.withCore(async ({ database }) => (await database.pool.query(text)).rows)
  return { databaseUrl, entries, sql }
}

t.test('mail test sends one mail at once and says what the server answered', async (t) => {
  const smtp = await startSmtp(t)
  const env = { SMTP_URL: smtp.url, MAIL_FROM: FROM, APP_URL: url, DEFAULT_LANGUAGE: 'de', APP_KEY, DATABASE_URL: 'postgresql://127.0.0.1:9/none' }
  const { code, stdout } = await run(['mail', 'test', '--to', 'op@example.com'], { cwd: t.testdir({}), env })
  t.equal(code, 0)
  t.match(stdout, /The mail server accepted a mail to op@example\.com with the Message-ID <[0-9a-f-]{36}@id\.example>/)
  t.match(smtp.mails, [{ to: 'op@example.com', headers: { subject: 'Testmail von Latchkey' } }])

  const refusing = await startSmtp(t, { onMail: () => { throw reply(554, 'not from you') } })
  const refused = await run(['mail', 'test', '--to', 'op@example.com'], { cwd: t.testdir({}), env: { ...env, SMTP_URL: refusing.url } })
  t.equal(refused.code, 1)
  t.match(refused.stderr, /554 not from you/)
  await t.rejects(testMail(await contextFor(t), { to: 'op@example.com' }), { message: /set SMTP_URL and MAIL_FROM/ })
})

t.test('mail list names dead letters, mail retry sends them again', async (t) => {
  const { databaseUrl, entries, sql } = await queued(t, 3)
  await sql(`UPDATE outbox SET failed_at = now(), attempts = 9, last_error = '550 no' WHERE id <> '${entries[0]!.id}'`)
  await sql(`UPDATE outbox SET expires_at = now() WHERE id = '${entries[2]!.id}'`)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  const { json, lines } = await listMail(context, { limit: 100 })
  t.same((json as { messages: { id: string }[] }).messages.map(({ id }) => id).sort(), [entries[1]!.id, entries[2]!.id].sort())
  t.match(lines.join('\n'), /550 no/)
  const report = await doctor(context, {})
  t.match((report.json as { checks: Check[] }).checks.find(({ name }) => name === 'outbox'), {
    status: 'warn', message: /^2 messages could not be sent: [0-9a-f-]{36} \(550 no\)/
  })
  t.match((await retryMail(context, [entries[2]!.id])).json, { retried: 0 }, 'what has expired stays')
  t.match((await retryMail(context, [])).json, { retried: 1 })
  const smtp = await startSmtp(t)
  await build(t, { databaseUrl, mail: { url: smtp.url, from: FROM } })
  t.ok(await eventually(() => smtp.mails.length === 2))
})

t.test('keys reseal: what an old APP_KEY sealed is sealed under the new one, and the old one is dispensable', async (t) => {
  const { databaseUrl, sql } = await queued(t, 3)
  const old = { DATABASE_URL: databaseUrl, APP_KEY: NEW_KEY, APP_PREVIOUS_KEYS: APP_KEY }
  const sealed = async (variables: typeof old) =>
    ((await doctor(await contextFor(t, variables), {})).json as { checks: Check[] }).checks.filter(({ name }) => name === 'sealed')
  const before = await sql('SELECT * FROM outbox ORDER BY id')
  t.match(await sealed(old), [{ status: 'warn', message: /only a key of APP_PREVIOUS_KEYS opens .*3 in outbox/, fix: /keys reseal/ }])
  t.same(await sql('SELECT * FROM outbox ORDER BY id'), before, 'doctor changes nothing')
  const { json, lines } = await resealKeys(await contextFor(t, old))
  t.match((json as { tables: object[] }).tables, [
    { table: 'signing_keys', unopened: 0 }, { table: 'outbox', current: 0, resealed: 3, unopened: 0 }, { table: 'factors', unopened: 0 },
    { table: 'upstream_sessions', unopened: 0 }, { table: 'provider_tokens', unopened: 0 }
  ])
  t.equal(lines.length, 6)
  t.match((await resealKeys(await contextFor(t, old))).json, { tables: [{ resealed: 0 }, { current: 3, resealed: 0 }] }, 'once')
  const alone = { DATABASE_URL: databaseUrl, APP_KEY: NEW_KEY }
  t.match(await sealed(alone as typeof old), [{ status: 'ok' }])
  const smtp = await startSmtp(t)
  await build(t, { databaseUrl, appKey: NEW_KEY, mail: { url: smtp.url, from: FROM } })
  t.ok(await eventually(() => smtp.mails.length === 3), 'and sent')
})

t.test('keys reseal leaves what no key opens, and says so', async (t) => {
  const { databaseUrl } = await queued(t, 2, NEW_KEY)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  const { json, lines } = await resealKeys(context)
  t.match(json, { tables: [{}, { table: 'outbox', resealed: 0, unopened: 2 }] })
  t.match(lines.at(-1), /APP_PREVIOUS_KEYS/)
  t.match(((await doctor(context, {})).json as { checks: Check[] }).checks.find(({ name }) => name === 'sealed'),
    { status: 'warn', message: 'no key opens 2 in outbox' })
})

t.test('doctor logs in to the mail server without sending, and looks for SPF and DMARC', async (t) => {
  const smtp = await startSmtp(t, {
    options: {
      authOptional: false, allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) => username === 'ada' && password === 'right' ? done(null, { user: 'ada' }) : done(new Error('Invalid'))
    }
  })
  const examine = async (SMTP_URL: string) => {
    const context = await contextFor(t, { SMTP_URL, MAIL_FROM: 'Northwind <no-reply@northwind.invalid>' })
    return ((await doctor(context, {})).json as { checks: Check[] }).checks
  }
  const mailOf = (checks: Check[]) => checks.find(({ name }) => name === 'mail')
  const checks = await examine(smtp.url.replace('//', '//ada:right@'))
  t.match(mailOf(checks), { status: 'ok', message: /accepts the connection and the login/ })
  // With or without a network
  t.match(checks.find(({ name }) => name === 'mail-sender'), { message: /no SPF and no DMARC|could not be looked up/ })
  const wrong = mailOf(await examine(smtp.url.replace('//', '//ada:wrong@')))
  t.match(wrong, { status: 'fail', message: /cannot be used: / })
  t.notMatch(JSON.stringify(wrong), 'ada:wrong')
  t.match(mailOf(await examine('smtp://127.0.0.1:9')), { status: 'fail' })
  t.equal(smtp.mails.length, 0)
  t.ok(smtp.connections() >= 2)

  const records: Record<string, string[]> = { 'mail.example.com': ['v=spf1 -all'], '_dmarc.example.com': ['x', 'v=DMARC1; p=none'] }
  const sender = async (from: string, lookUp = async (name: string) => records[name] ?? null) =>
    (await checkMail({ mail: { url: 'smtp://x', from } }, { verify: async () => {}, lookUp, isShown: false }))[1]
  t.match(await sender('a@mail.example.com'), { status: 'ok', message: 'mail.example.com has SPF and DMARC' })
  t.match(await sender('X <a@example.com>'), { status: 'warn', message: /example\.com of MAIL_FROM has no SPF record/ })
  t.match(await sender('a@other.example'), { status: 'warn', message: /no SPF and no DMARC/ })
  t.match(await sender('a@example.com', async () => { throw new Error('ETIMEOUT') }), { status: 'ok', message: /could not be looked up/ })
  t.equal(await sender('a@127.0.0.1'), undefined)
  t.match(checkOutbox({ queued: 5, oldest: 7200, dead: [] }, true), { status: 'warn', message: '5 messages wait, the oldest for 2 h' })
  t.match(checkOutbox({ queued: 5, oldest: 72, dead: [] }, true), { status: 'ok' })
})

t.test('without a mail server doctor says whether mails are shown on this machine', async (t) => {
  const without = async (isShown: boolean) => await checkMail({ mail: {} }, { verify: async () => {}, lookUp: async () => null, isShown })
  t.match(await without(true), [{ status: 'ok', message: /shown by the server at \/dev\/mail/ }])
  t.match(await without(false), [{ status: 'ok', message: 'off: SMTP_URL is not set' }])
})

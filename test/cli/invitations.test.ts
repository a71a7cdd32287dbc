import t from 'tap'
import { inviteUser, listInvitations } from '../../src/cli/invitations.ts'
import { createUser } from '../../src/cli/user.ts'
import { build, PASSWORD, register } from '../support/start-server.ts'
import { sql } from '../support/session-rows.ts'
import { contextFor } from './helper.ts'

const VARIABLES = { REGISTRATION: 'invite', APP_URL: 'https://id.example' }
const ADA = 'ada@example.com'

t.test('the command prints a link with which somebody registers at a running server', async (t) => {
  const { app, databaseUrl } = await build(t, { registration: 'invite' })
  const context = await contextFor(t, { ...VARIABLES, DATABASE_URL: databaseUrl })
  const { json, lines } = await inviteUser(context, { email: 'Ada@Example.com' })
  const { url } = json as { url: string }
  t.match(json, { email: ADA, mailed: false, url: /^https:\/\/id\.example\/register\?invitation=lk_ot_[\w-]{43}$/ })
  t.match(lines, [/^ada@example\.com is invited until .*Z\. Hand over this link:$/, url])
  t.match((await listInvitations(context, {})).lines, [/^EMAIL +INVITED +UNTIL$/, /^ada@example\.com +\d{4}-/])
  t.notMatch(JSON.stringify((await listInvitations(context, {})).json), 'lk_ot_', 'the list has no link')
  t.equal((await register(app, { invitation: new URL(url).searchParams.get('invitation')! })).statusCode, 201)
  t.match((await listInvitations(context, {})).lines, ['There are no invitations.'])
  t.match(await sql(app, "SELECT detail FROM audit_events WHERE type = 'user.invited'"), [{ detail: { by: 'command line' } }])
})

t.test('with mail set up the invitation is queued in its language', async (t) => {
  const context = await contextFor(t, { ...VARIABLES, SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'a@example.com' })
  t.match((await inviteUser(context, { email: ADA, locale: 'de' })).json, { mailed: true })
  t.equal((await context.withCore(({ store }) => store.outbox.counts())).queued, 1)
})

t.test('a withdrawn invitation is void', async (t) => {
  const { app, databaseUrl } = await build(t, { registration: 'invite' })
  const context = await contextFor(t, { ...VARIABLES, DATABASE_URL: databaseUrl })
  const { url } = (await inviteUser(context, { email: ADA })).json as { url: string }
  t.match((await listInvitations(context, { withdraw: ' ADA@example.com' })).lines, [/is withdrawn/])
  t.equal((await register(app, { invitation: new URL(url).searchParams.get('invitation')! })).statusCode, 403)
  await t.rejects(listInvitations(context, { withdraw: ADA }), /has no invitation/)
})

t.test('who cannot be invited', async (t) => {
  const context = await contextFor(t, VARIABLES)
  await t.rejects(inviteUser(context, { email: 'nonsense' }), /nonsense is not a valid e-mail address/)
  await createUser(context, { email: ADA, password: PASSWORD })
  await t.rejects(inviteUser(context, { email: ADA }), /has an account already/)
  await t.rejects(inviteUser(await contextFor(t, { REGISTRATION: 'off' }), { email: ADA }), /nobody can be invited/)
})

import t from 'tap'
import { audit } from '../../src/cli/audit.ts'
import { createUser } from '../../src/cli/user.ts'
import { listIdentities, removeIdentity } from '../../src/cli/user-identities.ts'
import { PASSWORD } from '../support/start-server.ts'
import { query } from '../unit/database/embedded-helper.ts'
import { contextFor, run, type TestContext } from './helper.ts'

const ADA = 'ada@example.com'
const GOOGLE = { SOCIAL_GOOGLE_CLIENT_ID: 'id', SOCIAL_GOOGLE_CLIENT_SECRET: 'secret' }

/** Ada, with accounts at providers: `provider subject`. */
async function ada (context: TestContext, ...accounts: string[]): Promise<string> {
  const { id } = (await createUser(context, { email: ADA, password: PASSWORD })).json as { id: string }
  for (const account of accounts) {
    const [provider, subject] = account.split(' ')
    await query(
      context.config.databaseUrl!,
      `INSERT INTO social_accounts (provider, subject, user_id, email, name) VALUES ('${provider}', '${subject}', '${id}', '${ADA}', 'Ada L.')`
    )
  }
  return id
}

const withoutPassword = (context: TestContext) => query(context.config.databaseUrl!, 'UPDATE users SET password_hash = NULL')
const left = async ({ config }: TestContext) =>
  (await query(config.databaseUrl!, 'SELECT subject FROM social_accounts ORDER BY subject') as { subject: string }[]).map(({ subject }) => subject)

t.test('user identities list shows the ways in through providers, also through one that is no longer configured', async (t) => {
  const context = await contextFor(t, GOOGLE)
  const id = await ada(context, 'google g1', 'gone x1')
  const { json, lines } = await listIdentities(context, ADA)
  t.match(json, {
    user_id: id,
    identities: [
      { provider: 'google', subject: 'g1', email: ADA, name: 'Ada L.', created_at: /^20.*Z$/, last_used_at: /^20.*Z$/ },
      { provider: 'gone', subject: 'x1' }
    ]
  })
  t.match(lines, [/^PROVIDER +SUBJECT +/, /^google +g1 +ada@example\.com/, /^gone +x1/])
  await t.rejects(listIdentities(context, 'nobody@example.com'), { message: /^There is no user nobody@example\.com/ })
})

t.test('user identities remove takes a way in away, with an entry in the audit log', async (t) => {
  const context = await contextFor(t, GOOGLE)
  const id = await ada(context, 'google g1', 'google g2', 'other x1')
  await t.rejects(removeIdentity(context, ADA, 'google', undefined, {}), {
    message: 'The user has 2 identities at google: name the subject, which `npx latchkey user identities list` shows'
  })
  t.match(await removeIdentity(context, ADA, 'google', 'g2', {}), {
    json: { user_id: id, provider: 'google', subject: 'g2', removed: true }, lines: [/google.*removed/]
  })
  t.match(await removeIdentity(context, ADA, 'google', undefined, {}), { json: { subject: 'g1' } }, 'the only one need not be named')
  t.same(await left(context), ['x1'])
  t.match((await audit(context, { type: 'identity.unlinked' })).json, {
    events: [{ user_id: id, detail: { by: 'command line', provider: 'google' } }, { user_id: id, detail: { by: 'command line' } }]
  })
  for (const [provider, subject] of [['google'], ['other', 'x2'], ['nowhere']] as const) {
    await t.rejects(removeIdentity(context, ADA, provider, subject, {}), { message: /^The user has no such identity at / })
  }
})

t.test('the last way in is removed only with --force', async (t) => {
  const context = await contextFor(t, GOOGLE)
  await ada(context, 'google g1', 'gone x1')
  await withoutPassword(context)
  await t.rejects(removeIdentity(context, ADA, 'google', undefined, {}), { message: /last way in.*--force/ }, 'the other provider is not configured')
  t.same(await left(context), ['g1', 'x1'])
  t.match((await audit(context, { type: 'identity.unlinked' })).json, { events: [] })
  t.match(await removeIdentity(context, ADA, 'google', undefined, { force: true }), { json: { removed: true } })
  t.same(await left(context), ['x1'])
})

t.test('an address that is verified is a way in where mail is sent, and the user is told', async (t) => {
  const context = await contextFor(t, { ...GOOGLE, SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'a@example.com' })
  await ada(context, 'google g1')
  await withoutPassword(context)
  await t.rejects(removeIdentity(context, ADA, 'google', undefined, {}), { message: /last way in/ })
  await query(context.config.databaseUrl!, 'UPDATE identifiers SET verified_at = now()')
  t.match(await removeIdentity(context, ADA, 'google', undefined, {}), { json: { removed: true } })
  t.same(await left(context), [])
  t.match(await query(context.config.databaseUrl!, 'SELECT kind FROM outbox'), [{ kind: 'mail' }])
})

t.test('where one provider is required, no other and no password is a way in', async (t) => {
  const corp = {
    SOCIAL_CORP_CLIENT_ID: 'id', SOCIAL_CORP_ISSUER: 'https://login.example.com', SOCIAL_CORP_DOMAINS: 'example.com', SOCIAL_CORP_REQUIRED: 'on'
  }
  const context = await contextFor(t, { ...GOOGLE, ...corp })
  await ada(context, 'corp c1', 'google g1')
  await t.rejects(removeIdentity(context, ADA, 'corp', undefined, {}), { message: /last way in/ })
  t.match(await removeIdentity(context, ADA, 'google', undefined, {}), { json: { removed: true } })
  t.same(await left(context), ['c1'])
})

t.test('the built commands list and remove', async (t) => {
  const context = await contextFor(t)
  const options = { cwd: t.testdir({}), env: { DATABASE_URL: context.config.databaseUrl!, APP_KEY: context.config.appKey! } }
  await ada(context, 'google g1')
  t.match(JSON.parse((await run(['user', 'identities', 'list', ADA, '--json'], options)).stdout), { identities: [{ subject: 'g1' }] })
  t.match(await run(['user', 'identities', 'remove', ADA, 'google', 'g1'], options), { code: 0, stdout: /removed/ })
  t.match(await run(['user', 'identities', 'remove', ADA, 'google', '--force'], options), { code: 1, stderr: /^error: The user has no such identity/ })
})

import t from 'tap'
import { audit } from '../../src/cli/audit.ts'
import { createResetLink } from '../../src/cli/reset-link.ts'
import { disableUser } from '../../src/cli/user.ts'
import { sql } from '../support/session-rows.ts'
import { build, login, signedIn } from '../support/start-server.ts'
import { visit } from '../support/visitor.ts'
import { contextFor } from './helper.ts'

const NEXT = 'another correct horse battery'
const ADA = 'ada@example.com'

t.test('user reset-link prints a link that works once, without mail', async (t) => {
  const { app, databaseUrl } = await build(t)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  const { user } = await signedIn(app)
  const { json, lines } = await createResetLink(context, ADA)
  const { url } = json as { url: string }
  t.match(json, { id: user.id, url: /^http:\/\/localhost:3000\/password\/reset\?token=lk_ot_/, expires_in: 3600 })
  t.equal(lines.at(-1), url)
  const visitor = visit(app)
  const page = await visitor.get(url.replace('http://localhost:3000', ''))
  t.match(page.body, ADA)
  t.equal((await visitor.submit(page, { password: NEXT })).statusCode, 303)
  t.equal((await login(app, { email: ADA, password: NEXT })).statusCode, 200)
  t.match((await visitor.submit(page, { password: NEXT })).statusCode, 403)
  t.match(await sql(app, 'SELECT verified_at FROM identifiers'), [{ verified_at: null }], 'it proves no address')
  t.match(await sql(app, 'SELECT password_channel FROM users'), [{ password_channel: null }], 'it did not come by mail')
  t.match((await audit(context, { type: 'password.reset_link' })).json, { events: [{ user_id: user.id, detail: { by: 'command line' } }] })
  await disableUser(context, ADA)
  await t.rejects(createResetLink(context, ADA), /is disabled/)
  await t.rejects(createResetLink(context, 'nobody'), /There is no user nobody/)
})

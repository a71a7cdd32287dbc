import t from 'tap'
import { audit } from '../../src/cli/audit.ts'
import { listFactors, resetFactors } from '../../src/cli/user-factors.ts'
import { challenge, enrolled, halfLogin } from '../support/factors.ts'
import { createMailbox } from '../support/mailbox.ts'
import { APP_KEY, build, login, refresh } from '../support/start-server.ts'
import { contextFor } from './helper.ts'

const ADA = 'ada@example.com'

t.test('user factors list shows them, and reset is the way back: sessions end, the password alone logs in, the user is told', async (t) => {
  const mailbox = createMailbox()
  const { app, databaseUrl } = await build(t, mailbox.options)
  const ada = await enrolled(app)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl, APP_KEY, SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'id@example.com' })
  const { json, lines } = await listFactors(context, ADA)
  t.match(json, { user_id: ada.user.id, recovery_codes_left: 10, factors: [{ id: ada.id, kind: 'totp', name: null }] })
  t.match(lines, [/^ID +KIND +NAME +LAST USED/, new RegExp(`^${ada.id} +totp`), 'Recovery codes left: 10'])
  const waiting = await halfLogin(app)
  await mailbox.fetch(app)

  const reset = await resetFactors(context, ADA)
  t.match([reset.json, reset.lines], [{ removed: ['totp'] }, [/removed \(totp\)/]])
  t.equal((await refresh(app, ada.refresh_token)).statusCode, 401)
  t.equal((await challenge(app, { auth_session: waiting, code: ada.recoveryCodes[0]! })).statusCode, 403)
  t.equal((await login(app)).statusCode, 200)
  t.match((await audit(context, { type: 'factor.removed' })).json, { events: [{ type: 'factor.removed', user_id: ada.user.id }] })
  t.match((await resetFactors(context, ADA)).lines, [/has no second factor/])
  await t.rejects(listFactors(context, 'nobody@example.com'), { message: /^There is no user nobody@example\.com/ })
})

import t from 'tap'
import { deleteUser } from '../../../src/cli/user-account.ts'
import { listFactors, resetFactors } from '../../../src/cli/user-factors.ts'
import { contextFor } from '../../cli/helper.ts'
import { addTotp, send } from '../../support/factors.ts'
import { createMailbox, tokenIn } from '../../support/mailbox.ts'
import { addPasskey } from '../../support/passkeys.ts'
import { sql } from '../../support/session-rows.ts'
import { APP_KEY, build, profile, refresh, signedIn } from '../../support/start-server.ts'

const ADA = 'ada@example.com'
const names = async (app: Parameters<typeof sql>[0]) =>
  (await sql<{ name: string }>(app, 'SELECT name FROM passkeys ORDER BY id')).map(({ name }) => name)

t.test('the operator sees passkeys with the factors, and a reset removes both and ends every session', async (t) => {
  const box = createMailbox()
  const { app, databaseUrl } = await build(t, box.options)
  const ada = await signedIn(app)
  const bob = await signedIn(app, { email: 'bob@example.com' })
  const id = await addPasskey(app, ada.access_token, 'Laptop')
  await addPasskey(app, bob.access_token, 'of Bob')
  await addTotp(app, ada.access_token)
  await box.fetch(app)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl, APP_KEY, SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'id@example.com' })
  const { json, lines } = await listFactors(context, ADA)
  t.match(json, { factors: [{ kind: 'totp' }, { id, kind: 'passkey', name: 'Laptop' }] })
  t.match(lines.join('\n'), new RegExp(`^${id} +passkey +Laptop`, 'm'))
  t.match((await resetFactors(context, ADA)).json, { removed: ['totp', 'passkey'] })
  t.same(await names(app), ['of Bob'])
  t.equal((await refresh(app, ada.refresh_token)).statusCode, 401)
  t.equal((await profile(app, bob.access_token)).statusCode, 200)
})

t.test('a reset removes passkeys of a user without a second factor', async (t) => {
  const { app, databaseUrl } = await build(t)
  const ada = await signedIn(app)
  await addPasskey(app, ada.access_token, 'Laptop')
  const context = await contextFor(t, { DATABASE_URL: databaseUrl, APP_KEY })
  t.match((await resetFactors(context, ADA)).json, { removed: ['passkey'] })
  t.same(await names(app), [])
  t.equal((await refresh(app, ada.refresh_token)).statusCode, 401)
})

t.test('the first proof of an address removes a passkey that somebody else has prepared; a later reset leaves those of the owner', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const thief = await signedIn(app)
  await addPasskey(app, thief.access_token, 'of the thief')
  await box.fetch(app)
  const reset = async (password: string) => {
    await app.inject({ method: 'POST', url: '/v1/password/forgot', payload: { email: ADA } })
    const token = tokenIn((await box.fetch(app))[0]!)
    t.equal((await app.inject({ method: 'POST', url: '/v1/password/reset', payload: { email: ADA, token, password } })).statusCode, 204)
    await box.fetch(app)
  }
  await reset('another horse battery staple')
  t.same(await names(app), [])

  const entered = await app.inject({
    method: 'POST', url: '/v1/clients/web/login', payload: { email: ADA, password: 'another horse battery staple' }
  })
  await addPasskey(app, entered.json<{ access_token: string }>().access_token, 'of the owner')
  await box.fetch(app)
  await sql(app, "UPDATE one_time_tokens SET created_at = created_at - interval '2 minutes'")
  await reset('yet another horse battery staple')
  t.same(await names(app), ['of the owner'])
})

t.test('the link that undoes a change of the address removes passkeys that were added since, and no others', async (t) => {
  const box = createMailbox()
  const { app } = await build(t, box.options)
  const { access_token: bearer, user } = await signedIn(app)
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  await addPasskey(app, bearer, 'before')
  await box.fetch(app)
  const patched = await app.inject({
    method: 'PATCH', url: '/v1/profile', headers: { authorization: `Bearer ${bearer}` }, payload: { email: 'eve@example.com' }
  })
  t.equal(patched.statusCode, 200)
  const token = tokenIn((await box.fetch(app))[0]!)
  t.equal((await send(app, 'POST', `/v1/email/verify/${user.id}/${token}`, bearer)).statusCode, 200)
  const [notice] = await box.fetch(app)
  await addPasskey(app, bearer, 'since')
  t.equal((await app.inject({ method: 'POST', url: `/v1/email/undo/${user.id}/${tokenIn(notice!)}` })).statusCode, 200)
  t.same(await names(app), ['before'])
})

t.test('passkeys go with the account', async (t) => {
  const { app, databaseUrl } = await build(t)
  const ada = await signedIn(app)
  await addPasskey(app, ada.access_token, 'Laptop')
  await deleteUser(await contextFor(t, { DATABASE_URL: databaseUrl, APP_KEY }), ADA)
  t.same(await names(app), [])
})

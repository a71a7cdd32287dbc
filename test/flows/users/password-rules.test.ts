import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import t from 'tap'
import { createUser } from '../../../src/cli/user.ts'
import { setPassword } from '../../../src/cli/user-account.ts'
import { importBreached } from '../../../src/passwords/import-breached.ts'
import { contextFor } from '../../cli/helper.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { FAST, login, PASSWORD, register, type Tokens } from '../../support/start-server.ts'
import { visit } from '../../support/visitor.ts'

const build = sharedServers(t)

const ADA = 'ada@example.com'
const STRICT = { ...FAST.passwords, letters: true, mixedCase: true, numbers: true, symbols: true }
const STRONG = 'Correct horse 7'

t.test('one policy for registration, change of password, pages and command line', async (t) => {
  const { app, databaseUrl } = await build(t, { passwords: STRICT })
  const said = (field: string) => ['one uppercase and one lowercase letter', 'one letter', 'one number']
    .map((kind) => `The ${field} field must contain at least ${kind}.`)
  const weak = await register(app, { email: ADA, password: '((((()))))' })
  t.match([weak.statusCode, weak.json()], [422, { errors: { password: said('password') } }])

  const visitor = visit(app)
  const wrong = await visitor.submit(await visitor.get('/register'), { email: ADA, password: '((((()))))' })
  t.match([wrong.statusCode, wrong.body], [422,
    'Use at least one uppercase and one lowercase letter. Use at least one letter. Use at least one number.'])

  t.equal((await register(app, { email: ADA, password: STRONG })).statusCode, 201)
  const { access_token: token } = (await login(app, { email: ADA, password: STRONG })).json<Tokens>()
  const change = async (password: string) => await app.inject({
    method: 'PATCH', url: '/v1/profile/password', headers: { authorization: `Bearer ${token}` },
    payload: { current_password: STRONG, new_password: password }
  })
  t.match((await change('((((()))))')).json(), { errors: { new_password: said('new password') } })
  t.equal((await change(`${STRONG}!`)).statusCode, 200)

  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  const strict = { ...context, config: Object.create(context.config, { passwords: { value: { ...context.config.passwords, ...STRICT } } }) }
  const rejection = { message: /^The password field must contain at least one uppercase and one lowercase letter; The password field/ }
  await t.rejects(createUser(strict, { email: 'bob@example.com', password: PASSWORD }), rejection)
  await t.rejects(setPassword(strict, ADA, { password: PASSWORD }), rejection)
})

t.test('the page says before the first try what a password needs, to people and to password managers', async (t) => {
  const { app } = await build(t, { passwords: { ...STRICT, minLength: 12 } })
  const { body } = await app.inject('/register')
  t.match(body, 'At least 12 characters, with uppercase and lowercase letters, a symbol, and a number.')
  t.match(body, /autocomplete="new-password" passwordrules="minlength: 12; required: lower; required: upper; required: special; required: digit; allowed: ascii-printable;"/)
  t.match((await app.inject({ url: '/register', headers: { 'accept-language': 'de' } })).body,
    'Mindestens 12 Zeichen, darunter Groß- und Kleinbuchstaben, ein Sonderzeichen und eine Ziffer.')
  const { app: lax } = await build(t)
  t.match((await lax.inject('/register')).body, 'passwordrules="minlength: 8;"')
})

t.test('the document of the API says what a password needs', async (t) => {
  const { app } = await build(t, { passwords: { ...FAST.passwords, minLength: 10, numbers: true, letters: true } })
  const { body } = await app.inject('/docs/json')
  t.equal(body.split('At least 10 characters, with a letter, a number; not a common one').length, 3, 'for registration and for the change')
})

const LEAKED = 'hunter2 hunter2'

async function listOf (path: string, ...passwords: string[]): Promise<void> {
  await importBreached((async function * () { yield Buffer.from(passwords.join('\n')) })(), path, { plain: true })
}

t.test('a breached password is not accepted where one is chosen; a login does not ask', async (t) => {
  const path = join(t.testdir({}), 'breached')
  await listOf(path, LEAKED)
  const { app, logs } = await build(t, { passwords: { ...FAST.passwords, breached: path } })
  const said = (field: string) => `The given ${field} has appeared in a data leak. Please choose a different ${field}.`
  const refused = await register(app, { email: ADA, password: LEAKED })
  t.match([refused.statusCode, refused.json()], [422, { errors: { password: [said('password')] } }])
  const visitor = visit(app)
  const page = await visitor.submit(await visitor.get('/register'), { email: ADA, password: LEAKED })
  t.match([page.statusCode, page.body], [422, 'This password has appeared in a data leak, so attackers know it. Choose another.'])
  t.match((await register(app, { email: ADA, password: 'password' })).json(), { errors: { password: [/most used/] } }, 'one reason is enough')

  t.equal((await register(app)).statusCode, 201)
  const { access_token: token } = (await login(app)).json<Tokens>()
  const change = async (password: string) => await app.inject({
    method: 'PATCH', url: '/v1/profile/password', headers: { authorization: `Bearer ${token}` },
    payload: { current_password: PASSWORD, new_password: password }
  })
  t.match((await change(LEAKED)).json(), { errors: { new_password: [said('new password')] } })

  await listOf(path, PASSWORD)
  t.match((await register(app, { email: 'bob@example.com' })).json(), { errors: { password: [said('password')] } }, 'a new list is seen at once')
  t.equal((await login(app)).statusCode, 200, 'who has one of it can log in')
  t.equal((await change(LEAKED)).statusCode, 200, 'it stands in the new list no more')

  writeFileSync(path, 'damaged')
  const failed = await register(app, { email: 'bob@example.com', password: 'never heard of it' })
  t.match([failed.statusCode, failed.json()], [500, { code: 'LK_INTERNAL' }], 'nothing is accepted unchecked')
  t.notMatch(failed.body, path)
  t.match(logs(), 'is not a list that `latchkey passwords import` has made')
  t.equal((await login(app, { email: ADA, password: LEAKED })).statusCode, 200)
})

t.test('a list that cannot be used stops the start of a host', async (t) => {
  const path = join(t.testdir({}), 'breached')
  await t.rejects(build(t, { passwords: { ...FAST.passwords, breached: path } }), {
    code: 'LK_CONFIG', message: /^passwords\.breached \(or LATCHKEY_BREACHED_PASSWORDS\) cannot be used: .*does not exist/
  })
})

import t from 'tap'
import { readyAttributes } from '../../../src/schemas/identifiers.ts'
import { sharedServers } from '../../support/shared-server.ts'
import { PASSWORD, register } from '../../support/start-server.ts'
import { formOf, logIn, visit } from '../../support/visitor.ts'
import { internals } from '../../../plugins/internals.ts'

const build = sharedServers(t)

t.test('a new user is logged in and returns to the previous page', async (t) => {
  const { app } = await build(t)
  const visitor = visit(app)
  const answer = await visitor.submit(await visitor.get('/register?return_to=%2Faccount%3Fwelcome'), {
    email: 'New@Example.com', name: ' Neo ', password: PASSWORD
  })
  t.match([answer.statusCode, answer.headers.location], [303, '/account?welcome'])
  t.match((await visitor.follow(answer)).body, '<bdi>new@example.com</bdi>')
  t.match(await (await internals(app).database.prisma()).user.findFirstOrThrow(), { name: 'Neo' })
  t.equal((await visitor.get('/register')).headers.location, '/account', 'who is logged in has an account')
  const evil = visit(app)
  t.equal(
    (await evil.submit(await evil.get('/register?return_to=%2F%2Fevil.example'), { email: 'two@example.com', password: PASSWORD })).headers
      .location,
    '/account'
  )
})

t.test('errors are shown at their fields, in the language of the page, and the input is kept', async (t) => {
  const { app } = await build(t, { login: { attributes: readyAttributes } })
  await register(app)
  const visitor = visit(app)
  const german = visit(app, { 'accept-language': 'de' })
  const wrong: [Record<string, string>, RegExp][] = [
    [{ email: 'ada@', password: PASSWORD }, /E-mail: This does not look right/],
    [{ email: 'ada@example.com', password: PASSWORD }, /E-mail: This is already in use/],
    [{ username: '+491701234567', password: PASSWORD }, /User name: This does not look right/],
    [{ password: PASSWORD }, /Fill in at least one of these/],
    [{ email: 'b@example.com', password: PASSWORD, name: 'N'.repeat(101) }, /[Nn]ame[^:]*: This does not look right/],
    [{ email: 'b@example.com', password: PASSWORD, name: 'N'.repeat(60_000) }, /[Nn]ame[^:]*: This does not look right/],
    [{ email: 'b@example.com', password: PASSWORD, name: 'Ada\u202e' }, /[Nn]ame[^:]*: This does not look right/],
    [{ email: 'b@example.com', password: '' }, /Password: Fill in this field/],
    [{ email: 'b@example.com', password: 'short' }, /Password: Use at least 8 characters/],
    [{ email: 'b@example.com', password: 'password123' }, /Password: This password is one of the first/],
    [{ email: 'b@example.com', password: 'x'.repeat(1001) }, /Password: Use a shorter password/]
  ]
  for (const [typed, message] of wrong) {
    const answer = await visitor.submit(await visitor.get('/register?return_to=%2Forders'), typed)
    t.equal(answer.statusCode, 422)
    t.match(answer.body, message)
    t.match(answer.body, '<title>Error: ')
    t.equal(formOf(answer).hidden['return_to'], '/orders')
    if (typed['email']) t.match(answer.body, `value="${typed['email']}"`)
    if (typed['password']) t.notOk(answer.body.includes(`"${typed['password']}"`), 'never the password')
  }
  t.match((await german.submit(await german.get('/register'), { email: 'ada@example.com', password: '' })).body, /lang="de"[^]*Fehler/)
  t.equal(await (await internals(app).database.prisma()).user.count(), 1)
})

t.test('of several concurrent registrations of one identifier one succeeds, and the others get the form with an error', async (t) => {
  const { app } = await build(t)
  const visitors = Array.from({ length: 8 }, () => visit(app))
  const answers = await Promise.all(
    visitors.map(async (visitor) => visitor.submit(await visitor.get('/register'), { email: 'one@example.com', password: PASSWORD }))
  )
  t.same(answers.map(({ statusCode }) => statusCode).sort(), [303, ...Array.from({ length: 7 }, () => 422)])
})

t.test('registering ends the browser session that the browser had', async (t) => {
  const { app } = await build(t)
  await register(app)
  const visitor = visit(app)
  await logIn(visitor)
  const before = visitor.cookies.get('latchkey')!
  await visitor.submit(await visitor.get('/register?return_to=%2Faccount'), { email: 'two@example.com', password: PASSWORD })
  t.match((await visitor.get('/account')).body, 'two@example.com')
  t.equal((await app.inject({ url: '/account', headers: { accept: 'text/html', cookie: `latchkey=${before}` } })).statusCode, 303)
})

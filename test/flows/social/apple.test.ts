import t, { type Test } from 'tap'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import { internals } from '../../../plugins/internals.ts'
import { startApple, type ApplePerson } from '../../support/apple-upstream.ts'
import { build } from '../../support/start-server.ts'
import { sql } from '../../support/session-rows.ts'
import { pathOf, postAnswer, throughForm } from '../../support/upstream.ts'
import { paramsOf, visit, type Visitor } from '../../support/visitor.ts'

const ADA = { sub: '000123.ada', email: 'ada@privaterelay.appleid.com', email_verified: 'true', name: { firstName: 'Ada', lastName: 'Lovelace' } }
const PAGE = 'https://app.example.com/welcome'

async function world (t: Test, options: Partial<AppOptions> = {}) {
  const { apple, options: member } = await startApple(t)
  const { app, logs } = await build(t, { ...options, social: { apple: member } })
  Object.assign(internals(app).social!.providers.get('apple')!, { issuer: apple.issuer })

  /** What Apple has the browser post. */
  async function form (visitor: Visitor, person: ApplePerson | null, query = '') {
    apple.person = person
    return await throughForm(await visitor.get(`/v1/auth/apple/redirect${query}`))
  }

  async function logIn (person: ApplePerson | null, { visitor = visit(app), query = '' } = {}) {
    const posted = await postAnswer(visitor, await form(visitor, person, query))
    return { visitor, posted, answer: await visitor.get(pathOf(new URL(posted.headers.location!, 'http://localhost:3000').href)) }
  }

  return { app, logs, apple, form, logIn }
}

const users = (app: Parameters<typeof sql>[0]) => sql(app, `SELECT u.name, i.value, i.verified_at IS NOT NULL AS verified, a.subject, a.name AS there, a.email
  FROM users u JOIN social_accounts a ON a.user_id = u.id LEFT JOIN identifiers i ON i.user_id = u.id`)

t.test('Apple posts its answer; the first one has the name, a later one neither name nor address', async (t) => {
  const { app, apple, logs, logIn } = await world(t)
  const { posted, answer } = await logIn(ADA)
  t.equal(posted.statusCode, 303)
  t.match(posted.headers.location, /^\/v1\/auth\/apple\/callback\?state=lk_ot_[\w-]+$/)
  t.match([answer.statusCode, answer.headers.location], [303, '/account'])
  const known = {
    name: 'Ada Lovelace', value: ADA.email, verified: true, subject: ADA.sub, there: 'Ada Lovelace', email: ADA.email
  }
  t.same(await users(app), [known], 'verified: true is a text there')

  const later = await logIn({ sub: ADA.sub })
  t.match([later.answer.statusCode, later.answer.headers.location], [303, '/account'])
  t.same(await users(app), [known], 'what Apple does not repeat stays')
  t.equal(apple.secrets.length, 2)
  t.equal(new Set(apple.secrets).size, 1, 'one client secret for both')

  for (const secret of [...apple.codes, ...apple.secrets, 'Lovelace', ADA.email, 'PRIVATE KEY']) t.notOk(logs().includes(secret), secret.slice(0, 12))
  t.equal((await sql(app, "SELECT FROM one_time_tokens WHERE purpose = 'upstream'")).length, 0)
})

t.test('an address that Apple has not verified opens nothing', async (t) => {
  const { app, logIn } = await world(t)
  await logIn({ ...ADA, email_verified: 'false' })
  t.match(await users(app), [{ value: null, subject: ADA.sub }])
})

t.test('whoever cancels at Apple reads so', async (t) => {
  const { logIn } = await world(t)
  const { answer } = await logIn(null)
  t.match([answer.statusCode, answer.body], [200, /You have canceled the login with Apple/])
})

t.test('a name that cannot be read refuses no login, and beside the id token nothing else counts', async (t) => {
  const { app, form, apple } = await world(t)
  const wrong = ['{', 'null', '[]', '"x"', '{"name":5}', '{"name":{"firstName":{},"lastName":7}}', JSON.stringify({ name: { firstName: 'x'.repeat(3000) } })]
  for (const [index, user] of wrong.entries()) {
    const visitor = visit(app)
    const { path, fields } = await form(visitor, { sub: `person-${index}` })
    const posted = await postAnswer(visitor, { path, fields: { ...fields, user } })
    const answer = await visitor.get(posted.headers.location!)
    t.match([answer.statusCode, answer.headers.location], [303, '/account'], user.slice(0, 30))
  }
  t.same((await users(app)).filter(({ name }) => name !== null && name !== ''), [])

  const visitor = visit(app)
  const eve = { sub: 'eve', email: 'eve@example.com', email_verified: 'true' }
  const { path, fields } = await form(visitor, eve)
  const user = JSON.stringify({ sub: ADA.sub, email: 'ada@example.com', email_verified: true, name: { firstName: 'Eve' } })
  await visitor.get((await postAnswer(visitor, { path, fields: { ...fields, user } })).headers.location!)
  t.match((await users(app)).at(-1), { name: 'Eve', value: 'eve@example.com', subject: 'eve' }, 'of what nobody has signed, only the name is read')
  t.equal(apple.person, eve)
})

t.test('the application of a client proxy logs in with Apple', async (t) => {
  const { app, logIn } = await world(t)
  await sql(app, "UPDATE clients SET redirect_uris = $1 WHERE slug = 'web'", [[PAGE]])
  const { answer } = await logIn(ADA, { query: `?${new URLSearchParams({ client: 'web', return_to: PAGE })}` })
  t.match([answer.statusCode, answer.headers.location], [303, PAGE])
  t.ok(answer.cookies.some(({ name }) => name === 'refreshToken'))
  const canceled = await logIn(null, { query: `?${new URLSearchParams({ client: 'web', return_to: PAGE })}` })
  t.same(paramsOf(canceled.answer), { error: 'access_denied' })
})

import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { readyAttributes } from '../../../src/schemas/identifiers.ts'
import type { AppOptions } from '../../../plugins/latchkey.ts'
import { createUser } from '../../../src/testing/users.ts'
import { codeIn, createMailbox, linkIn } from '../../support/mailbox.ts'
import { purgeNow } from '../../support/deletion.ts'
import { sql } from '../../support/session-rows.ts'
import { build, login, PASSWORD, profile, type Tokens } from '../../support/start-server.ts'
import { ON } from '../../support/throttled.ts'
import { visit, type Answer, type Visitor } from '../../support/visitor.ts'

const [TYPO, ADA, OWNER, OTHER] = ['ada@exmaple.com', 'ada@example.com', 'owner@example.com', 'other@example.com']
const origin = 'https://id.example'

async function server (t: Test, options: AppOptions = {}) {
  const box = createMailbox()
  const { app } = await build(t, {
    requireEmailVerification: 'on', login: { attributes: readyAttributes }, appUrl: origin, ...box.options, ...options
  })
  for (const email of [OWNER, OTHER]) await createUser(app, { email, password: `the password of ${email}` })
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  return { app, box }
}

/** Registers in a browser. */
async function registered (app: FastifyInstance, email: string, username: string) {
  const visitor = visit(app, { origin })
  const answer = await visitor.submit(await visitor.get('/register?return_to=%2Forders'), { email, username, name: 'Ada', password: PASSWORD })
  return { visitor, page: await visitor.follow(answer) }
}

const correct = (visitor: Visitor, page: Answer, address: string, password = PASSWORD) => visitor.submit(page, { address, password })
const path = (url: string) => url.replace(/^https?:\/\/[^/]+/, '')
/** What tells nothing but what was entered. */
const plain = ({ statusCode, body, headers }: Answer) => [
  statusCode, headers.location, Object.keys(headers).sort(),
  body.replaceAll(/[a-z]+@ex[a-z]+\.com/g, 'x').replace(/(name="_csrf" value=")[^"]+/g, '$1').replace(/lk_as_[\w-]+/g, '')
]

t.test('a mistyped address is corrected with the password: the mail goes to the new one, and what was sent before is dead', async (t) => {
  const { app, box } = await server(t)
  const { visitor, page } = await registered(app, TYPO, 'ada')
  const [before] = await box.fetch(app)
  const answer = await correct(visitor, page, ADA)
  t.match([answer.statusCode, answer.headers.location], [303, '/email/verify?sent=1&return_to=%2Forders'])
  const next = await visitor.follow(answer)
  t.match(next.body, ADA)
  t.notMatch(next.body, TYPO)
  const [mail, ...more] = await box.fetch(app)
  t.same([mail!.to, more], [ADA, []])
  t.equal((await visitor.submit(next, { code: codeIn(before!) })).statusCode, 422, 'the code that was sent before')
  t.equal((await visit(app, { origin }).get(path(linkIn(before!)))).statusCode, 403, 'the link that was sent before')
  t.equal((await login(app, { email: TYPO })).statusCode, 401)
  t.match((await visitor.submit(next, { code: codeIn(mail!) })).headers.location, '/orders')
  const { access_token: access } = (await login(app, { username: 'ada' })).json<Tokens>()
  t.match((await profile(app, access)).json(), { name: 'Ada', email: ADA, username: 'ada' }, 'with everything else that was entered')
  t.same(await sql(app, `SELECT FROM identifiers WHERE value = '${TYPO}'`), [], 'free for its owner')
  await purgeNow(app)
  t.equal((await sql(app, 'SELECT FROM users')).length, 3, 'nothing is left of the registration before')
})

t.test('the answers are the same, whether the address before, or the new one, has an account', async (t) => {
  const { app, box } = await server(t)
  const seen: unknown[] = []
  const cases = [['free@example.com', 'new@example.com'], [OWNER, 'newer@example.com'], ['freed@example.com', OTHER], [OWNER, OTHER]] as const
  for (const [index, [from, to]] of cases.entries()) {
    const username = `user${index}`
    const { visitor, page } = await registered(app, from, username)
    const second = visit(app, { origin })
    const refused = await second.submit(await second.get('/login'), { username: from, password: PASSWORD })
    await box.fetch(app)
    const wrong = await correct(visitor, page, to, 'not the password')
    const malformed = await correct(visitor, page, 'nonsense')
    const answer = await correct(visitor, page, to)
    t.equal(answer.statusCode, 303)
    const next = await visitor.follow(answer)
    const mails = await box.fetch(app)
    t.match(mails.map((mail) => [mail.to, mail.subject]), [[to, to === OTHER ? /already/ : /Confirm/]], `${from} to ${to}`)
    const after = [
      wrong, malformed, answer, next, await visitor.submit(next, { code: '000000' }), refused, await second.get('/email/verify'),
      await login(app, { email: from }), await login(app, { email: to }), await login(app, { username })
    ]
    t.same([wrong, malformed].map(({ statusCode }) => statusCode), [401, 422])
    t.same(after.slice(-3).map(({ statusCode }) => statusCode), [401, 403, 403])
    // Once more, to an address that is free
    const again = await correct(visitor, next, `last${'x'.repeat(index)}@example.com`)
    const [mail, ...others] = await box.fetch(app)
    t.same(others, [])
    const done = await visitor.submit(await visitor.follow(again), { code: codeIn(mail!) })
    const { access_token: access } = (await login(app, { username })).json<Tokens>()
    const made = (await profile(app, access)).json<{ name: string, username: string }>()
    t.match(made, { name: 'Ada', username, email: mail!.to }, 'an account with everything that was entered')
    seen.push([...after, again, done].map(plain))
    await sql(app, "UPDATE identifiers SET decoy = NULL WHERE value IN ('owner@example.com', 'other@example.com')")
  }
  for (const other of seen.slice(1)) t.strictSame(other, seen[0])
  for (const email of [OWNER, OTHER]) t.equal((await login(app, { email, password: `the password of ${email}` })).statusCode, 200, 'untouched')
})

t.test('of two corrections at once one succeeds', async (t) => {
  const { app, box } = await server(t)
  for (const [index, from] of [TYPO, OWNER].entries()) {
    const { visitor, page } = await registered(app, from, `user${index}`)
    await box.fetch(app)
    await Promise.all(['a', 'b', 'c'].map((name) => correct(visitor, page, `${name}${index}@example.com`)))
    t.equal((await box.fetch(app)).length, 1)
    t.equal((await sql(app, `SELECT FROM identifiers WHERE value LIKE '_${index}@example.com'`)).length, 1)
  }
})

t.test('an address that was verified meanwhile stays', async (t) => {
  const { app, box } = await server(t)
  const { visitor, page } = await registered(app, TYPO, 'ada')
  const [mail] = await box.fetch(app)
  const other = visit(app, { origin })
  t.equal((await other.submit(await other.get(path(linkIn(mail!))), { password: PASSWORD })).statusCode, 303)
  await box.fetch(app)
  t.match((await visitor.follow(await correct(visitor, page, ADA))).body, 'confirmed')
  t.same(await box.fetch(app), [])
  t.equal((await login(app, { email: TYPO })).statusCode, 200)
})

t.test('a correction and a verification at once: there is one account, with the one address or the other', async (t) => {
  const { app, box } = await server(t)
  const outcomes = new Set<string>()
  for (let round = 0; round < 8; round++) {
    const [typo, right, username] = [`typo${round}@example.com`, `right${round}@example.com`, `user${round}`] as const
    const { visitor, page } = await registered(app, typo, username)
    const code = codeIn((await box.fetch(app))[0]!)
    const requests = [() => correct(visitor, page, right), () => visitor.submit(page, { code })]
    await Promise.all((round % 2 === 0 ? requests : requests.reverse()).map((request) => request()))
    const mails = (await box.fetch(app)).map(({ to, subject }) => [to, subject] as const)
    await purgeNow(app)
    const rows = await sql<{ value: string, verified: boolean, user_id: string }>(
      app, 'SELECT value, verified_at IS NOT NULL AS verified, user_id FROM identifiers WHERE value = ANY ($1) ORDER BY value', [[typo, right, username]]
    )
    t.equal(new Set(rows.map((row) => row.user_id)).size, 1)
    const isCorrected = rows[0]!.value === right
    t.same(rows.map(({ value }) => value), [isCorrected ? right : typo, username])
    t.equal(rows[0]!.verified, !isCorrected)
    t.match(mails, [[isCorrected ? right : typo, isCorrected ? /Confirm/ : /Welcome/]])
    t.equal((await login(app, { username })).statusCode, isCorrected ? 403 : 200)
    outcomes.add(String(isCorrected))
  }
  t.comment([...outcomes].join())
})

t.test('a process that dies between the end of the first registration and the second leaves nothing half: people register again', async (t) => {
  const { app, box } = await server(t)
  for (const [index, from] of [TYPO, OWNER].entries()) {
    const username = `user${index}`
    const { visitor, page } = await registered(app, from, username)
    await box.fetch(app)
    await sql(app, "CREATE OR REPLACE FUNCTION fail () RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''killed''; END'")
    await sql(app, 'CREATE TRIGGER fail BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION fail()')
    t.equal((await correct(visitor, page, ADA)).statusCode, 500)
    await sql(app, 'DROP TRIGGER fail ON users')
    const again = await correct(visitor, page, ADA)
    t.match([again.statusCode, again.headers.location], [303, '/register?return_to=%2Forders'], from)
    t.same(await box.fetch(app), [])
    await purgeNow(app)
    t.same(await sql(app, 'SELECT FROM identifiers WHERE value = ANY ($1)', [[username, TYPO, ADA]]), [])
    t.equal((await sql(app, 'SELECT FROM users')).length, 2)
  }
})

t.test('without the registration of that browser nothing changes', async (t) => {
  const { app, box } = await server(t)
  const { page } = await registered(app, TYPO, 'ada')
  await box.fetch(app)
  const stranger = visit(app, { origin })
  await stranger.get('/email/verify')
  const form = await stranger.get('/email/verify')
  t.notMatch(form.body, 'name="address"')
  const answer = await stranger.submit(form, { address: ADA, password: PASSWORD })
  t.match([answer.statusCode, answer.headers.location], [303, '/email/verify'])
  t.match(page.body, 'name="address"')
  t.same(await box.fetch(app), [])
  t.equal((await login(app, { email: TYPO })).statusCode, 403)
})

t.test('an account that its owner registers again stays, with its password', async (t) => {
  const { app, box } = await server(t)
  await createUser(app, { email: ADA })
  const { visitor, page } = await registered(app, ADA, 'ada')
  await box.fetch(app)
  t.equal((await correct(visitor, page, 'new@example.com')).statusCode, 303)
  t.same((await box.fetch(app)).map(({ to }) => to), ['new@example.com'])
  t.equal((await login(app, { email: ADA })).statusCode, 403, 'still there')
})

t.test('passwords and corrections are limited', async (t) => {
  const { app } = await server(t, ON)
  const { visitor, page } = await registered(app, TYPO, 'ada')
  const statuses: number[] = []
  for (let index = 0; index < 6; index++) statuses.push((await correct(visitor, page, ADA, 'wrong')).statusCode)
  t.strictSame(statuses, [401, 401, 401, 401, 401, 429])
})

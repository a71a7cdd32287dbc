import t from 'tap'
import { build, makeClient, register, token } from '../../support/start-server.ts'
import { all, attempt, deviceCookie, farAway, ON, rightly, times, WRONG } from '../../support/throttled.ts'
import { statementsDuring } from '../../support/statements.ts'
import { internals } from '../../../plugins/internals.ts'

t.test('RFC 6749 section 10.7: after five failures an address must wait for that identifier, and no other address must', async (t) => {
  const { app } = await build(t, ON)
  await register(app)
  t.same(await times(5, () => attempt(app)), all(5, 401))
  const refused = await rightly(app)
  t.match(refused.json(), { statusCode: 429, code: 'LK_TOO_MANY_ATTEMPTS', error: 'Too Many Requests' })
  t.ok(Number(refused.headers['retry-after']) > 0 && Number(refused.headers['retry-after']) <= 60)
  t.equal((await rightly(app, { from: '203.0.113.2' })).statusCode, 200, 'another address')
  t.equal((await attempt(app, { email: 'grace@example.com' })).statusCode, 401, 'another identifier')
})

t.test('an attempt over the limit runs no statement and verifies no hash', async (t) => {
  const { app } = await build(t, ON)
  await register(app)
  t.same(await times(11, () => attempt(app)), [...all(5, 401), ...all(6, 429)])
  t.equal(await statementsDuring(app, () => times(20, () => attempt(app))), 0)
})

t.test('a login runs four statements: find the user, count the attempt, create the session, take the count back', async (t) => {
  const { app } = await build(t, ON)
  await register(app)
  await rightly(app)
  t.equal(await statementsDuring(app, () => rightly(app)), 4)
})

t.test('attempts refused before the password check do not fill other counters', async (t) => {
  const { app } = await build(t, ON)
  await register(app)
  t.same(await times(20, () => attempt(app)), [...all(5, 401), ...all(15, 429)])
  t.same(await times(15, (index) => attempt(app, { from: farAway(index) })), all(15, 401))
  t.equal((await attempt(app, { from: farAway(99) })).statusCode, 429)
})

t.test('a successful login takes its own attempt back, and no earlier failure', async (t) => {
  const { app } = await build(t, ON)
  await register(app)
  t.same(await times(4, () => attempt(app)), all(4, 401))
  t.same(await times(30, () => rightly(app)), all(30, 200))
  t.same(await times(2, () => attempt(app)), [401, 429])
})

t.test('concurrent guesses are all counted', async (t) => {
  const { app } = await build(t, ON)
  await register(app)
  const statuses = (await Promise.all(all(30, 0).map(() => attempt(app)))).map(({ statusCode }) => statusCode)
  t.equal(statuses.filter((status) => status === 401).length, 5)
  t.equal(statuses.filter((status) => status === 429).length, 25)
})

t.test('concurrent logins with the right password do not lock the user out', async (t) => {
  const { app } = await build(t, ON)
  await register(app)
  await Promise.all(all(8, 0).map(() => rightly(app)))
  t.equal((await rightly(app)).statusCode, 200)
})

t.test('an IPv6 address is counted by its /64, an IPv4 address in either notation', async (t) => {
  const { app } = await build(t, ON)
  await register(app)
  t.same(await times(6, (index) => attempt(app, { from: `2001:db8:0:7::${index + 1}` })), [...all(5, 401), 429])
  t.equal((await attempt(app, { from: '2001:db8:0:8::1' })).statusCode, 401)
  t.same(await times(5, () => attempt(app, { from: '::ffff:203.0.113.1' })), all(5, 401))
  t.equal((await attempt(app, { from: '203.0.113.1' })).statusCode, 429)
})

t.test('failures with many identifiers from one network are limited', async (t) => {
  const { app } = await build(t, ON)
  const statuses = await times(61, (index) => attempt(app, { email: `user${index}@example.com`, from: `2001:db8::${index}` }))
  t.same(statuses, [...all(60, 401), 429])
})

t.test('the limits are the same for identifiers with and without an account', async (t) => {
  const { app } = await build(t, ON)
  await register(app)
  const near = (email: string) => times(12, () => attempt(app, { email, from: '203.0.113.7' }))
  t.same(await near('nobody@example.com'), await near('ada@example.com'))
  const far = (email: string) => times(20, (index) => attempt(app, { email, from: farAway(index) }))
  t.same(await far('nobody@example.com'), await far('ada@example.com'))
})

t.test('two processes share the counters, and their keys do not reveal identifiers', async (t) => {
  const { app, databaseUrl } = await build(t, ON)
  const { app: other } = await build(t, { ...ON, databaseUrl })
  await register(app)
  t.same(await times(6, (index) => attempt(index % 2 ? app : other)), [...all(5, 401), 429])
  const rows = await (await internals(app).database.prisma()).rateLimit.findMany()
  t.ok(rows.length > 0)
  t.notMatch(JSON.stringify(rows.map(({ key }) => key)), /ada@|example|203\.0/)
})

t.test('the token endpoint answers over the limit with an OAuth error', async (t) => {
  const { app } = await build(t, ON)
  const { basic } = await makeClient(app)
  const guess = () => token(app, { grant_type: 'password', username: 'ada@example.com', password: WRONG }, basic)
  t.same(await times(5, guess), all(5, 400))
  const refused = await guess()
  t.match(refused.json(), { error: 'temporarily_unavailable', error_description: /^Too many attempts/ })
  t.equal(refused.statusCode, 429)
  t.ok(refused.headers['retry-after'])
})

t.test('with RATE_LIMIT=off nothing is counted', async (t) => {
  const { app } = await build(t, { rateLimit: 'off' })
  await register(app)
  t.same(await times(70, () => attempt(app)), all(70, 401))
  t.notOk(deviceCookie(await rightly(app)))
  t.equal(await (await internals(app).database.prisma()).rateLimit.count(), 0)
})

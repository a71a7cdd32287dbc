import pg from 'pg'
import t from 'tap'
import { isDatabaseUnavailable } from '../../../src/database/unavailable.ts'
import { build, profile, signedIn } from '../../support/start-server.ts'

const invocation = (state: string) =>
  `\nInvalid \`prisma.user.findUnique()\` invocation:\n\nDatabase error. Code: \`${state}\`. Message: \`text\``

for (const [what, error, expected] of [
  ['a refused connection', { code: 'ECONNREFUSED' }, true],
  ['one that several addresses refuse', { errors: [{ code: 'ECONNREFUSED' }, { code: 'EHOSTUNREACH' }] }, true],
  ['a server that starts up', { code: '57P03' }, true],
  ['a server that starts up, as Prisma says it', { code: 'P2039', message: invocation('57P03') }, true],
  ['the cause of an error', { message: 'x', cause: { code: '08006' } }, true],
  ['a row that is there already', { code: '23505' }, false],
  ['a row that is there already, as Prisma says it', { code: 'P2039', message: invocation('23505') }, false],
  ['a statement that is wrong', { code: '42601' }, false],
  ['nothing', null, false]
] as const) t.test(what, async (t) => t.equal(isDatabaseUnavailable(error), expected))

t.test('errors of a database whose connections are cut become 503 for every caller', async (t) => {
  const { app, databaseUrl } = await build(t)
  const { access_token: token } = await signedIn(app)
  const client = new pg.Client(databaseUrl)
  await client.connect()
  t.teardown(() => client.end())
  let cutting = true
  const cut = async () => {
    while (cutting) {
      await client.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'latchkey'"
      )
    }
  }
  const running = cut()
  const statuses = new Set<number>()
  for (let round = 0; round < 40; round++) statuses.add((await profile(app, token)).statusCode)
  cutting = false
  await running
  t.strictSame([...statuses].filter((status) => status !== 200 && status !== 503), [])
  t.ok(statuses.has(503))
})

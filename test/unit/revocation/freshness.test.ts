import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { openFeedConnection } from '../../../src/revocation/feed-connection.store.ts'
import { createReader } from '../../../src/revocation/feed-reader.ts'
import { createFreshness, NotTaken } from '../../../src/revocation/freshness.ts'
import { createRevocationList } from '../../../src/revocation/revocation-list.ts'
import { createDatabase } from '../../support/start-server.ts'
import { query } from '../database/embedded-helper.ts'

const INTERVAL = 2000
/** What the tests' clock goes on at a time; nobody polls more often. */
const TICK = 100
const MAKES = 1
const TAKES_OVER = 2

type Clock = { now: number }
type Process = Awaited<ReturnType<typeof open>>

/** One process as the feed runs it, by a clock that the test turns. */
async function open (t: Test, url: string, clock: Clock) {
  const connection = await openFeedConnection(url, () => {})
  t.teardown(connection.close)
  const freshness = createFreshness({ interval: INTERVAL, now: () => clock.now })
  const reader = createReader(createRevocationList(), { info: () => {} })
  const seen = { made: 0, refused: 0 }

  async function poll (): Promise<void> {
    const began = clock.now
    const { pulse, ...state } = await connection.poll(reader.cursor())
    // The clock of the database goes on while that of the test stands
    const news = { ...state, pulse: pulse && { ...pulse, age: pulse.age && 0 } }
    if (!reader.take(news, freshness.observe(news, began))) await poll()
  }

  /** @returns whether there is news for the others */
  async function pulse (): Promise<boolean> {
    const began = clock.now
    try {
      const number = await connection.pulse(freshness.number())
      if (number === null) freshness.yielded()
      else freshness.made(number, began)
      if (number !== null) seen.made++
      return number !== null
    } catch (error) {
      if (!(error instanceof NotTaken)) throw error
      freshness.failed()
      seen.refused++
      return false
    }
  }

  return {
    poll, pulse, isDue: () => freshness.dueIn() <= 0, age: () => clock.now - reader.knownAt(), seen,
    server: async () => (await connection.poll(null)).server
  }
}

/**
 * Until that many milliseconds are over: who is due makes a pulse, and all hear of it; nobody polls for longer than an interval. @returns
 * the greatest age
 */
async function run (processes: Process[], clock: Clock, milliseconds: number): Promise<number> {
  let worst = 0
  for (const until = clock.now + milliseconds; clock.now < until; clock.now += TICK) {
    const heard = await Promise.all(processes.filter(({ isDue }) => isDue()).map(({ pulse }) => pulse()))
    if (heard.includes(true) || clock.now % INTERVAL === 0) await Promise.all(processes.map(({ poll }) => poll()))
    worst = Math.max(worst, ...processes.map(({ age }) => age()))
  }
  return worst
}

async function cluster (t: Test, count: number) {
  const [url, clock] = [await createDatabase(t), { now: 0 }]
  const processes = await Promise.all(Array.from({ length: count }, () => open(t, url, clock)))
  await run(processes, clock, INTERVAL)
  const commits = async () => Number(((await query(url, 'SELECT number FROM feed_pulse')) as [{ number: string }])[0].number)
  return { url, clock, processes, commits }
}

t.test('five processes share one commit per interval, and all are fresh', async (t) => {
  const { clock, processes, commits } = await cluster(t, 5)
  const before = await commits()
  const worst = await run(processes, clock, 30 * INTERVAL)
  const made = await commits() - before
  t.ok(made >= 29 && made <= 32, `${made} commits in 30 intervals`)
  t.ok(worst <= MAKES * INTERVAL, `known for certain ${worst} ms ago at most`)
  t.equal(processes.filter(({ seen }) => seen.made > 1).length, 1, 'by the one that made the last')
})

t.test('when the committing process ends, another takes over within two intervals, still with one commit per interval', async (t) => {
  const { clock, processes, commits } = await cluster(t, 3)
  for (let left = processes; left.length > 1;) {
    await run(left, clock, 2 * INTERVAL)
    const count = left.map(({ seen }) => seen.made)
    await run(left, clock, 2 * INTERVAL)
    left = left.filter(({ seen }, index) => seen.made === count[index])
    const worst = await run(left, clock, 3 * INTERVAL)
    t.ok(worst <= TAKES_OVER * INTERVAL + TICK, `${left.length} left, known for certain ${worst} ms ago at most`)
    const before = await commits()
    await run(left, clock, 10 * INTERVAL)
    const made = await commits() - before
    t.ok(made >= 9 && made <= 11, `${made} commits in 10 intervals`)
  }
})

t.test('a read-only server proves nothing and is asked once per interval, until it is writable again', async (t) => {
  const { url, clock, processes: [writer] } = await cluster(t, 1)
  const reader = await open(t, `${url}?options=-c%20default_transaction_read_only%3Don`, clock)
  await run([reader], clock, 10 * INTERVAL)
  t.equal(reader.age(), Infinity)
  t.equal(reader.seen.made, 0)
  t.ok(reader.seen.refused >= 10 && reader.seen.refused <= 12, `asked ${reader.seen.refused} times in 10 intervals`)
  await run([writer!, reader], clock, 2 * INTERVAL)
  t.ok(reader.age() <= MAKES * INTERVAL, 'by the word of who can')
})

t.test("without the right to read the system identifier and the timeline, servers differ by start time and histories by the table's file", async (t) => {
  const { url, clock } = await cluster(t, 1)
  const role = `role_${randomBytes(6).toString('hex')}`
  await query(url, `CREATE ROLE ${role} LOGIN PASSWORD 'role'; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`)
  t.teardown(() => query(url, `DROP OWNED BY ${role}; DROP ROLE ${role}`))
  const limited = Object.assign(new URL(url), { username: role, password: 'role' }).href
  const parts = async () => (await (await open(t, limited, clock)).server()).split(':').length
  t.equal(await parts(), 4)
  await query(url, 'REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC')
  t.equal(await parts(), 3)
  await query(url, 'REVOKE EXECUTE ON FUNCTION pg_walfile_name(pg_lsn) FROM PUBLIC')
  t.equal(await parts(), 2)

  const process = await open(t, limited, clock)
  t.equal(await process.server(), await process.server())
  await run([process], clock, 2 * INTERVAL)
  t.ok(process.age() <= MAKES * INTERVAL, 'it proves itself all the same')
  const before = await process.server()
  await query(url, 'TRUNCATE revocations')
  t.not(await process.server(), before, 'as when a dump is put back')
})

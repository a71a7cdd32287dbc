import t from 'tap'
import { openFeedConnection, feedChannel } from '../../../src/revocation/feed-connection.store.ts'
import { createClock } from '../../../src/runtime/clock.ts'
import { createFeed } from '../../../src/revocation/feed.ts'
import { createRevocationList } from '../../../src/revocation/revocation-list.ts'
import { createDatabase, eventually } from '../../support/start-server.ts'
import { query } from '../database/embedded-helper.ts'

const HOUR = 3_600_000

function setUp () {
  const at = { monotonic: 5000, daytime: 1_700_000_000_000 }
  const { monotonic: now, missed } = createClock(() => at.monotonic, () => at.daytime)
  const pass = (milliseconds: number, slept = 0) => {
    at.monotonic += milliseconds
    at.daytime += milliseconds + slept
  }
  return { now, missed, pass }
}

t.test('the clock includes the time in which the machine was suspended', async (t) => {
  const { now, missed, pass } = setUp()
  t.equal(now(), 5000)
  pass(2000)
  t.equal(now(), 7000)
  pass(10, HOUR)
  t.same([now(), missed()], [7010 + HOUR, HOUR])
  pass(1000)
  t.same([now(), missed()], [8010 + HOUR, HOUR], 'once')
})

t.test('drift between the clocks and a time of day that is set back add nothing', async (t) => {
  const { now, missed, pass } = setUp()
  for (let times = 0; times < 1000; times++) {
    pass(100, times % 2)
    now()
  }
  t.equal(missed(), 0)
  pass(0, -HOUR)
  t.same([now(), missed()], [105_000, 0])
})

t.test("a Date.now that a host's tests replace has no effect", async (t) => {
  const { now } = Date
  const clock = createClock()
  t.teardown(() => { Date.now = now })
  Date.now = () => now() + HOUR
  t.equal(clock.missed(), 0)
  t.ok(clock.now() - now() < 1000)
})

t.test('a test moves both times, which is no suspension', async (t) => {
  const clock = createClock(() => 5000, () => 1_700_000_000_000)
  clock.advance(HOUR)
  t.same([clock.now(), clock.monotonic(), clock.missed(), clock.ahead()], [1_700_000_000_000 + HOUR, 5000 + HOUR, 0, HOUR])
  t.equal(createClock(() => 5000).monotonic(), 5000, 'of this clock only')
})

t.test('the feed is stale after a suspension, until its next read', async (t) => {
  const url = await createDatabase(t)
  let slept = 0
  const clock = { now: Date.now, monotonic: () => performance.now() + slept }
  const feed = createFeed({
    connect: (onNotification) => openFeedConnection(url, onNotification), list: createRevocationList(),
    log: { warn: () => {}, info: () => {} }, clock
  })
  t.teardown(feed.stop)
  await feed.start()
  t.ok(await eventually(() => feed.age() < 60, 10_000))
  slept = HOUR
  t.ok(feed.age() >= 3600)
  await query(url, `NOTIFY ${feedChannel('public')}`)
  t.ok(await eventually(() => feed.age() < 60, 10_000), 'which does not take long')
})

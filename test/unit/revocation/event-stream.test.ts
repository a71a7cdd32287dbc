import { once } from 'node:events'
import { Readable } from 'node:stream'
import t from 'tap'
import { readEvents } from '../../../src/remote/event-reader.ts'
import { openEventStream } from '../../../src/revocation/event-stream.ts'
import { createFollowers, TooManyStreams } from '../../../src/revocation/followers.ts'
import { createRevocationList, type Revocation } from '../../../src/revocation/revocation-list.ts'
import { createClock } from '../../../src/runtime/clock.ts'

const session = (id: number): Revocation => ({ kind: 'session', subject: `s${id}`, owner: null, epoch: 0, except: [], expiresAt: 0 })
const sessions = (from: number, count: number) => Array.from({ length: count }, (_, index) => session(from + index))
const client = (id: string): Revocation => ({ kind: 'client', subject: id, owner: null, epoch: null, except: [], expiresAt: 0 })
const feed = { age: () => 0.5, databaseTime: () => 1000 }
const facts = (id: string) => ({ facts: { sub: id, client_id: id, jti: `token of ${id}`, epoch: 0 }, kid: 'key', expiresAt: Infinity })

/** What a guard elsewhere knows when the first heartbeat comes. */
async function followed (stream: Readable): Promise<{ known: string[], events: string[] }> {
  const list = createRevocationList()
  const events: string[] = []
  for await (const { event, data } of readEvents(Readable.toWeb(stream) as ReadableStream<Uint8Array>, new AbortController().signal)) {
    events.push(event)
    if (event === 'heartbeat') break
    const rows = JSON.parse(data) as Revocation[]
    if (event === 'snapshot') list.reload(rows)
    else list.apply(rows)
  }
  return { known: [...list.rows()].map(({ subject }) => subject).sort(), events }
}

const clock = createClock()
const subjects = (list: { rows: () => Iterable<Revocation> }) => [...list.rows()].map(({ subject }) => subject).sort()

t.test('the heartbeat follows every revocation from before and during the snapshot', async (t) => {
  const list = createRevocationList()
  list.apply(sessions(0, 5000))
  const stream = openEventStream({ list, feed, isAllowed: () => true, now: clock.monotonic })
  list.apply(sessions(5000, 700))
  const { known, events } = await followed(stream)
  t.same(known, subjects(list))
  t.equal(events[0], 'snapshot')
  t.equal(events.at(-1), 'heartbeat')
})

t.test('a slow reader uses little memory, and misses nothing', async (t) => {
  const list = createRevocationList()
  list.apply(sessions(0, 50_000))
  const stream = openEventStream({ list, feed, isAllowed: () => true, now: clock.monotonic })
  await new Promise((resolve) => stream.once('readable', resolve))
  for (let round = 1; round <= 20; round++) list.apply(sessions(round * 50_000, 5000))
  t.ok(stream.readableLength < 500_000, `${stream.readableLength} bytes`)
  const { known, events } = await followed(stream)
  t.equal(known.length, 150_000)
  t.same(known, subjects(list))
  t.same(events.filter((event) => event === 'snapshot').length, 2, 'more than can wait is told by another snapshot')
})

t.test('after a reload the stream sends a new snapshot, because a restored backup can lower epochs', async (t) => {
  const list = createRevocationList()
  const user = (epoch: number): Revocation => ({ kind: 'user', subject: 'ada', owner: null, epoch, except: [], expiresAt: 0 })
  list.apply([user(9)])
  const stream = openEventStream({ list, feed, isAllowed: () => true, now: clock.monotonic })
  const there = createRevocationList()
  const events = readEvents(Readable.toWeb(stream) as ReadableStream<Uint8Array>, new AbortController().signal)
  const take = async (event: string) => {
    const { value } = await events.next()
    t.equal(value?.event, event)
    return JSON.parse(value!.data) as Revocation[]
  }
  there.reload(await take('snapshot'))
  await take('heartbeat')
  list.reload([user(4)])
  there.reload(await take('snapshot'))
  t.equal([...there.rows()][0]!.epoch, 4)
  stream.destroy()
})

t.test('a reader that reads nothing for 15 s is disconnected', async (t) => {
  let now = 0
  const list = createRevocationList()
  list.apply(sessions(0, 5000))
  const stream = openEventStream({ list, feed, isAllowed: () => true, now: () => now, heartbeatMs: 1 })
  await new Promise((resolve) => stream.once('readable', resolve))
  now = 14_000
  await new Promise((resolve) => setTimeout(resolve, 10))
  t.notOk(stream.destroyed)
  now = 16_000
  await once(stream, 'close')
})

const mayFollow = async () => true

t.test('a stream ends when its token, its client or its key is revoked, and sends nothing after that', async (t) => {
  const ends: Record<string, Revocation> = {
    token: { kind: 'token', subject: 'token of a', owner: 'a', epoch: 0, except: [], expiresAt: 0 },
    client: client('a'),
    key: { kind: 'key', subject: 'key', owner: null, epoch: null, except: [], expiresAt: 0 },
    'all tokens of the client': { kind: 'user', subject: 'a', owner: null, epoch: 1, except: [], expiresAt: 0 }
  }
  for (const [what, row] of Object.entries(ends)) {
    const list = createRevocationList()
    const followers = createFollowers({ list, feed, limit: 10, mayFollow, clock })
    const [mine, others] = [followers.open(facts('a')), followers.open({ ...facts('b'), kid: 'another' })]
    let text = ''
    mine.on('data', (chunk: Buffer) => { text += chunk.toString() })
    others.resume()
    await once(mine, 'data')
    list.apply([row, session(1)])
    await once(mine, 'close')
    t.notMatch(text, 's1', what)
    t.notOk(others.destroyed, `${what}: another client goes on`)
    followers.close()
  }
  const followers = createFollowers({ list: createRevocationList(), feed, limit: 10, mayFollow, clock })
  const expired = followers.open({ ...facts('a'), expiresAt: 1 })
  expired.resume()
  await once(expired, 'close')
})

t.test('streams of one client are limited; at the limit the oldest is closed if it is at least a minute old', async (t) => {
  let now = 0
  const followers = createFollowers({ list: createRevocationList(), feed, limit: 2, mayFollow, clock: { ...clock, monotonic: () => now } })
  t.teardown(followers.close)
  const [first, second] = [followers.open(facts('a')), followers.open(facts('a'))]
  t.throws(() => followers.open(facts('a')), TooManyStreams)
  followers.open(facts('b'))
  second!.destroy()
  await once(second!, 'close')
  now = 30_000
  const third = followers.open(facts('a'))
  now = 60_000
  followers.open(facts('a'))
  t.same([first!.destroyed, third.destroyed], [true, false], 'the oldest')
  t.throws(() => followers.open(facts('a')), TooManyStreams, 'the others are young')
})

t.test('a heartbeat has its time and the age of its data, and an unknown age is a large number', async (t) => {
  let now = 5000
  let age = Infinity
  const stream = openEventStream({
    list: createRevocationList(), feed: { ...feed, age: () => age }, name: 'mine', isAllowed: () => true,
    now: () => now, heartbeatMs: 1
  })
  t.teardown(() => stream.destroy())
  const events = readEvents(Readable.toWeb(stream) as ReadableStream<Uint8Array>, new AbortController().signal)
  const beat = async () => {
    for (;;) {
      const { value } = await events.next()
      if (value?.event === 'heartbeat') return JSON.parse(value.data) as { stream: string, at: number, age: number, now: number }
    }
  }
  const first = await beat()
  t.equal(first.at, 0)
  t.ok(first.age > 1e9, String(first.age))
  age = 1
  now = 7500
  let next = await beat()
  while (next.at === 0) next = await beat()
  t.same(next, { stream: 'mine', at: 2.5, age: 1, now: 1000 })
})

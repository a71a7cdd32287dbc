import t from 'tap'
import { createRemoteReader } from '../../../src/remote/feed-reader.ts'
import { createRevocationList, type Revocation } from '../../../src/revocation/revocation-list.ts'

const LATER = Date.now() + 3_600_000
const user = (epoch: number, subject = 'ada'): Revocation => ({ kind: 'user', subject, owner: null, epoch, except: [], expiresAt: LATER })

function reader (t: { same: (found: unknown, wanted: unknown, message: string) => unknown }) {
  const clock = { now: 100_000 }
  const list = createRevocationList()
  const { begin, knownAt } = createRemoteReader(list, { now: Date.now, monotonic: () => clock.now })
  const stream = (askedAt: number) => {
    const take = begin({ name: 'mine', askedAt })
    return {
      snapshot: (...rows: Revocation[]) => take({ event: 'snapshot', data: JSON.stringify(rows) }),
      revocations: (...rows: Revocation[]) => take({ event: 'revocations', data: JSON.stringify(rows) }),
      beat: (at: number, age: number, now = Date.now()) =>
        take({ event: 'heartbeat', data: JSON.stringify({ stream: 'mine', at, age, now }) }),
      raw: take
    }
  }
  const epochs = (wanted: Record<string, number>, message: string) =>
    t.same(Object.fromEntries([...list.rows()].map(({ subject, epoch }) => [subject, epoch])), wanted, message)
  const begun = (askedAt: number) => {
    const events = stream(askedAt)
    events.snapshot()
    return events
  }
  return { clock, stream, begun, knownAt, epochs }
}

t.test('the age of a heartbeat is counted from when it was sent, whenever it arrives', async (t) => {
  const { clock, begun, knownAt } = reader(t)
  t.equal(knownAt(), -Infinity, 'nothing is known before the first')
  const { beat } = begun(100_000)
  beat(0, 1.5)
  t.equal(knownAt(), 98_500)
  clock.now = 160_000
  beat(2, 0.5)
  t.equal(knownAt(), 101_500, 'it waited for 58 seconds')
  beat(60, 0)
  t.equal(knownAt(), 160_000)
  beat(75, 1)
  t.equal(knownAt(), 159_000, 'none comes from the future, where the clock of the issuer runs ahead')
})

t.test('a delayed heartbeat is old even when our clock stopped or was ahead', async (t) => {
  const { clock, begun, knownAt } = reader(t)
  const { beat } = begun(100_000)
  clock.now = 110_000
  beat(70, 0)
  t.equal(knownAt(), 110_000, 'a minute passed here unnoticed')
  clock.now = 115_000
  t.equal(beat(72, 0), 3, 'seconds on its way')
  t.equal(knownAt(), 112_000)
})

t.test('a malformed heartbeat is refused, and makes the list stale', async (t) => {
  const good = { stream: 'mine', at: 0, age: 0, now: 1 }
  const bad = [null, false, '0', [], -1].flatMap((wrong) => [{ ...good, age: wrong }, { ...good, at: wrong }])
  const texts = [...bad, {}, null, 0, [], 'NaN', { at: 0, age: 0 }, { age: 0 }].map((data) => JSON.stringify(data))
  for (const data of [
    ...texts,
    '{"stream":"mine","at":0,"age":1e999,"now":1}',
    '{"stream":"mine","at":1e999,"age":0,"now":1}',
    '',
    '{"stream":"mine","at":0,"age":NaN,"now":1}'
  ]) {
    const { begun, knownAt } = reader(t)
    const { beat, raw } = begun(100_000)
    beat(0, 0)
    t.equal(knownAt(), 100_000)
    t.throws(() => raw({ event: 'heartbeat', data }), data)
    t.equal(knownAt(), -Infinity, data)
  }
})

t.test('a heartbeat with another stream name is refused as the answer of a cache', async (t) => {
  const { stream, knownAt } = reader(t)
  t.throws(() => stream(100_000).raw({ event: 'heartbeat', data: '{"stream":"other","at":0,"age":0,"now":1}' }), /cache/)
  t.equal(knownAt(), -Infinity)
})

t.test('a malformed revocation is refused instead of being dropped', async (t) => {
  const good = user(1)
  for (const wrong of [
    { ...good, epoch: null },
    { ...good, expiresAt: null },
    { ...good, kind: 'device' },
    { ...good, subject: 1 },
    { ...good, except: 'x' },
    null,
    'x'
  ]) {
    for (const event of ['snapshot', 'revocations']) {
      const { stream, epochs } = reader(t)
      t.throws(() => stream(0).raw({ event, data: JSON.stringify([good, wrong]) }), JSON.stringify(wrong))
      epochs({}, event)
    }
  }
  t.throws(() => reader(t).stream(0).raw({ event: 'snapshot', data: '{}' }))
})

t.test('setting the clock forward removes no revocation that the database still has', async (t) => {
  const { clock, stream, epochs } = reader(t)
  const { snapshot, beat } = stream(100_000)
  snapshot({ ...user(1), expiresAt: 5000 }, { ...user(1, 'bob'), expiresAt: Date.now() - 1000 })
  beat(0, 0, 4000)
  epochs({ ada: 1, bob: 1 }, 'here it is over')
  clock.now += 61_000
  beat(61, 0, LATER + 1)
  epochs({}, 'and there')
})

t.test('a snapshot adds at once, and removes only when its server is at least as fresh as we are', async (t) => {
  const { clock, stream, epochs } = reader(t)
  const first = stream(100_000)
  first.snapshot(user(9), user(3, 'bob'))
  epochs({ ada: 9, bob: 3 }, 'before the heartbeat')
  first.beat(0, 0)

  clock.now = 105_000
  const behind = stream(105_000)
  behind.snapshot(user(4), user(5, 'eve'))
  epochs({ ada: 9, bob: 3, eve: 5 }, 'nothing is taken back by what has no age yet')
  behind.beat(0, 8)
  epochs({ ada: 9, bob: 3, eve: 5 }, 'nor by what is older')
  behind.beat(0, Number.MAX_SAFE_INTEGER)
  epochs({ ada: 9, bob: 3, eve: 5 }, 'nor by what is not known')
  behind.revocations(user(6, 'dan'))
  clock.now = 107_000
  behind.beat(2, 0)
  epochs({ ada: 4, eve: 5, dan: 6 }, 'it caught up: epochs are lower after a backup was put back')
})

t.test('a revocation newer than the last heartbeat survives a snapshot of a server that may not know it', async (t) => {
  const { clock, stream, epochs } = reader(t)
  const first = stream(100_000)
  first.snapshot(user(3))
  first.beat(0, 1)
  clock.now = 101_000
  first.revocations(user(9))
  const second = stream(101_000)
  clock.now = 101_500
  second.snapshot(user(3))
  second.beat(0, 0.5)
  epochs({ ada: 9 }, 'it knew all half a second before')
  second.revocations(user(1, 'bob'))
  clock.now = 102_000
  second.beat(1, 0)
  epochs({ ada: 3, bob: 1 }, 'and now all that was heard from the first')
})

t.test('a stream that ends before its heartbeat removes nothing', async (t) => {
  const { stream, epochs, knownAt } = reader(t)
  stream(100_000).snapshot(user(9))
  stream(100_000).snapshot()
  epochs({ ada: 9 }, 'kept')
  t.equal(knownAt(), -Infinity)
})

t.test('a heartbeat before the snapshot and an unknown event are refused, a comment of a proxy is not', async (t) => {
  const early = reader(t)
  t.throws(() => early.stream(100_000).beat(0, 0), /does not begin/)
  t.equal(early.knownAt(), -Infinity)
  const { begun, epochs, knownAt } = reader(t)
  const { raw, beat } = begun(100_000)
  raw({ event: 'message', data: '' })
  beat(0, 0)
  t.equal(knownAt(), 100_000)
  t.throws(() => raw({ event: 'narrowed', data: '[]' }), /upgrade/)
  epochs({}, 'nothing')
})

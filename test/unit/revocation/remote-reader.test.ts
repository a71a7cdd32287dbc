import t from 'tap'
import { createRemoteReader } from '../../../src/revocation/remote-reader.ts'
import { createRevocationList, type Revocation } from '../../../src/revocation/revocation-list.ts'

const user = (epoch: number, subject = 'ada'): Revocation => ({ kind: 'user', subject, owner: null, epoch, except: [], expiresAt: Infinity })

function reader (t: { same: (found: unknown, wanted: unknown, message: string) => unknown }) {
  const clock = { now: 100_000 }
  const list = createRevocationList()
  const { begin, knownAt } = createRemoteReader(list, () => clock.now)
  const stream = (askedAt: number) => {
    const take = begin(askedAt)
    return {
      snapshot: (...rows: Revocation[]) => take({ event: 'snapshot', data: JSON.stringify(rows) }),
      revocations: (...rows: Revocation[]) => take({ event: 'revocations', data: JSON.stringify(rows) }),
      beat: (at: unknown, age: unknown) => take({ event: 'heartbeat', data: JSON.stringify({ at, age }) }),
      raw: take
    }
  }
  const epochs = (wanted: Record<string, number>, message: string) => t.same(Object.fromEntries([...list.rows()].map(({ subject, epoch }) => [subject, epoch])), wanted, message)
  return { clock, stream, knownAt, epochs }
}

t.test('a heartbeat is as old as when it was made, whenever it comes', async (t) => {
  const { clock, stream, knownAt } = reader(t)
  t.equal(knownAt(), -Infinity, 'nothing is known before the first')
  const { beat } = stream(100_000)
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

t.test('what is no age, or has no time, is not fresh, whatever was known before', async (t) => {
  for (const data of ['{"at":0,"age":null}', '{"at":0}', '{"at":0,"age":-1}', '{"at":0,"age":1e999}', '{"at":0,"age":"0"}', '{"at":0,"age":false}', '{"at":0,"age":[]}', '{"age":0}', '{"at":null,"age":0}', '{"at":-5,"age":0}', '{"at":1e999,"age":0}', 'null', '0', '[]', '{}']) {
    const { stream, knownAt } = reader(t)
    const { beat, raw } = stream(100_000)
    beat(0, 0)
    t.equal(knownAt(), 100_000)
    raw({ event: 'heartbeat', data })
    t.equal(knownAt(), -Infinity, data)
  }
  const { stream, knownAt } = reader(t)
  const { raw } = stream(100_000)
  t.throws(() => raw({ event: 'heartbeat', data: '{"at":0,"age":NaN}' }))
  t.equal(knownAt(), -Infinity)
})

t.test('a snapshot adds at once, and takes back when its server knows no less than we do', async (t) => {
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
  behind.beat(0, null)
  epochs({ ada: 9, bob: 3, eve: 5 }, 'nor by what is not known')
  behind.revocations(user(6, 'dan'))
  clock.now = 107_000
  behind.beat(2, 0)
  epochs({ ada: 4, eve: 5, dan: 6 }, 'it caught up: epochs are lower after a backup was put back')
})

t.test('a stream that ended before its heartbeat takes nothing back', async (t) => {
  const { stream, epochs, knownAt } = reader(t)
  stream(100_000).snapshot(user(9))
  stream(100_000).beat(0, 0)
  epochs({ ada: 9 }, 'kept')
  stream(100_000).snapshot()
  epochs({ ada: 9 }, 'kept')
  t.equal(knownAt(), 100_000)
})

t.test('what a proxy adds to a stream is no revocation', async (t) => {
  const { stream, epochs } = reader(t)
  const { raw, beat } = stream(100_000)
  raw({ event: 'message', data: '' })
  raw({ event: 'ping', data: '[]' })
  beat(0, 0)
  epochs({}, 'nothing')
})

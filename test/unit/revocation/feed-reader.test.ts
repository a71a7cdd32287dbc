import t from 'tap'
import { createReader } from '../../../src/revocation/feed-reader.ts'
import { createRevocationList, type Revocation } from '../../../src/revocation/revocation-list.ts'

const user = (subject: string, epoch: number): Revocation => ({
  kind: 'user', subject, owner: null, epoch, except: [], expiresAt: Infinity
})
const same = { isOther: false, provenAt: null }
const other = { isOther: true, provenAt: null }
const proven = (provenAt: number) => ({ isOther: false, provenAt })

function setUp () {
  const list = createRevocationList()
  const told: string[] = []
  const reader = createReader(list, { info: (_details, message) => told.push(message) })
  const news = (cursor: string, ...rows: Revocation[]) => ({ rows, cursor, now: 0, standby: false, server: '', pulse: null })
  return { reader, told, news, epochs: () => Object.fromEntries([...list.rows()].map(({ subject, epoch }) => [subject, epoch])) }
}

t.test('data is fresh as of when its server was proven to be the live primary', async (t) => {
  const { reader, news, told } = setUp()
  t.equal(reader.knownAt(), -Infinity)
  t.ok(reader.take(news('5'), other))
  t.equal(reader.knownAt(), -Infinity, 'a read proves nothing')
  t.ok(reader.take(news('6'), proven(1000)))
  t.equal(reader.knownAt(), 1000)
  t.ok(reader.take(news('7'), same))
  t.equal(reader.knownAt(), 1000)
  t.equal(reader.cursor(), '7')
  t.same(told, [], 'the first server is no change')
})

t.test('after a change of server everything is read again; it adds at once, and removes once the server is proven to be the primary', async (t) => {
  const { reader, news, told, epochs } = setUp()
  reader.take(news('900', user('ada', 9), user('bob', 3)), other)
  reader.take(news('901'), proven(1000))
  t.notOk(reader.take(news('902', user('eve', 1)), other), 'by that cursor it says nothing')
  t.equal(reader.cursor(), null)
  t.same(epochs(), { ada: 9, bob: 3 })
  t.equal(told.length, 1)

  t.ok(reader.take(news('20', user('ada', 4), user('dan', 2)), same))
  t.same(epochs(), { ada: 9, bob: 3, dan: 2 }, 'it may be an old one that knows less')
  t.ok(reader.take(news('21', user('dan', 3)), same))
  t.equal(reader.knownAt(), 1000, 'what the one before has proven')

  t.notOk(reader.take(news('22'), proven(5000)), 'all is read once more')
  t.equal(reader.knownAt(), 1000)
  t.ok(reader.take(news('22', user('ada', 4), user('dan', 3)), same))
  t.same(epochs(), { ada: 4, dan: 3 }, 'as after a backup was put back')
  t.equal(reader.knownAt(), 5000)
})

t.test('after a lost connection everything is read again, and the same server needs no new proof', async (t) => {
  const { reader, news, epochs } = setUp()
  reader.take(news('5', user('ada', 9)), other)
  reader.take(news('6'), proven(1000))
  reader.restart()
  t.equal(reader.cursor(), null)
  t.ok(reader.take(news('7', user('bob', 1)), same))
  t.same(epochs(), { bob: 1 })
})

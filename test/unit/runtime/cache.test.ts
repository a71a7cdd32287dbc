import t from 'tap'
import { createCache } from '../../../src/runtime/cache.ts'

t.test('an entry is fresh for the ttl after it was set', async (t) => {
  let time = 0
  const cache = createCache<string>({ ttl: 100, max: 10, now: () => time })
  cache.set('a', 'one')
  time = 99
  t.equal(cache.get('a'), 'one')
  cache.set('b', 'two')
  time = 100
  t.equal(cache.get('a'), undefined, 'reading it kept it no longer')
  t.same([...cache.entries()], [['b', 'two']])
  cache.set('b', 'three')
  time = 199
  t.equal(cache.get('b'), 'three', 'setting it again does')
  cache.delete('b')
  t.equal(cache.get('b'), undefined)
})

t.test('a full cache drops its oldest entry', async (t) => {
  const cache = createCache<number>({ ttl: 100, max: 3, now: () => 0 })
  for (const [index, key] of ['a', 'b', 'c', 'a', 'd'].entries()) cache.set(key, index)
  t.same(Object.fromEntries(cache.entries()), { c: 2, a: 3, d: 4 })
  cache.clear()
  t.same([...cache.entries()], [])
})

import { once } from 'node:events'
import t from 'tap'
import { startPurgeJob } from '../../../src/maintenance/purge-job.ts'
import { timerMs } from '../../../src/runtime/timer.ts'

const LONGEST = 2 ** 31 - 1
const TEN_YEARS = 10 * 365 * 86_400
const silent = { debug () {}, info () {}, warn () {}, error () {} }

t.test('a delay that is too long for a timer becomes the longest possible one', async (t) => {
  for (const [seconds, ms] of [
    [0, 0],
    [1, 1000],
    [0.25, 250],
    [2_147_483, 2_147_483_000],
    [2_147_484, LONGEST],
    [TEN_YEARS, LONGEST],
    [Infinity, LONGEST]
  ] as const) t.equal(timerMs(seconds), ms, `${seconds} s`)
})

t.test('PURGE_EVERY of ten years waits, instead of purging without pause', async (t) => {
  const { setTimeout } = globalThis
  t.teardown(() => { globalThis.setTimeout = setTimeout })
  const asked: number[] = []
  // The first purge comes at once here, and not after a minute
  globalThis.setTimeout = Object.assign((work: () => void, ms: number) => setTimeout(work, asked.push(ms) === 1 ? 0 : ms), setTimeout)
  let purges = 0
  const store = {
    purge: {
      steps: () => [], alone: async <T>(work: (signal: AbortSignal) => Promise<T>) => {
        purges++
        return await work(new AbortController().signal)
      }
    }
  }
  const users = async () => ({ table: 'users', batch: async () => ({ count: 0, cursor: null, done: true }) })
  const overflow = once(process, 'warning').then(([warning]: Error[]) => warning?.name)
  const job = startPurgeJob({ config: { purgeEvery: TEN_YEARS, auditRetention: 1 }, store, users }, silent)
  while (asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 1))
  t.equal(asked[1], LONGEST)
  t.equal(await Promise.race([overflow, new Promise((resolve) => setTimeout(resolve, 50, 'no warning'))]), 'no warning')
  await job.stop()
  t.equal(purges, 1)
})

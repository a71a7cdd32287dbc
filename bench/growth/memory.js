// Measures the memory of a process that holds the revocation list. Run with --expose-gc and DATABASE_URL; prints JSON.
import { createClock } from '../../dist/src/runtime/clock.js'
import { createFeed } from '../../dist/src/revocation/feed.js'
import { createRevocationList } from '../../dist/src/revocation/revocation-list.js'
import { openFeedConnection } from '../../dist/src/revocation/feed-connection.store.js'

const settle = async () => {
  for (let round = 0; round < 3; round++) {
    globalThis.gc()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return process.memoryUsage().heapUsed
}

const list = createRevocationList()
const log = { info: () => {}, warn: console.error }
// The first connection loads code, which would distort the measurement
await (await openFeedConnection(process.env.DATABASE_URL, () => {})).close()
const feed = createFeed({
  connect: (onNotification) => openFeedConnection(process.env.DATABASE_URL, onNotification), list, clock: createClock(), log
})
const before = await settle()
const began = performance.now()
await feed.start()
const milliseconds = performance.now() - began
const megabytes = (await settle() - before) / 1e6
console.log(JSON.stringify({ rows: list.size(), milliseconds, megabytes }))
await feed.stop()

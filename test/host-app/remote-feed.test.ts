import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { createIssuerClient } from '../../src/http/issuer-client.ts'
import { createRemoteFeed } from '../../src/revocation/remote-feed.ts'
import { createRevocationList } from '../../src/revocation/revocation-list.ts'
import { eventually } from '../helper.ts'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** An issuer whose stream says `age` once, then again every `every` milliseconds. */
async function issuer (t: Test, every: number) {
  const seen = { streams: 0, open: 0 }
  const server = createServer((request, response) => {
    if (request.url === '/v1/oauth/token') return response.end('{"access_token":"token"}')
    seen.streams++
    seen.open++
    const began = performance.now()
    const beat = () => response.write(`event: heartbeat\ndata: {"at":${(performance.now() - began) / 1000},"age":0}\n\n`)
    beat()
    const timer = setInterval(beat, every)
    response.on('close', () => {
      seen.open--
      clearInterval(timer)
    })
  }).listen(0, '127.0.0.1')
  await sleep(20)
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

function follow (url: string) {
  const warnings: unknown[] = []
  const client = createIssuerClient({ issuer: url, clientId: 'client', clientSecret: 'secret' })
  const feed = createRemoteFeed({ client, list: createRevocationList(), log: { warn: (details) => warnings.push(details) } })
  feed.start()
  return { feed, warnings }
}

async function collect (): Promise<void> {
  for (let times = 0; times < 5; times++) {
    gc()
    await sleep(20)
  }
}

t.test('a host can stop following however often garbage was collected meanwhile', async (t) => {
  const { url, seen } = await issuer(t, 100)
  const { feed } = follow(url)
  t.ok(await eventually(async () => feed.age() < 1, 2000))
  await collect()
  t.equal(await Promise.race([feed.stop().then(() => 'stopped'), sleep(2000, 'still following')]), 'stopped')
  t.ok(await eventually(async () => seen.open === 0, 1000), 'the connection is closed')
})

t.test('a connection on which nothing comes any more is replaced', async (t) => {
  const { url, seen } = await issuer(t, 60_000)
  const { feed, warnings } = follow(url)
  t.ok(await eventually(async () => feed.age() < 1, 2000))
  await collect()
  t.ok(await eventually(async () => seen.streams === 2 && seen.open === 1, 9000), 'by another one')
  t.match(warnings, [{ err: { message: 'Nothing came for 6 seconds' } }])
  t.ok(feed.age() < 3)
  await feed.stop()
})

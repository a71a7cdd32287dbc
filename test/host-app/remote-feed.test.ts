import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { createIssuerClient } from '../../src/remote/issuer-client.ts'
import { createRemoteFeed } from '../../src/remote/feed.ts'
import { createRevocationList } from '../../src/revocation/revocation-list.ts'
import { eventually } from '../support/start-server.ts'
import { createClock } from '../../src/runtime/clock.ts'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

type Beat = () => { at: number, age: number }
type Answer = (response: ServerResponse, stream: string) => void

/** What an issuer sends: a snapshot and a heartbeat at once, then one every `every` milliseconds. */
function beating (every: number, beat?: Beat): Answer {
  return (response, stream) => {
    const began = performance.now()
    const fresh = () => ({ at: (performance.now() - began) / 1000, age: 0 })
    const send = () => response.write(`event: heartbeat\ndata: ${JSON.stringify({ stream, now: Date.now(), ...(beat ?? fresh)() })}\n\n`)
    response.write('event: snapshot\ndata: []\n\n')
    send()
    const timer = setInterval(send, every)
    response.on('close', () => clearInterval(timer))
  }
}

async function issuer (t: Test, answer: Answer) {
  const seen = { streams: 0, open: 0 }
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://issuer')
    if (pathname === '/v1/oauth/token') return response.end('{"access_token":"token"}')
    seen.streams++
    seen.open++
    response.on('close', () => seen.open--)
    answer(response, searchParams.get('stream')!)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

function follow (
  t: Test,
  url: string,
  { clock = createClock(), ...options }: Partial<Pick<Parameters<typeof createRemoteFeed>[0], 'silenceMs' | 'patienceMs' | 'clock' | 'pause'>> = {}
) {
  const warnings: { err: Error }[] = []
  const client = createIssuerClient({ issuer: url, clientId: 'client', clientSecret: 'secret', clock })
  const feed = createRemoteFeed({
    client, clock, list: createRevocationList(), log: {
      warn: (details) =>
        warnings.push(details as { err: Error })
    }, ...options
  })
  t.teardown(feed.stop)
  feed.start()
  return { feed, warnings }
}

/** The first pauses, each over at once; the guard keeps the last one until it is stopped. */
async function pausesOf (t: Test, url: string, count: number) {
  const pauses: number[] = []
  const warnings = await new Promise<{ err: Error }[]>((resolve) => {
    const { warnings } = follow(t, url, {
      async pause (milliseconds, signal) {
        pauses.push(milliseconds)
        if (pauses.length < count) return
        resolve(warnings)
        await once(signal, 'abort')
      }
    })
  })
  return { pauses, warnings }
}

/** Half of it is chance, so that guards do not come all at once. */
const within = (pause: number, most: number) => pause >= most / 2 && pause <= most

async function collect (): Promise<void> {
  for (let times = 0; times < 5; times++) {
    gc()
    await sleep(20)
  }
}

t.test('a remote feed can be stopped after garbage collections', async (t) => {
  const { url, seen } = await issuer(t, beating(100))
  const { feed } = follow(t, url)
  t.ok(await eventually(() => feed.age() < 1, 5000))
  await collect()
  t.equal(await Promise.race([feed.stop().then(() => 'stopped'), sleep(5000, 'still following')]), 'stopped')
  t.ok(await eventually(() => seen.open === 0, 5000), 'the connection is closed')
})

t.test('a connection that is silent for too long is replaced', async (t) => {
  const { url, seen } = await issuer(t, beating(60_000))
  const { feed, warnings } = follow(t, url, { silenceMs: 1000 })
  t.ok(await eventually(() => feed.age() < 1, 5000))
  await collect()
  t.ok(await eventually(() => seen.streams === 2 && seen.open === 1, 9000), 'by another one')
  t.match(warnings, [{ err: { message: 'Nothing came for 1 s' } }])
})

t.test('a 200 whose stream has only comments of a proxy and no event is replaced', async (t) => {
  const { url, seen } = await issuer(t, (response) => {
    const timer = setInterval(() => response.write(': keep-alive\n\n'), 100)
    response.on('close', () => clearInterval(timer))
  })
  const { feed, warnings } = follow(t, url, { silenceMs: 1000, patienceMs: 1500 })
  t.ok(await eventually(() => seen.streams === 2, 9000), 'it is replaced')
  t.match(warnings, [{ err: { message: 'No heartbeat that is new came for 1.5 s' } }])
  t.equal(feed.age(), Infinity)
})

t.test('heartbeats that were delayed in a buffer do not make the list fresh', async (t) => {
  const { url } = await issuer(t, beating(50, () => ({ at: 0, age: 0 })))
  const { feed } = follow(t, url)
  t.ok(await eventually(() => feed.age() < Infinity, 5000))
  const began = performance.now()
  t.notOk(await eventually(() => feed.age() < (performance.now() - began) / 1000, 1000))
})

t.test('after a suspension buffered heartbeats are ignored, and another stream is opened', async (t) => {
  const { url, seen } = await issuer(t, beating(50))
  let slept = 0
  const clock = { now: Date.now, monotonic: () => performance.now() + slept, missed: () => slept }
  const { feed, warnings } = follow(t, url, { clock, pause: async () => {} })
  t.ok(await eventually(() => feed.age() < 60, 5000))
  slept = 3_600_000
  t.ok(feed.age() >= 3600)
  t.ok(await eventually(() => seen.streams === 2 && feed.age() < 60, 5000))
  t.match(warnings, [{ err: { message: /^The machine was suspended/ } }])
})

t.test('a heartbeat with an age of null is not fresh, and is reported', async (t) => {
  const { url } = await issuer(t, beating(50, () => ({ at: 0, age: Infinity })))
  const { feed, warnings } = follow(t, url)
  t.ok(await eventually(() => warnings.length > 0, 5000))
  t.equal(feed.age(), Infinity)
  t.match(warnings, [{ err: { message: /upgrade it first/ } }])
})

t.test('a stream that a cache repeats is refused', async (t) => {
  const { url } = await issuer(t, (response) => beating(50)(response, 'of somebody else'))
  const { feed, warnings } = follow(t, url)
  t.ok(await eventually(() => warnings.length > 0, 5000))
  t.equal(feed.age(), Infinity)
  t.match(warnings, [{ err: { message: /cache/ } }])
})

t.test('a remote feed waits longer after each failure, obeys Retry-After up to a minute, and logs each reason once', async (t) => {
  const ends = await issuer(t, (response) => response.end())
  const busy = await issuer(t, (response) => response.writeHead(429, { 'retry-after': '3600' }).end('{"error":"too_many"}'))
  const [afterEnd, afterRefusal] = [await pausesOf(t, ends.url, 6), await pausesOf(t, busy.url, 2)]
  t.ok(afterEnd.pauses.every((pause, index) => within(pause, Math.min(1000 * 2 ** index, 8000))), `${afterEnd.pauses}`)
  t.ok(afterRefusal.pauses.every((pause, index) => within(pause - 60_000, 1000 * 2 ** index)), `a minute at most: ${afterRefusal.pauses}`)
  t.same([ends.seen.streams, busy.seen.streams], [6, 2], 'and ask once each time')
  t.same([afterEnd, afterRefusal].map(({ warnings }) => warnings.map(({ err }) => err.message)), [
    ['The stream ended before a heartbeat came'],
    ['The issuer answered 429 on /v1/oauth/revocations: too_many']
  ])
})

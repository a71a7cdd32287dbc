import { setTimeout as sleep } from 'node:timers/promises'
import { createDeliver, type DeliveryOptions } from './delivery.ts'
import type { ClaimedEntry, OutboxKind } from './ports.ts'
import { jitter } from './retry-delay.ts'

export type Sender = {
  /** Something was written: look for it now. */
  wake: () => void
  /** Finishes what is being sent, within a time limit, and gives back the rest. */
  stop: () => Promise<void>
}

type Options = Omit<DeliveryOptions, 'sendMs'> & {
  /** The database was not reached. */
  onError: (error: unknown) => void
  times?: Partial<typeof TIMES>
}

const TIMES = {
  /** How often entries that other processes have written are looked for. */
  pollMs: 5000,
  /** For one attempt. */
  sendMs: 45_000,
  /** Longer than an attempt takes, so that no two processes send the same entry. */
  leaseMs: 60_000,
  /** Between two messages: a long queue must not keep the process from answering requests. */
  gapMs: 20,
  /** After a server was not reached; doubled each time, up to `maxPauseMs`. */
  pauseMs: 1000,
  maxPauseMs: 30_000,
  stopMs: 5000
}

/** Messages that one process sends at the same time. */
const PARALLEL = 5

/** Sends what is due, in every process; each entry is leased to one process at a time, and no transaction is open meanwhile. */
export function startSender ({ onError, times, ...options }: Options): Sender {
  const { pollMs, sendMs, leaseMs, gapMs, pauseMs, maxPauseMs, stopMs } = { ...TIMES, ...times }
  const deliver = createDeliver({ ...options, sendMs })
  const kinds = Object.keys(options.transports) as OutboxKind[]
  const inFlight = new Set<Promise<void>>()
  const cut = new AbortController()
  let stopping = false
  let timer: NodeJS.Timeout | undefined
  let dueAt = Infinity
  let looking: Promise<void> | null = null
  let unreached = 0
  let pausedUntil = 0

  function wake (): void {
    lookAt(performance.now())
  }

  /** Once, at the earliest of the times asked for. */
  function lookAt (time: number): void {
    const at = Math.max(time, pausedUntil)
    if (stopping || at >= dueAt) return
    clearTimeout(timer)
    dueAt = at
    // What is asked for while looking is done right after it
    if (!looking) timer = setTimeout(() => { looking = look() }, at - performance.now()).unref()
  }

  async function look (): Promise<void> {
    dueAt = Infinity
    try {
      await claim()
      lookAt(performance.now() + jitter(pollMs))
    } catch (error) {
      onError(error)
      lookAt(performance.now() + jitter(pollMs))
    }
    looking = null
    const again = dueAt
    dueAt = Infinity
    lookAt(again)
  }

  async function claim (): Promise<void> {
    const free = PARALLEL - inFlight.size
    if (free <= 0 || stopping) return
    const leasedAt = performance.now()
    for (const entry of await options.store.claim(kinds, free, leaseMs / 1000)) {
      if (stopping) await options.store.release([entry])
      // A process that was suspended meanwhile leaves it to the next
      else if (performance.now() - leasedAt < leaseMs - sendMs) begin(entry)
      await sleep(gapMs, undefined, { ref: false })
    }
  }

  function begin (entry: ClaimedEntry): void {
    const done = deliver(entry, cut.signal).then(reached, onError).finally(() => {
      inFlight.delete(done)
      // There may be more
      wake()
    })
    inFlight.add(done)
  }

  function reached (isReached: boolean): void {
    if (isReached) unreached = pausedUntil = 0
    // Several that were sent at the same time are one failure
    else if (performance.now() >= pausedUntil) {
      pausedUntil = performance.now() + jitter(Math.min(pauseMs * 2 ** unreached, maxPauseMs))
      unreached++
    }
  }

  async function stop (): Promise<void> {
    stopping = true
    clearTimeout(timer)
    await looking
    const timeout = setTimeout(() => cut.abort(new Error('The process is ending')), stopMs)
    await Promise.all(inFlight)
    clearTimeout(timeout)
  }

  wake()
  return { wake, stop }
}

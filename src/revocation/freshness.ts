/** What a poll reports about the server that answered it. */
export type ServerState = {
  standby: boolean
  /** Changes with the server, its history and each restart. */
  server: string
  /** Null before the first pulse. */
  pulse: Pulse | null
}

/** The commit that only a live primary confirms: one for all processes, every two seconds. */
export type Pulse = {
  number: string
  /** The last one whose commit was confirmed. */
  proven: string
  /** Milliseconds since that one began, by the server's clock; null before the first. */
  age: number | null
}

export type Observation = {
  /** Whether another server answered than at the previous poll. */
  isOther: boolean
  /** A time at which the server was certainly the live primary, if the poll has news of that. */
  provenAt: number | null
}

export type Freshness = {
  /** @param began when the poll began */
  observe: (state: ServerState, began: number) => Observation
  /** Milliseconds until this process is to commit a pulse. */
  dueIn: () => number
  /** The number of the previous pulse; null before the first. */
  number: () => string | null
  made: (number: string, began: number) => void
  /** Another process was faster, or is waiting for its own commit. */
  yielded: () => void
  failed: () => void
}

/** The pulse was not committed, or not by all servers that must confirm it. */
export class NotTaken extends Error {}

type Options = {
  /** Milliseconds between two pulses. */
  interval: number
  /** A monotonic clock, in milliseconds. */
  now: () => number
}

/** The value in the row before any pulse was proven. */
const NOTHING = '0'
/** The process that committed the last pulse commits the next one; others take over after this delay. In intervals. */
const TAKEOVER = { after: 1.5, spread: 0.5 }
/** All processes see a new primary at once, so they spread out. In intervals. */
const MEETING = { after: 0, spread: 0.15 }
/** Slightly before the others poll by themselves, so that its notification triggers their poll. In intervals. */
const AHEAD = 0.95

/**
 * Reads cannot show that a server is the live primary: one that was cut off from its standbys and replaced still answers them. A commit
 * that it confirms does. This decides which process commits next, without communication between the processes.
 */
export function createFreshness ({ interval, now }: Options): Freshness {
  let watched: string | null = null
  let last: Pulse | null = null
  let ours: string | null = null
  let isStandby = false
  let dueAt = Infinity

  const later = ({ after, spread }: { after: number, spread: number }) => now() + (after + Math.random() * spread) * interval

  /** A pulse proven before the first observation may stem from the server of which this one is a copy. */
  function watch ({ server, pulse }: ServerState): Observation {
    dueAt = watched === null ? now() : later(MEETING)
    watched = server
    last = pulse
    ours = null
    return { isOther: true, provenAt: null }
  }

  function observe (state: ServerState, began: number): Observation {
    isStandby = state.standby
    if (isStandby) return { isOther: false, provenAt: null }
    if (state.server !== watched) return watch(state)
    const [before, { pulse }] = [last, state]
    last = pulse
    if (pulse && pulse.number !== before?.number && pulse.number !== ours) dueAt = later(TAKEOVER)
    return { isOther: false, provenAt: pulse && isNews(pulse, before) ? began - Math.max(0, pulse.age) : null }
  }

  return {
    observe,
    dueIn: () => isStandby ? Infinity : dueAt - now(),
    number: () => last && last.number,
    made (number, began) {
      ours = number
      dueAt = began + interval * AHEAD
    },
    yielded: () => { dueAt = later(TAKEOVER) },
    failed: () => { dueAt = now() + interval }
  }
}

/** That age is measured by a clock that may be set back, so it is used only for a pulse proven since the previous poll. */
function isNews (pulse: Pulse, before: Pulse | null): pulse is Pulse & { age: number } {
  return pulse.age !== null && pulse.proven !== NOTHING && pulse.proven !== before?.proven
}

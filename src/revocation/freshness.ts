/** What a poll tells of the server that answered it. */
export type ServerState = {
  standby: boolean
  /** Another one for another server, another history of it, and each time it was started. */
  server: string
  /** Null before the first. */
  pulse: Pulse | null
}

/** The commit that only a live primary answers: one for all processes, every two seconds. */
export type Pulse = {
  number: string
  /** The last one whose commit was answered. */
  proven: string
  /** Milliseconds since that one began, by the clock of the server; null before the first. */
  age: number | null
}

export type Observation = {
  /** Not the server of the poll before. */
  isOther: boolean
  /** A time at which the server was the live primary for certain, when the poll tells something new of that. */
  provenAt: number | null
}

export type Freshness = {
  /** @param began when the poll began */
  observe: (state: ServerState, began: number) => Observation
  /** Milliseconds until this process is to make a pulse. */
  dueIn: () => number
  /** The number that it is to follow; null when there was none yet. */
  number: () => string | null
  made: (number: string, began: number) => void
  /** Another process was faster, or waits for its own. */
  yielded: () => void
  failed: () => void
}

/** The server did not commit a pulse, or not everywhere where it has to be. */
export class NotTaken extends Error {}

type Options = {
  /** Milliseconds between two pulses. */
  interval: number
  /** Milliseconds that only go forward. */
  now: () => number
}

/** What the row says before a pulse was proven. */
const NOTHING = '0'
/** Who made the last one makes the next, as long as it does. In intervals. */
const TAKEOVER = { after: 1.5, spread: 0.5 }
/** All processes meet a new primary at once. */
const MEETING = { after: 0, spread: 0.15 }
/** A little before the others poll by themselves: they poll at its notification instead. */
const AHEAD = 0.95

/**
 * That a server is the live primary cannot be read from it: one that was cut off from its standbys and replaced goes on answering reads. It
 * is known from a commit that it has answered. Whose turn it is to make that commit is decided here, without a word between the processes.
 */
export function createFreshness ({ interval, now }: Options): Freshness {
  let watched: string | null = null
  let last: Pulse | null = null
  let ours: string | null = null
  let isStandby = false
  let dueAt = Infinity

  const later = ({ after, spread }: { after: number, spread: number }) => now() + (after + Math.random() * spread) * interval

  /** What was proven before we looked may have been proven by the server of which this one is a copy. */
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

/** That age is by a clock, which may be set back: it counts for what was proven since the poll before. */
function isNews (pulse: Pulse, before: Pulse | null): pulse is Pulse & { age: number } {
  return pulse.age !== null && pulse.proven !== NOTHING && pulse.proven !== before?.proven
}

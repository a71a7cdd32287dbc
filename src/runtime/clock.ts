export type Clock = {
  /** Milliseconds that only go forward. */
  now: () => number
  /** How many of them passed while the machine was suspended; this only grows. */
  missed: () => number
}

/** Two clocks drift apart by less than this between two looks. */
const DRIFT_MS = 1000
// Taken at once: fake timers of a host's tests set both by hours, and nothing has become old by that
const timeOfDay = Date.now
const sinceStart = performance.now.bind(performance)

/**
 * A monotonic clock that counts the time in which the machine was suspended, too: that of Linux stands still meanwhile, and what was known
 * before would seem new.
 * The time of day goes on. One that is set forwards looks the same: then what is known counts as old until the next news, which is there
 * within seconds; one that is set back changes nothing.
 */
export function createClock (monotonic: () => number = sinceStart, daytime: () => number = timeOfDay): Clock {
  let missed = 0
  let ahead = daytime() - monotonic()

  function now (): number {
    const at = monotonic()
    const aheadNow = daytime() - at
    if (aheadNow - ahead > DRIFT_MS) missed += aheadNow - ahead
    ahead = aheadNow
    return at + missed
  }

  function sleptThrough (): number {
    now()
    return missed
  }

  return { now, missed: sleptThrough }
}

/** Of this process. */
export const clock = createClock()

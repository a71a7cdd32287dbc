export type Clock = {
  /** Monotonic time in milliseconds. */
  now: () => number
  /** How many of them passed while the machine was suspended; never decreases. */
  missed: () => number
}

/** The two clocks drift apart by less than this between two readings. */
const DRIFT_MS = 1000
// Captured at import: fake timers in a host's tests set both clocks forward by hours, which must not make cached data stale
const timeOfDay = Date.now
const sinceStart = performance.now.bind(performance)

/**
 * A monotonic clock that includes the time in which the machine was suspended. That of Linux stops meanwhile, so that old data would seem
 * fresh, but the time of day continues. Setting the time of day forward looks the same: cached data is then stale until the next update,
 * within seconds. Setting it back changes nothing.
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

/** The clock of this process. */
export const clock = createClock()

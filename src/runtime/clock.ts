/** The time of one app. Everything in it that compares times or ages takes this clock, so that a test can move its time. */
export type Clock = {
  /** Milliseconds since 1970, to compare with times in tokens, cookies and rows. */
  now: () => number
  /** Monotonic milliseconds, for the age of what is cached. Includes the time in which the machine was suspended. */
  monotonic: () => number
  /** How many of them passed while the machine was suspended; never decreases. */
  missed: () => number
  /**
   * Moves the time forward by milliseconds. The database's clock does not move: `advanceTime` of `latchkey/testing` makes the rows older
   * instead.
   */
  advance: (milliseconds: number) => void
  /** By how many milliseconds it was moved: `now` is as far ahead of the database, and the rows are as much older. */
  ahead: () => number
}

/** The two clocks drift apart by less than this between two readings. */
const DRIFT_MS = 1000
// Captured at import: fake timers in a host's tests set both clocks forward by hours, which must not make cached data stale, and the
// database does not follow them
const timeOfDay = Date.now
const sinceStart = performance.now.bind(performance)

/**
 * Its monotonic time includes suspensions. The monotonic clock of Linux stops meanwhile, so that old data would seem fresh, but the time of
 * day continues. Setting the time of day forward looks the same: cached data is then stale until the next update, within seconds. Setting
 * it back changes nothing.
 */
export function createClock (running: () => number = sinceStart, daytime: () => number = timeOfDay): Clock {
  let missed = 0
  let moved = 0
  let lead = daytime() - running()

  function monotonic (): number {
    const at = running()
    const leadNow = daytime() - at
    if (leadNow - lead > DRIFT_MS) missed += leadNow - lead
    lead = leadNow
    return at + missed + moved
  }

  function sleptThrough (): number {
    monotonic()
    return missed
  }

  return {
    now: () => daytime() + moved,
    monotonic,
    missed: sleptThrough,
    advance: (milliseconds) => { moved += milliseconds },
    ahead: () => moved
  }
}

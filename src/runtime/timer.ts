// Node counts timers in 32 bits: a longer one would fire at once, and then without pause
const MAX_TIMER_MS = 2 ** 31 - 1

/** Milliseconds of a timer, for a time that somebody has configured; what is longer than a timer can be (24 days) fires earlier. */
export function timerMs (seconds: number): number {
  return Math.min(seconds * 1000, MAX_TIMER_MS)
}

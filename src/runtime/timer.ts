// Node limits timers to 32 bits: a longer one would fire immediately, and repeatedly
const MAX_TIMER_MS = 2 ** 31 - 1

/** Milliseconds of a timer for a configured time; beyond the maximum of a timer (24 days) it fires earlier. */
export function timerMs (seconds: number): number {
  return Math.min(seconds * 1000, MAX_TIMER_MS)
}

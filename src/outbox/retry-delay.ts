const MINUTE = 60
const HOUR = 3600

/** Seconds after each failed attempt until the next; together about a day. After the last one an entry is given up. */
const DELAYS = [10, 30, 2 * MINUTE, 10 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR]

/** Those whose process ended count, too. */
export const MAX_ATTEMPTS = DELAYS.length + 1

// Spreads messages that failed together
const JITTER = 0.25

/** @returns seconds, or null when it is to be given up */
export function retryDelay (attempts: number): number | null {
  const delay = DELAYS[attempts - 1]
  return delay === undefined ? null : jitter(delay)
}

/** The same time, give or take a quarter. */
export function jitter (time: number): number {
  return time * (1 + JITTER * (2 * Math.random() - 1))
}

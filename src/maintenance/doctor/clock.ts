import { fail, ok, warn, type Check } from './check.ts'

const NOTICEABLE_MS = 1000
const WRONG_MS = 30_000

/**
 * Tokens are dated by the process's clock, while sessions and keys end by the database's.
 * @param ahead milliseconds by which the database's clock is ahead
 */
export function checkClock (ahead: number): Check {
  const text = `the database is ${Math.abs(ahead / 1000).toFixed(2)} s ${ahead < 0 ? 'behind' : 'ahead of'} this process`
  if (Math.abs(ahead) < NOTICEABLE_MS) return ok('clock', text)
  const status = Math.abs(ahead) < WRONG_MS ? warn : fail
  return status('clock', text, 'synchronize both with NTP')
}

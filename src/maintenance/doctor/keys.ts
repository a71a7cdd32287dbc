import type { DerivedKeys } from '../../crypto/app-key.ts'
import { canOpen, stateOf, type SigningKey } from '../../keys/key-ring.ts'
import { fail, listed, ok, warn, type Check } from './check.ts'

const DAY = 86_400
const ALGORITHMS = ['ES256', 'RS256']
// A server checks once a minute, so a longer delay means that none is running
const LATE = 2 * DAY

/** @param sealKeys null when there is no APP_KEY yet */
export function checkKeys (rows: SigningKey[], sealKeys: DerivedKeys | null, rotateEvery: number): Check[] {
  const alive = rows.filter((row) => ['next', 'current', 'retired'].includes(stateOf(row, Date.now())))
  if (alive.length === 0) return [ok('keys', 'none yet; the first start creates them')]
  return [opened(alive, sealKeys), age(alive, rotateEvery)]
}

function opened (alive: SigningKey[], sealKeys: DerivedKeys | null): Check {
  if (!sealKeys) {
    return fail(
      'keys',
      `there are ${alive.length} keys, but no APP_KEY that opens them`,
      'give the APP_KEY that this database was set up with'
    )
  }
  const closed = alive.filter((row) => !canOpen(sealKeys, row))
  if (closed.length === 0) return ok('keys', `APP_KEY opens all ${alive.length}`)
  return fail(
    'keys',
    `APP_KEY does not open ${listed(closed.map(({ kid }) => kid))}`,
    'give the APP_KEY that this database was set up with, as APP_KEY or in APP_PREVIOUS_KEYS'
  )
}

function age (alive: SigningKey[], rotateEvery: number): Check {
  const missing = ALGORITHMS.filter((alg) => !alive.some((row) => row.alg === alg && stateOf(row, Date.now()) === 'current'))
  if (missing.length > 0) return fail('key-age', `no key signs ${missing.join(' and ')}`, 'run "npx latchkey keys rotate --now"')
  const oldest = Math.max(
    ...ALGORITHMS.map((alg) => secondsSince(alive.filter((row) => row.alg === alg).map(({ signsFrom }) => signsFrom)))
  )
  const next = alive.filter((row) => stateOf(row, Date.now()) === 'next').map(({ signsFrom }) => signsFrom.toISOString())
  const text = `the oldest signing key has been in use for ${Math.max(0, Math.floor(oldest / DAY))} days; ${next.length > 0 ? `the next one signs from ${next[0]}` : `a new one follows after ${Math.round(rotateEvery / DAY)}`}`
  return oldest <= rotateEvery + LATE
    ? ok('key-age', text)
    : warn('key-age', `${text}, but did not`, 'start a server, or run "npx latchkey keys rotate"')
}

function secondsSince (times: Date[]): number {
  return (Date.now() - Math.max(...times.map((time) => time.getTime()))) / 1000
}

import type { SealedCounts } from '../sealed.ts'
import { ok, warn, type Check } from './check.ts'

/** What of it opens under which key; the signing keys have a check of their own for those that none opens. */
export function checkSealed (counts: SealedCounts[]): Check[] {
  const name = 'sealed'
  const named = (which: 'previous' | 'unopened', tables = counts) =>
    tables.filter((count) => count[which] > 0).map((count) => `${count[which]} in ${count.table}`).join(', ')
  const [previous, unopened] = [named('previous'), named('unopened', counts.filter(({ table }) => table !== 'signing_keys'))]
  return [
    ...(previous === '' && unopened === '' ? [ok(name, 'everything is sealed under APP_KEY')] : []),
    ...(previous === ''
      ? []
      : [warn(name, `only a key of APP_PREVIOUS_KEYS opens ${previous}`, 'run "npx latchkey keys reseal" before you remove that key')]),
    ...(unopened === ''
      ? []
      : [warn(name, `no key opens ${unopened}`, 'add the key that sealed them to APP_PREVIOUS_KEYS; without it they are lost')])
  ]
}

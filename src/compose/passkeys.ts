import { deriveKeys } from '../crypto/app-key.ts'
import type { Events } from '../events/events.ts'
import { PASSKEY_KEYS } from '../passkeys/challenges.ts'
import { createPasskeys, type Passkeys } from '../passkeys/passkeys.ts'
import { createPasskeyStore } from '../passkeys/passkeys.store.ts'
import { noThrottle, type Throttle } from '../throttle/throttle.ts'
import type { Attributes } from '../users/attributes.ts'
import { createPrepareNotice } from '../users/notices.ts'
import type { Users } from '../users/ports.ts'
import type { Core } from './core.ts'
import { createMail } from './outbox.ts'

type Parts = Pick<Core, 'config' | 'clock' | 'database' | 'store' | 'appKeys' | 'outbox'> & {
  attributes: Attributes
  users: Pick<Users, 'recipient'>
  throttle?: Throttle
  events: Pick<Events, 'emit'>
}

/** What users do with their passkeys, and the operator. */
export function passkeysOf (
  { config, clock, database, store, appKeys, outbox, attributes, users, throttle = noThrottle, events }: Parts
): Passkeys {
  const { mail } = createMail({ config, outbox })
  return createPasskeys({
    store: createPasskeyStore(database, store.revocations),
    keys: deriveKeys(appKeys, PASSKEY_KEYS),
    outbox: store.outbox,
    prepareNotice: createPrepareNotice({ attributes, users, mail, throttle }),
    events,
    now: clock.now,
    rpName: () => config.brand.name,
    issuer: () => config.issuer
  })
}

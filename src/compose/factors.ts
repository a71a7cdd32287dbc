import { deriveKeys } from '../crypto/app-key.ts'
import type { Events } from '../events/events.ts'
import { createChallenge, type Challenge } from '../factors/challenge.ts'
import { createFactors, type Factors } from '../factors/factors.ts'
import { createFactorStore } from '../users/factors.store.ts'
import { FACTOR_KEYS } from '../factors/secrets.ts'
import type { AuthSessions } from '../sessions/auth-sessions.ts'
import { noThrottle, type Throttle } from '../throttle/throttle.ts'
import type { Attributes } from '../users/attributes.ts'
import type { NewDevice } from '../users/new-device.ts'
import { createPrepareNotice } from '../users/notices.ts'
import type { Users } from '../users/ports.ts'
import type { Core } from './core.ts'
import { createMail } from './outbox.ts'

type SettingsParts = Pick<Core, 'config' | 'clock' | 'database' | 'store' | 'appKeys' | 'outbox'> & {
  attributes: Attributes
  users: Pick<Users, 'recipient'>
  throttle?: Throttle
  events: Pick<Events, 'emit'>
}

/** What users do with their second factors, and the operator. */
export function factorsOf (
  { config, clock, database, store, appKeys, outbox, attributes, users, throttle = noThrottle, events }: SettingsParts
): Factors {
  const { mail } = createMail({ config, outbox })
  return createFactors({
    store: createFactorStore(database, store.revocations),
    keys: deriveKeys(appKeys, FACTOR_KEYS),
    outbox: store.outbox,
    prepareNotice: createPrepareNotice({ attributes, users, mail, throttle }),
    events,
    now: clock.now,
    issuerName: () => config.brand.name,
    accountUrl: () => `${config.issuer}/account/security`
  })
}

type ChallengeParts = Pick<Core, 'clock' | 'database' | 'store' | 'appKeys'> & {
  authSessions: AuthSessions
  users: Pick<Users, 'findForEntry'>
  throttle: Throttle
  newDevice: NewDevice | null
  events: Pick<Events, 'emit'>
}

/** How a login goes on with a second factor. */
export function challengeOf ({ clock, database, store, appKeys, ...parts }: ChallengeParts): Challenge {
  return createChallenge({
    ...parts, store: createFactorStore(database, store.revocations), keys: deriveKeys(appKeys, FACTOR_KEYS), now: clock.now
  })
}

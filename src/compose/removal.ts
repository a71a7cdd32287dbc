import { deriveKeys } from '../crypto/app-key.ts'
import type { Events } from '../events/events.ts'
import type { PurgeStep } from '../maintenance/purge.ts'
import { createUserPurge, type Refused } from '../maintenance/user-purge.ts'
import { createIdentifierHolds, HOLD_KEYS, type IdentifierHolds } from '../users/identifier-holds.ts'
import { createHoldStore } from '../users/identifier-holds.store.ts'
import { createRemovalStore } from '../users/removal.store.ts'
import { createRemoveUser, type RemoveUser } from '../users/removal.ts'
import type { Core } from './core.ts'

export function holdsOf ({ database, appKeys }: Pick<Core, 'database' | 'appKeys'>): IdentifierHolds {
  return createIdentifierHolds({ store: createHoldStore(database), keys: deriveKeys(appKeys, HOLD_KEYS) })
}

type Dependencies = Pick<Core, 'database' | 'appKeys' | 'store'> & {
  /** None on the command line, which has no handlers. */
  events?: Pick<Events, 'emit'>
}

export function removeUserOf ({ store, events, ...core }: Dependencies): RemoveUser {
  const removals = createRemovalStore(core.database, store.revocations)
  return createRemoveUser({ store: removals, holds: holdsOf(core), ...(events && { events }) })
}

/** The part of the purge that deletes users whose days of grace are over. */
export function userPurgeOf (parts: Dependencies & { onRefused: (refused: Refused) => void }): PurgeStep {
  const { database, store, onRefused } = parts
  return createUserPurge({ due: createRemovalStore(database, store.revocations).due, remove: removeUserOf(parts), onRefused })
}

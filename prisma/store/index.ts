import type { Database } from '../../src/database/client.ts'
import { createAuditStore } from './audit.ts'
import { createBrowserSessionStore } from './browser-sessions.ts'
import { createClientStore } from './clients.ts'
import { createCodeStore } from './codes.ts'
import { createConsentStore } from './consents.ts'
import { createKeyStore } from './keys.ts'
import { createPurgeStore } from './purge.ts'
import { createRevocationStore } from './revocations.ts'
import { createSessionStore } from './sessions.ts'
import { createSettingStore } from './settings.ts'
import { createThrottleStore } from './throttle.ts'
import { createUserStore } from './users.ts'

export type Store = ReturnType<typeof createStore>

/** Everything that is asked of the database, by table. */
export function createStore (database: Database, onRevoked: Parameters<typeof createRevocationStore>[1]) {
  const revocations = createRevocationStore(database, onRevoked)
  return {
    audit: createAuditStore(database),
    browserSessions: createBrowserSessionStore(database, revocations),
    clients: createClientStore(database, revocations),
    codes: createCodeStore(database),
    consents: createConsentStore(database),
    keys: createKeyStore(database, revocations),
    purge: createPurgeStore(database),
    revocations,
    sessions: createSessionStore(database, revocations),
    settings: createSettingStore(database),
    throttle: createThrottleStore(database),
    users: createUserStore(database, revocations)
  }
}

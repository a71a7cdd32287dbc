import type { Database } from '../../src/database/client.ts'
import { createAccessStore } from './access.ts'
import { createAppStore } from './apps.ts'
import { createAuditStore } from './audit.ts'
import { createBrowserSessionStore } from './browser-sessions.ts'
import { createClientStore } from './clients.ts'
import { createCodeStore } from './codes.ts'
import { createConsentStore } from './consents.ts'
import { createDeviceStore } from './devices.ts'
import { createKeyStore } from './keys.ts'
import { createPasswordHashStore } from './password-hashes.ts'
import { createPersonalTokenStore } from './personal-tokens.ts'
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
  const settings = createSettingStore(database)
  return {
    access: createAccessStore(database, revocations),
    apps: createAppStore(database, revocations),
    audit: createAuditStore(database),
    browserSessions: createBrowserSessionStore(database, revocations),
    clients: createClientStore(database, revocations, settings),
    codes: createCodeStore(database),
    consents: createConsentStore(database),
    devices: createDeviceStore(database),
    keys: createKeyStore(database, revocations),
    passwordHashes: createPasswordHashStore(database),
    personalTokens: createPersonalTokenStore(database, revocations),
    purge: createPurgeStore(database),
    revocations,
    sessions: createSessionStore(database, revocations),
    settings,
    throttle: createThrottleStore(database),
    users: createUserStore(database, revocations)
  }
}

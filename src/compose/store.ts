import type { Database } from '../database/client.ts'
import { createAuditStore } from '../events/audit.store.ts'
import { createAuthSessionStore } from '../sessions/auth-sessions.store.ts'
import { createBrowserSessionStore } from '../sessions/browser-sessions.store.ts'
import { createClientStore } from '../clients/clients.store.ts'
import { createCodeStore } from '../oauth/authorize/codes.store.ts'
import { createConsentStore } from '../oauth/authorize/consents.store.ts'
import { createDeviceStore } from '../oauth/device/devices.store.ts'
import { createKeyStore } from '../keys/keys.store.ts'
import { createOutboxStore } from '../outbox/outbox.store.ts'
import { createPasswordHashStore } from '../users/password-hashes.store.ts'
import { createPersonalTokenStore } from '../personal-tokens/personal-tokens.store.ts'
import { createPurgeStore } from '../maintenance/purge.store.ts'
import { createRevocationStore } from '../revocation/revocations.store.ts'
import { createSessionStore } from '../sessions/sessions.store.ts'
import { createSettingStore } from '../database/settings.store.ts'
import type { UpstreamSessionStore } from '../sessions/upstream-origin.ts'
import { createThrottleStore } from '../throttle/throttle.store.ts'
import { createUserStore } from '../users/users.store.ts'
import type { OneTimeTokenStore } from '../verification/ports.ts'
import { atFirstUse } from '../runtime/at-first-use.ts'

type CreateAccessStore = typeof import('../account/access.store.ts').createAccessStore
type CreateAppStore = typeof import('../account/apps.store.ts').createAppStore

export type Store = ReturnType<typeof createStore>

/**
 * All queries, by table. Those that no start and no login needs are loaded at their first use.
 * @param options `factors`: whether second factors are asked for
 */
export function createStore (database: Database, { factors = true }: { factors?: boolean } = {}) {
  const revocations = createRevocationStore(database)
  const settings = createSettingStore(database)
  const outbox = createOutboxStore(database)
  const upstreamSessions = atFirstUse<UpstreamSessionStore>(
    async () => (await import('../sessions/upstream-sessions.store.ts')).createUpstreamSessionStore(database, revocations, outbox),
    ['create', 'find', 'retire', 'end']
  )
  return {
    access: atFirstUse<ReturnType<CreateAccessStore>>(
      async () => (await import('../account/access.store.ts')).createAccessStore(database, revocations),
      ['list', 'end', 'endLogins', 'endAll', 'endOfClient']
    ),
    apps: atFirstUse<ReturnType<CreateAppStore>>(
      async () => (await import('../account/apps.store.ts')).createAppStore(database, revocations), ['list', 'end']
    ),
    audit: createAuditStore(database),
    authSessions: createAuthSessionStore(database),
    browserSessions: createBrowserSessionStore(database, revocations, outbox, upstreamSessions, { factors }),
    clients: createClientStore(database, revocations, settings),
    codes: createCodeStore(database),
    consents: createConsentStore(database),
    devices: createDeviceStore(database),
    keys: createKeyStore(database, revocations),
    oneTimeTokens: atFirstUse<OneTimeTokenStore>(
      async () => (await import('../verification/one-time-tokens.store.ts')).createOneTimeTokenStore(database),
      ['create', 'find', 'list', 'cancel', 'enterCode']
    ),
    outbox,
    passwordHashes: createPasswordHashStore(database),
    personalTokens: createPersonalTokenStore(database, revocations),
    purge: createPurgeStore(database),
    revocations,
    sessions: createSessionStore(database, revocations, outbox, upstreamSessions, { factors }),
    settings,
    throttle: createThrottleStore(database),
    upstreamSessions,
    users: createUserStore(database, revocations)
  }
}

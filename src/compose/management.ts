import { deriveKeys } from '../crypto/app-key.ts'
import type { Core } from './core.ts'
import type { Log } from '../runtime/log.ts'
import type { Events } from '../events/events.ts'
import { createFormSecrets } from '../crypto/form-secrets.ts'
import { createAccountAccess, type AccountAccess } from '../account/access.ts'
import { createAuthorizedApps, type AuthorizedApps } from '../account/apps.ts'
import type { AuthenticateClient } from '../clients/authentication.ts'
import type { ClientDirectory } from '../clients/directory.ts'
import type { ClientManagement } from '../clients/management.ts'
import { createDeviceAuthorization, type AuthorizeDevice } from '../oauth/device/authorization.ts'
import { createDeviceVerification, type DeviceVerification } from '../oauth/device/verification.ts'
import type { MakeOwnToken, OwnTokenScopes } from '../personal-tokens/own-tokens.ts'
import { createFindOwner, type FindOwner } from '../account/owner.ts'
import { createPersonalTokens, type PersonalTokens } from '../personal-tokens/personal-tokens.ts'
import { createRemainingScopes } from '../oauth/remaining-scopes.ts'
import type { Resources } from '../oauth/resources.ts'
import type { Scopes } from '../oauth/scopes.ts'
import { createUserCodes } from '../oauth/device/user-code.ts'
import type { RevocationList } from '../revocation/revocation-list.ts'
import type { SessionEnds } from '../sessions/end.ts'
import { turnedOff } from './turned-off.ts'
import type { Throttle } from '../throttle/throttle.ts'

/** What devices ask for, and what users manage themselves. */
export type Management = {
  accountAccess: AccountAccess
  authorizedApps: AuthorizedApps
  authorizeDevice: AuthorizeDevice
  clientManagement: ClientManagement
  deviceVerification: DeviceVerification
  findOwner: FindOwner
  makeOwnToken: MakeOwnToken
  ownTokenScopes: OwnTokenScopes
  personalTokens: PersonalTokens
  scopes: Scopes
}

type Dependencies = Core & {
  clients: ClientDirectory
  revocations: RevocationList
  throttle: Throttle
  events: Events
  sessionEnds: SessionEnds
  log: Log
  scopes: Scopes
  resources: Resources
  authenticateClient: AuthenticateClient
}

/** Puts devices, personal access tokens and the management of clients and sessions together. */
export async function createManagement (
  { config, appKeys, store, sessionEnds, clients, revocations, throttle, events, log, scopes, resources, authenticateClient }: Dependencies
): Promise<Management> {
  const userCodes = createUserCodes(deriveKeys(appKeys, 'user-codes'))
  const { devices, sessions } = store
  const personalTokens = createPersonalTokens({
    store: store.personalTokens,
    findClient: store.clients.findPersonal,
    isRevoked: (facts) => revocations.revokedBy(facts, '') !== null,
    remaining: createRemainingScopes(clients, scopes),
    formSecrets: createFormSecrets(appKeys, 'token-forms'),
    events,
    onError: (err) => log.warn({ err }, 'The use of a personal access token could not be noted')
  })
  return {
    scopes,
    accountAccess: createAccountAccess({
      store: store.access, scopes, sessionEnds,
      idleTtl: { session: config.refreshTokenTtl, browser: config.browserIdleTtl }
    }),
    authorizedApps: createAuthorizedApps({ store: store.apps, scopes, sessionEnds, idleTtl: config.refreshTokenTtl }),
    authorizeDevice: createDeviceAuthorization({
      authenticateClient, devices, scopes, resources, userCodes, verificationUri: () =>
      `${config.issuer}/device`
    }),
    clientManagement: await ownClients({ config, store, clients, scopes, events }),
    deviceVerification: createDeviceVerification({ devices, clients, scopes, userCodes, throttle: throttle.userCode, events }),
    findOwner: createFindOwner({ clients, sessions, scopes, browsers: store.browserSessions }),
    ...await ownTokens({ config, scopes }, personalTokens),
    personalTokens
  }
}

async function ownClients (
  { config, store, clients, scopes, events }: Pick<Dependencies, 'config' | 'store' | 'clients' | 'scopes' | 'events'>
): Promise<ClientManagement> {
  const off = turnedOff('routes.clients')
  if (!config.routes.clients) return { list: off, create: off, update: off, rotateSecret: off, revoke: off }
  const { createClientManagement } = await import('../clients/management.ts')
  return createClientManagement({ store: store.clients, directory: clients, scopes, brand: config.brand.name, events })
}

async function ownTokens (
  { config, scopes }: Pick<Dependencies, 'config' | 'scopes'>,
  personalTokens: PersonalTokens
): Promise<Pick<Management, 'makeOwnToken' | 'ownTokenScopes'>> {
  if (!config.routes.personalTokens) {
    return { makeOwnToken: turnedOff('routes.personalTokens'), ownTokenScopes: turnedOff('routes.personalTokens') }
  }
  const { createMakeOwnToken, createOwnTokenScopes } = await import('../personal-tokens/own-tokens.ts')
  return {
    makeOwnToken: createMakeOwnToken({ personalTokens, scopes }),
    ownTokenScopes: createOwnTokenScopes({ personalTokens, scopes, offered: Object.keys(config.scopes) })
  }
}

import { createAccountAccess, type AccountAccess } from '../account/access.ts'
import { createAuthorizedApps, type AuthorizedApps } from '../account/apps.ts'
import { createFindOwner, type FindOwner } from '../account/owner.ts'
import type { ClientDirectory } from '../clients/directory.ts'
import { createFormSecrets } from '../crypto/form-secrets.ts'
import type { Events } from '../events/events.ts'
import { createRemainingScopes } from '../oauth/remaining-scopes.ts'
import type { Scopes } from '../oauth/scopes.ts'
import type { CreateOwnToken, OwnTokenScopes } from '../personal-tokens/own-tokens.ts'
import { createPersonalTokens, type PersonalTokens } from '../personal-tokens/personal-tokens.ts'
import type { RevocationList } from '../revocation/revocation-list.ts'
import type { Log } from '../runtime/log.ts'
import type { SessionEnds } from '../sessions/end.ts'
import type { Core } from './core.ts'
import { turnedOff } from './turned-off.ts'

/** What users see of their account, and can end. */
export type AccountServices = {
  access: AccountAccess
  apps: AuthorizedApps
  findOwner: FindOwner
}

type AccountParts = Core & { clients: ClientDirectory, scopes: Scopes, sessionEnds: SessionEnds }

export function createAccount ({ config, store, clients, scopes, sessionEnds }: AccountParts): AccountServices {
  const { refreshTokenTtl: idleTtl, browserIdleTtl } = config
  return {
    access: createAccountAccess({ store: store.access, scopes, sessionEnds, idleTtl: { session: idleTtl, browser: browserIdleTtl } }),
    apps: createAuthorizedApps({ store: store.apps, scopes, sessionEnds, idleTtl }),
    findOwner: createFindOwner({ clients, sessions: store.sessions, scopes, browsers: store.browserSessions })
  }
}

export type PersonalTokenServices = PersonalTokens & {
  /** Creates a token for its owner, by the rules for users. */
  createOwn: CreateOwnToken
  /** The scopes that the owner may give a token. */
  ownScopes: OwnTokenScopes
}

type TokenParts = Core & { clients: ClientDirectory, scopes: Scopes, revocations: RevocationList, events: Events, log: Log }

export async function createOwnTokens (
  { config, clock, appKeys, store, clients, scopes, revocations, events, log }: TokenParts
): Promise<PersonalTokenServices> {
  const personalTokens = createPersonalTokens({
    store: store.personalTokens,
    clock,
    findClient: store.clients.findPersonal,
    isRevoked: (facts) => revocations.revokedBy(facts, '') !== null,
    remaining: createRemainingScopes(clients, scopes),
    formSecrets: createFormSecrets(appKeys, 'token-forms', clock.now),
    events,
    onError: (err) => log.warn({ err }, 'The use of a personal access token could not be recorded')
  })
  if (!config.routes.personalTokens) {
    return { ...personalTokens, createOwn: turnedOff('routes.personalTokens'), ownScopes: turnedOff('routes.personalTokens') }
  }
  const { createMakeOwnToken, createOwnTokenScopes } = await import('../personal-tokens/own-tokens.ts')
  return {
    ...personalTokens,
    createOwn: createMakeOwnToken({ personalTokens, scopes }),
    ownScopes: createOwnTokenScopes({ personalTokens, scopes, offered: Object.keys(config.scopes) })
  }
}

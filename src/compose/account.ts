import type { AccountAccess } from '../account/access.ts'
import type { AuthorizedApps } from '../account/apps.ts'
import type { ExportAccount } from '../account/export.ts'
import type { History } from '../account/history.ts'
import type { StepUp } from '../account/step-up.ts'
import { createFindOwner, type FindOwner } from '../account/owner.ts'
import type { ClientDirectory } from '../clients/directory.ts'
import { createFormSecrets } from '../crypto/form-secrets.ts'
import type { Events } from '../events/events.ts'
import { createRemainingScopes } from '../oauth/remaining-scopes.ts'
import type { Scopes } from '../oauth/scopes.ts'
import type { OwnTokens } from '../personal-tokens/own-tokens.ts'
import { createPersonalTokens, type PersonalTokens } from '../personal-tokens/personal-tokens.ts'
import type { RevocationList } from '../revocation/revocation-list.ts'
import type { Log } from '../runtime/log.ts'
import { atFirstUse } from '../runtime/at-first-use.ts'
import type { SessionEnds } from '../sessions/end.ts'
import type { Throttle } from '../throttle/throttle.ts'
import type { Deletion } from '../users/deletion.ts'
import type { Users } from '../users/ports.ts'
import type { Core } from './core.ts'
import type { MailServices } from './outbox.ts'
import { turnedOff } from './turned-off.ts'
import type { UserServices } from './users.ts'

/** What users see of their account, and can end. Loaded at the first use, but for `findOwner`. */
export type AccountServices = {
  access: AccountAccess
  apps: AuthorizedApps
  findOwner: FindOwner
  history: History
  /** Whether a user may do something sensitive. */
  stepUp: StepUp
  exportAccount: ExportAccount
  deletion: Deletion
}

type AccountParts = Core & {
  clients: ClientDirectory, scopes: Scopes, sessionEnds: SessionEnds, personalTokens: Pick<PersonalTokens, 'list'>
  users: Pick<UserServices, 'records' | 'attributes'>, throttle: Throttle, mail: MailServices, events: Events
  /** Resolves when what has happened in this process is in the audit log. */
  audited: () => Promise<void>
}

export function createAccount (parts: AccountParts): AccountServices {
  const { config, clock, database, store, clients, scopes, sessionEnds, personalTokens, throttle, audited } = parts
  const { records: users } = parts.users
  const { refreshTokenTtl: idleTtl, browserIdleTtl } = config
  const shown = {
    access: atFirstUse<AccountAccess>(async () => {
      const { createAccountAccess } = await import('../account/access.ts')
      return createAccountAccess({ store: store.access, scopes, sessionEnds, idleTtl: { session: idleTtl, browser: browserIdleTtl } })
    }, ['list', 'end', 'endLogins']),
    apps: atFirstUse<AuthorizedApps>(async () => {
      const { createAuthorizedApps } = await import('../account/apps.ts')
      return createAuthorizedApps({ store: store.apps, scopes, sessionEnds, idleTtl })
    }, ['list', 'end']),
    history: atFirstUse<History>(async () => (await import('../account/history.ts')).createHistory(store.audit, audited), ['list'])
  }
  return {
    ...shown,
    findOwner: createFindOwner({ clients, sessions: store.sessions, scopes, browserSessions: store.browserSessions }),
    async stepUp (attempt) {
      const [{ createStepUp }, { createVerifyCurrentPassword }] = await Promise.all([
        import('../account/step-up.ts'), import('../users/current-password.ts')
      ])
      return await createStepUp({ users, verifyCurrent: createVerifyCurrentPassword({ users, throttle }), now: clock.now })(attempt)
    },
    deletion: atFirstUse(() => loadDeletion(parts), ['request', 'restore', 'deletesAt']),
    async exportAccount (userId) {
      const [{ createExportAccount }, { createReadUser }, { createSocialAccountStore }, { createPasskeyStore }] = await Promise.all([
        import('../account/export.ts'), import('../users/export.store.ts'), import('../users/social-accounts.store.ts'),
        import('../passkeys/passkeys.store.ts')
      ])
      const passkeys = createPasskeyStore(database, store.revocations)
      const identities = createSocialAccountStore(database)
      return await createExportAccount({
        ...shown, readUser: createReadUser(database), identities, passkeys, tokens: personalTokens
      })(userId)
    }
  }
}

async function loadDeletion ({ config, clock, database, store, throttle, mail, events, ...parts }: AccountParts): Promise<Deletion> {
  const { records: users, attributes } = parts.users
  const { beforeDelete } = config
  const [{ createDeletion }, { createDeletionStore }, { createPrepareNotice }] = await Promise.all([
    import('../users/deletion.ts'), import('../users/deletion.store.ts'), import('../users/notices.ts')
  ])
  return createDeletion({
    store: createDeletionStore(database, store.revocations),
    users,
    outbox: store.outbox,
    prepareNotice: createPrepareNotice({ attributes, users, mail, throttle }),
    askHost: beforeDelete && (await import('../users/before-delete.ts')).createAskLeave(beforeDelete),
    events,
    pages: () => ({ restore: new URL(config.loginPath, config.issuer).href, account: `${config.issuer}/account` }),
    now: clock.now
  })
}

export type PersonalTokenServices = PersonalTokens & OwnTokens

type TokenParts = Core & {
  clients: ClientDirectory, scopes: Scopes, revocationList: RevocationList, events: Events, log: Log,
  missing: Users['missing']
}

export async function createPersonalTokenServices (
  { config, clock, appKeys, store, clients, scopes, revocationList, events, log, missing }: TokenParts
): Promise<PersonalTokenServices> {
  const personalTokens = createPersonalTokens({
    store: store.personalTokens,
    clock,
    findClient: store.clients.findPersonal,
    isRevoked: (facts) => revocationList.revokedBy(facts, '') !== null,
    remainingScopes: createRemainingScopes(clients, scopes),
    formSecrets: createFormSecrets(appKeys, 'token-forms', clock.now),
    events,
    onError: (err) => log.warn({ err }, 'The use of a personal access token could not be recorded')
  })
  if (!config.routes.personalTokens) {
    return { ...personalTokens, createOwn: turnedOff('routes.personalTokens'), ownScopes: turnedOff('routes.personalTokens') }
  }
  const { createOwnTokens } = await import('../personal-tokens/own-tokens.ts')
  return { ...personalTokens, ...createOwnTokens({ personalTokens, scopes, offered: Object.keys(config.scopes), missing }) }
}

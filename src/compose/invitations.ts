import { ConfigError } from '../config/config-error.ts'
import { settingName } from '../config/names.ts'
import { deriveKeys } from '../crypto/app-key.ts'
import { createInvitations, type Invitations } from '../invitations/invitations.ts'
import { createInvitationStore } from '../invitations/invitations.store.ts'
import { createAttributes } from '../users/attributes.ts'
import { CODE_KEYS, createOneTimeTokens } from '../verification/one-time-tokens.ts'
import type { Core } from './core.ts'
import { createMail } from './outbox.ts'

/**
 * Invitations to register on our page.
 * @returns null where nobody can be invited: without registration, pages, or an e-mail address among the login attributes
 * @throws ConfigError when nobody could register without them
 */
export async function createInvitationServices (
  { config, appKeys, clock, database, store, outbox }: Pick<Core, 'config' | 'appKeys' | 'clock' | 'database' | 'store' | 'outbox'>
): Promise<Invitations | null> {
  if (config.registration === 'off' || !config.routes.pages) return null
  const { mail } = createMail({ config, outbox })
  const invitations = createInvitations({
    attributes: await createAttributes(config.login),
    tokens: createOneTimeTokens({ store: store.oneTimeTokens, keys: deriveKeys(appKeys, CODE_KEYS) }),
    store: createInvitationStore(database),
    mail,
    writeMails: store.outbox.write,
    address: config,
    now: clock.now
  })
  if (!invitations && config.registration === 'invite') {
    const name = settingName(config.sources, 'registration', 'REGISTRATION')
    throw new ConfigError([{ name, message: 'is `invite`, which needs an e-mail address among login.attributes: people are invited by it' }])
  }
  return invitations
}

import type { Events } from '../events/events.ts'
import { createDomains } from '../social/domains.ts'
import { createIdentities, type Identities } from '../social/identities.ts'
import type { Provider } from '../social/ports.ts'
import type { KeptTokens } from '../social/provider-tokens.ts'
import type { Throttle } from '../throttle/throttle.ts'
import type { Attributes } from '../users/attributes.ts'
import { createPrepareNotice } from '../users/notices.ts'
import type { Users } from '../users/ports.ts'
import { createSocialAccountStore } from '../users/social-accounts.store.ts'
import type { Core } from './core.ts'
import type { MailServices } from './outbox.ts'

type Dependencies = Pick<Core, 'config' | 'clock' | 'database' | 'store'> & {
  providers: ReadonlyMap<string, Provider>
  attributes: Attributes
  users: Pick<Users, 'recipient' | 'identifiers'>
  mail: MailServices
  throttle: Throttle
  events: Pick<Events, 'emit'>
  keepTokens?: KeptTokens['keep'] | undefined
}

export function identitiesOf (
  { config, clock, database, store, providers, attributes, users, mail, throttle, events, keepTokens }: Dependencies
): Identities {
  const addresses = attributes.filter(({ channel }) => channel === 'mail').map(({ name }) => name)
  return createIdentities({
    store: createSocialAccountStore(database), providers, users, outbox: store.outbox, events, keepTokens,
    domains: createDomains(config, providers),
    mailboxes: mail.isOn ? addresses : [],
    prepareNotice: createPrepareNotice({ attributes, users, mail, throttle }),
    accountUrl: () => `${config.issuer}/account/security`,
    now: clock.now
  })
}

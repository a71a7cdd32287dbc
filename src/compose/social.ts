import type { Events } from '../events/events.ts'
import type { LoadInvitations } from '../invitations/invitations.ts'
import { createCheckProof, type CheckProof } from '../social/app-proofs.ts'
import { createDomains, type Domains } from '../social/domains.ts'
import type { Identities } from '../social/identities.ts'
import { createMapLogin } from '../social/on-upstream-login.ts'
import type { Provider } from '../social/ports.ts'
import { createProviderLogout, type ProviderLogout } from '../social/provider-logout.ts'
import type { KeptTokens } from '../social/provider-tokens.ts'
import { createProviders } from '../social/providers.ts'
import { ID_TOKEN_KEYS } from '../sessions/upstream-origin.ts'
import { createSignInUpstream, type SignInUpstream } from '../social/sign-in.ts'
import { createSocialAccountStore } from '../users/social-accounts.store.ts'
import { createUpstream, type Upstream } from '../social/upstream.ts'
import { createUpstreamLogins, type UpstreamLogins } from '../social/upstream-logins.ts'
import { createUpstreamLoginStore, createUsedProofStore } from '../social/upstream-logins.store.ts'
import type { Log } from '../runtime/log.ts'
import type { Throttle } from '../throttle/throttle.ts'
import { CODE_KEYS, createOneTimeTokens } from '../verification/one-time-tokens.ts'
import { deriveKeys } from '../crypto/app-key.ts'
import type { Core } from './core.ts'
import { identitiesOf } from './identities.ts'
import type { MailServices } from './outbox.ts'
import type { UserServices } from './users.ts'

/** Logins at other providers. */
export type SocialServices = {
  providers: ReadonlyMap<string, Provider>
  domains: Domains
  logins: UpstreamLogins
  /** The client of one of `providers`. */
  upstreamOf: (provider: Provider) => Upstream
  /** Reads what an app has got from a provider. */
  checkProof: CheckProof
  signIn: SignInUpstream
  identities: Identities
  /** Null where no tokens of a provider are kept. */
  tokens: KeptTokens | null
  /** Null where no provider has it. */
  logout: ProviderLogout | null
}

type Dependencies = Core & {
  invitations: LoadInvitations, events: Events, log: Log, mail: MailServices, throttle: Throttle, users: UserServices
}

/** Imported only where a provider is configured. */
export async function createSocial (
  { config, clock, appKeys, database, store, invitations, events, log, mail, throttle, users }: Dependencies
): Promise<SocialServices> {
  const providers = createProviders(config.social)
  const idTokenKeys = deriveKeys(appKeys, ID_TOKEN_KEYS)
  const upstreams = new Map([...providers].map(([name, provider]) => [name, createUpstream(provider, clock, idTokenKeys)]))
  const accounts = createSocialAccountStore(database)
  const { attributes, profileFields, records } = users
  const { askHost, prepareMail } = await users.newcomers()
  const domains = createDomains(config, providers)
  const upstreamOf: SocialServices['upstreamOf'] = ({ name }) => upstreams.get(name)!
  const tokens = await loadTokens({ appKeys, clock, database, log }, providers, upstreamOf)
  const identities = identitiesOf({
    config, clock, database, store, providers, attributes, users: records, mail, throttle, events, keepTokens: tokens?.keep
  })
  return {
    providers,
    domains,
    logins: createUpstreamLogins({
      store: createUpstreamLoginStore(database),
      tokens: createOneTimeTokens({ store: store.oneTimeTokens, keys: deriveKeys(appKeys, CODE_KEYS) })
    }),
    upstreamOf,
    checkProof: createCheckProof({ upstreamOf, used: createUsedProofStore(database), throttle }),
    signIn: createSignInUpstream({
      store: accounts, identities, keepTokens: tokens?.keep,
      users: records, attributes, invitations, profileFields, askHost, prepareMail, events,
      mapLogin: config.onUpstreamLogin && createMapLogin(config.onUpstreamLogin, { attributes, profileFields }),
      isOpen: config.registration === 'open',
      leadsElsewhere: Object.values(config.social).some(({ required }) => required) ? domains.leadsElsewhere : undefined,
      mustVerify: config.requireEmailVerification === 'on'
    }),
    identities,
    tokens,
    logout: [...providers.values()].some(({ logout }) => logout)
      ? createProviderLogout({ store: store.upstreamSessions, providers, keys: idTokenKeys })
      : null
  }
}

async function loadTokens (
  { appKeys, clock, database, log }: Pick<Dependencies, 'appKeys' | 'clock' | 'database' | 'log'>,
  all: ReadonlyMap<string, Provider>,
  upstreamOf: SocialServices['upstreamOf']
): Promise<KeptTokens | null> {
  const providers = new Map([...all].filter(([, { keepTokens }]) => keepTokens))
  if (providers.size === 0) return null
  const { createKeptTokens, PROVIDER_TOKEN_KEYS } = await import('../social/provider-tokens.ts')
  const { createProviderTokenStore } = await import('../social/provider-tokens.store.ts')
  const keys = deriveKeys(appKeys, PROVIDER_TOKEN_KEYS)
  return createKeptTokens({ store: createProviderTokenStore(database), keys, providers, upstreamOf, clock, log })
}

import { originOf, type Events } from '../events/events.ts'
import type { Caller } from '../oauth/ports.ts'
import type { OutboxWrites } from '../outbox/ports.ts'
import type { Identifier } from '../users/attributes.ts'
import type { PrepareNotice } from '../users/notices.ts'
import type { Users } from '../users/ports.ts'
import type { Preferences } from '../verification/recipient.ts'
import type { Domains } from './domains.ts'
import type { NewSocialAccount, Provider, SocialAccount, SocialAccountStore, UpstreamProfile, WaysIn } from './ports.ts'
import type { KeptTokens } from './provider-tokens.ts'
import type { UpstreamTokens } from './upstream-tokens.ts'

/** Who does it; nothing for an operator. */
export type By = { caller?: Caller, preferences?: Preferences }

/** The accounts at providers with which a user logs in. */
export type Identities = {
  list: (userId: string) => Promise<SocialAccount[]>
  /** Names of the providers that let a user in who has logged in before: where one is required, no other does. */
  usable: (userId: string) => Promise<string[]>
  /**
   * Adds one, which its owner has proven, with the tokens that are kept. The user is told.
   * @returns also `elsewhere`: the user must log in at another provider
   */
  link: (
    owner: { userId: string, tokenEpoch: number }, account: NewSocialAccount, by: By, tokens?: UpstreamTokens
  ) => Promise<Awaited<ReturnType<SocialAccountStore['link']>> | 'elsewhere'>
  /**
   * Adds one to the user whose verified address its provider vouches for, if `mayJoin` says so of the user, who is told.
   * @returns the user, or null
   */
  join: (account: NewSocialAccount, identifier: Identifier, by: By, mayJoin: (userId: string) => Promise<boolean>) => Promise<string | null>
  /** Removes one, unless it is the last way in and `evenLast` is not set. The user is told. */
  unlink: (
    account: Pick<SocialAccount, 'userId' | 'provider' | 'subject'>, by: By, options?: { evenLast?: boolean }
  ) => ReturnType<SocialAccountStore['unlink']>
}

type Dependencies = {
  store: SocialAccountStore
  providers: ReadonlyMap<string, Provider>
  /** Attributes whose verified addresses can be sent a link for a new password; none where no mail is sent. */
  mailboxes: string[]
  users: Pick<Users, 'identifiers'>
  domains: Pick<Domains, 'leadsElsewhere' | 'refusesPassword'>
  outbox: Pick<OutboxWrites, 'write'>
  prepareNotice: PrepareNotice
  accountUrl: () => string
  events: Pick<Events, 'emit'>
  now: () => number
  /** Where they are kept. */
  keepTokens?: KeptTokens['keep'] | undefined
}

export function createIdentities (
  { store, providers, mailboxes, users, domains, outbox, prepareNotice, accountUrl, events, now, keepTokens }: Dependencies
): Identities {
  const labelOf = (name: string) => providers.get(name)?.label ?? name
  const notice = async (name: 'identityLinked' | 'identityUnlinked', userId: string, provider: string, { caller, preferences }: By) =>
    await prepareNotice(name, { userId, caller, preferences }, { at: new Date(now()), url: accountUrl(), provider: labelOf(provider) })

  /** Those that let somebody in who has logged in before. */
  const open = [...providers.values()].filter(({ use }) => use !== 'register').map(({ name }) => name)
  const usableWith = (identifiers: readonly Identifier[]) => open.filter((name) => !domains.leadsElsewhere(name, identifiers))

  /** Where a provider is required, neither a password nor a link for a new one lets its people in. */
  async function waysOf (userId: string): Promise<WaysIn> {
    const identifiers = await users.identifiers(userId)
    const noPassword = domains.refusesPassword(identifiers)
    return { providers: usableWith(identifiers), mailboxes: noPassword ? [] : mailboxes, password: !noPassword }
  }

  return {
    list: store.list,
    usable: async (userId) => usableWith(await users.identifiers(userId)),

    async link (owner, account, by, tokens) {
      const [{ userId }, { provider }] = [owner, account]
      if (domains.leadsElsewhere(provider, await users.identifiers(userId))) return 'elsewhere'
      const entries = await notice('identityLinked', userId, provider, by)
      const outcome = await store.link(account, owner, async (transaction) => await outbox.write(entries, transaction))
      if (outcome === 'linked') events.emit('identity.linked', { userId, provider, how: 'linked', ...originOf(by.caller) })
      if (tokens && (outcome === 'linked' || outcome === 'own')) await keepTokens?.(account, userId, tokens)
      return outcome
    },

    async join (account, identifier, by, mayJoin) {
      const userId = await store.verifiedOwner(identifier)
      if (userId === null || !await mayJoin(userId)) return null
      const { provider } = account
      const entries = await notice('identityLinked', userId, provider, by)
      if (!await store.join(account, { userId, identifier }, async (transaction) => await outbox.write(entries, transaction))) return null
      events.emit('identity.linked', { userId, provider, how: 'joined', ...originOf(by.caller) })
      return userId
    },

    async unlink ({ userId, provider, subject }, by, { evenLast = false } = {}) {
      const entries = await notice('identityUnlinked', userId, provider, by)
      const ways = await waysOf(userId)
      // One that lets nobody in is no loss
      const mayBeLast = evenLast || (open.includes(provider) && !ways.providers.includes(provider))
      const account = { userId, provider, subject }
      const outcome = await store.unlink(account, mayBeLast ? null : ways, async (transaction) => await outbox.write(entries, transaction))
      if (outcome === 'unlinked') events.emit('identity.unlinked', { userId, provider, ...originOf(by.caller) })
      return outcome
    }
  }
}

/** What is stored of somebody at a provider. */
export function accountOf ({ name: provider }: Pick<Provider, 'name'>, { subject, email, name }: UpstreamProfile): NewSocialAccount {
  return { provider, subject, email, name }
}

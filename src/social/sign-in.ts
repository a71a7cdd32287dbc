import { originOf, type Events } from '../events/events.ts'
import type { LoadInvitations } from '../invitations/invitations.ts'
import type { Caller } from '../oauth/ports.ts'
import type { AskHost } from '../users/before-register.ts'
import type { Attributes, Identifier } from '../users/attributes.ts'
import { FEDERATED } from '../sessions/browser-sessions.ts'
import type { Missing } from '../users/missing.ts'
import type { Users } from '../users/ports.ts'
import { readIdentifiers } from '../users/read-identifiers.ts'
import type { PrepareRegisteredMail } from '../users/registered-mail.ts'
import type { ProfileFields } from '../users/profile-fields.ts'
import type { Preferences } from '../verification/recipient.ts'
import type { Domains } from './domains.ts'
import { accountOf, type Identities } from './identities.ts'
import { asTheProviderSays, type MapLogin, type Mapped } from './on-upstream-login.ts'
import type { NewSocialAccount, Provider, SocialAccountStore, UpstreamProfile } from './ports.ts'
import type { KeptTokens } from './provider-tokens.ts'
import type { UpstreamAnswer } from './upstream.ts'

/**
 * Why somebody is not let in. `unknown`: no user has this way in or may use it, and none is created; `exists`: the address has an account,
 * which is not joined; `unverified`: an address must be verified here, and the provider vouches for none; `incomplete`: an account needs
 * more than a provider says; `refused`: the user is disabled, or the host said no.
 */
export type Refusal = 'unknown' | 'exists' | 'unverified' | 'incomplete' | 'refused'

export type SignedInUpstream =
  | { user: { userId: string, passwordStamp: number, missing: readonly Missing[] }, isNew: boolean, refused?: never }
  /** `reason`: of the host, to be shown. */
  | { user?: never, refused: Refusal, reason?: string, isNew?: never }

/** `locale`: of a new user, where the request asks for a language. */
type By = { caller: Caller, preferences: Preferences, locale?: string | undefined }

/** What somebody is created from. */
type Entered = Pick<Extract<Mapped, { profile: unknown }>, 'profile' | 'identifiers' | 'fields'> & {
  provider: Provider
  account: NewSocialAccount
  identifier: Identifier | null
}

/** When somebody has logged in, whose provider may say so. */
export function loginTime (authTime: Date | null, now: number): Date {
  return authTime !== null && authTime.getTime() < now ? authTime : new Date(now)
}

export type SignInUpstream = (provider: Provider, answer: Pick<UpstreamAnswer, 'profile' | 'claims' | 'tokens'>, by: By) => Promise<SignedInUpstream>

type Dependencies = {
  store: Pick<SocialAccountStore, 'use' | 'insert'>
  identities: Pick<Identities, 'join'>
  /** Where tokens of a provider are kept. */
  keepTokens?: KeptTokens['keep'] | undefined
  users: Pick<Users, 'findForEntry' | 'taken' | 'createWithoutPassword' | 'identifiers'>
  attributes: Attributes
  invitations: LoadInvitations
  /** Whether everybody may register. */
  isOpen: boolean
  /** Whether an address must be verified. */
  mustVerify: boolean
  /** Where a provider is required. */
  leadsElsewhere?: Domains['leadsElsewhere'] | undefined
  profileFields?: Pick<ProfileFields, 'apply'> | undefined
  askHost?: AskHost | undefined
  /** Of the option `onUpstreamLogin`. */
  mapLogin?: MapLogin | undefined
  /** Where mails are sent. */
  prepareMail?: PrepareRegisteredMail | undefined
  events: Pick<Events, 'emit'>
}

/**
 * The user of an account at a provider: the one who has it as a way in; one whose verified address the provider vouches for; or a new one.
 * An account is joined by its address only if both sides have verified it. Otherwise whoever registers a stranger's address here, or
 * there, would get into the account of the other.
 * @throws HttpError LK_LOGIN_UNAVAILABLE, LK_REGISTRATION_UNAVAILABLE when a hook of the host fails
 */
export function createSignInUpstream (
  {
    store, identities, keepTokens, users, attributes, invitations, isOpen, mustVerify, leadsElsewhere, profileFields, askHost,
    mapLogin = asTheProviderSays, prepareMail, events
  }: Dependencies
): SignInUpstream {
  const address = attributes.find(({ channel }) => channel === 'mail')

  /** `passwordStamp`: as the way in was used; a login is refused if the user has changed since. */
  async function entryOf (
    { userId, passwordStamp }: { userId: string, passwordStamp?: number }, isNew: boolean, caller: Caller
  ): Promise<SignedInUpstream> {
    const user = await users.findForEntry(userId, [FEDERATED])
    const login = { userId, clientId: null, ...originOf(caller) }
    if (!user || user.disabled) {
      if (user) events.emit('login.failed', { ...login, reason: 'disabled' })
      return { refused: 'refused' }
    }
    if (user.missing.length > 0) events.emit('login.incomplete', { ...login, missing: [...user.missing] })
    return { user: { userId, passwordStamp: passwordStamp ?? user.passwordStamp, missing: user.missing }, isNew }
  }

  /** Whether somebody must log in at another provider, by each of their identifiers. */
  const isElsewhere = async ({ name }: Provider, userId: string) =>
    leadsElsewhere?.(name, await users.identifiers(userId)) === true

  /** Null for one that the provider does not vouch for: anybody may have entered it there. */
  function verifiedAddress ({ email, emailVerified }: UpstreamProfile): Identifier | null {
    if (!address || email === null || !emailVerified) return null
    return readIdentifiers(attributes, [address], { [address.name]: email }).identifiers[0] ?? null
  }

  /** An invitation is for whoever has the address, which the provider vouches for as well as the mail does. */
  const invitationOf = async (identifier: Identifier | null) => identifier && await (await invitations())?.findFor(identifier)

  /** @returns null when the address, or the account at the provider, has a user, or its invitation has been redeemed meanwhile */
  async function create (
    { provider, account, profile: { name }, identifier, identifiers: mapped, fields }: Entered,
    { caller, locale }: By
  ): Promise<SignedInUpstream | null> {
    if (provider.use === 'login') return { refused: 'unknown' }
    const invited = await invitationOf(identifier)
    if (!isOpen && !invited) return { refused: 'unknown' }
    if (mustVerify && !identifier) return { refused: 'unverified' }
    const proven = identifier ? [identifier] : []
    if ((await users.taken(proven)).length > 0) return null
    const taken = await users.taken(mapped)
    const identifiers = [...proven, ...mapped.filter(({ attribute }) => !taken.includes(attribute))]
    const applied = profileFields?.apply({}, fields)
    if (Object.keys(applied?.errors ?? {}).length > 0) return { refused: 'incomplete' }
    if (await askHost?.({ name, identifiers, isInvited: Boolean(invited), caller })) return { refused: 'refused' }
    const verified = proven.map(({ attribute }) => attribute)
    const writeMail = await prepareMail?.({ name, identifiers, proven: identifier }, { caller, locale })
    const made = await users.createWithoutPassword(
      { name, identifiers, verified, locale, invitation: invited?.hash, profile: applied?.profile },
      async (transaction, user) => {
        await store.insert(transaction, account, user.id)
        await writeMail?.(transaction, user)
      }
    )
    if (!made) return null
    const by = { userId: made.id, ...originOf(caller) }
    events.emit('user.registered', by)
    events.emit('identity.linked', { ...by, provider: provider.name, how: 'registered' })
    for (const attribute of verified) events.emit('identifier.verified', { ...by, attribute, cleaned: false, removed: [] })
    return await entryOf({ userId: made.id }, true, caller)
  }

  const identify: SignInUpstream = async (provider, answer, by) => {
    const mapped = await mapLogin(provider, answer, by.caller)
    if (mapped.reason !== undefined) return { refused: 'refused', reason: mapped.reason }
    const { profile, identifiers, fields } = mapped
    const account = accountOf(provider, profile)
    const identifier = verifiedAddress(profile)
    const mayJoin = async (userId: string) => !await isElsewhere(provider, userId)
    // Another request may have created the user meanwhile, who is then found
    for (let attempt = 0; attempt < 2; attempt++) {
      const known = await store.use(account)
      if (known !== null) {
        const isRefused = provider.use === 'register' || await isElsewhere(provider, known.userId)
        return isRefused ? { refused: 'unknown' } : await entryOf(known, false, by.caller)
      }
      if (identifier && leadsElsewhere?.(provider.name, [identifier])) return { refused: 'unknown' }
      const joined = identifier && provider.use !== 'register' ? await identities.join(account, identifier, by, mayJoin) : null
      if (joined) return await entryOf({ userId: joined }, false, by.caller)
      const created = await create({ provider, account, profile, identifier, identifiers, fields }, by)
      if (created) return created
    }
    return { refused: 'exists' }
  }

  return async (provider, answer, by) => {
    const signedIn = await identify(provider, answer, by)
    const { profile: { subject }, tokens } = answer
    if (signedIn.user && tokens) await keepTokens?.({ provider: provider.name, subject }, signedIn.user.userId, tokens)
    return signedIn
  }
}

import { ConfigError } from '../config/config-error.ts'
import type { Config } from '../config/config.ts'
import { deriveKeys } from '../crypto/app-key.ts'
import { settingName } from '../config/names.ts'
import type { Events } from '../events/events.ts'
import type { LoadInvitations } from '../invitations/invitations.ts'
import type { Authenticate } from '../oauth/ports.ts'
import type { OutboxKind } from '../outbox/ports.ts'
import { createPasswordPolicy, type PasswordPolicy } from '../passwords/policy.ts'
import type { LoginPace } from '../passwords/login-pace.ts'
import type { Passwords } from '../passwords/hashing.ts'
import type { AuthSessions } from '../sessions/auth-sessions.ts'
import type { Domains } from '../social/domains.ts'
import type { Throttle } from '../throttle/throttle.ts'
import type { IdentifierChanges } from '../verification/changes.ts'
import type { ProofRequests } from '../verification/requests.ts'
import { atFirstUse } from '../runtime/at-first-use.ts'
import { createAttributes, type Attributes } from '../users/attributes.ts'
import type { Decoys } from '../users/decoys.ts'
import { createAuthenticate } from '../users/authenticate.ts'
import { attributesToVerify } from './verification.ts'
import { withLanguages } from '../views/texts/index.ts'
import type { IdentifierHolds } from '../users/identifier-holds.ts'
import { createOwnUsers } from '../users/own-users.ts'
import type { NewDevice } from '../users/new-device.ts'
import type { PasswordChangedNotice } from '../users/notices.ts'
import type { Users } from '../users/ports.ts'
import type { AcceptedTerms } from '../users/terms.ts'
import type { ChangePassword } from '../users/change-password.ts'
import type { ChangeProfile } from '../users/change-profile.ts'
import type { AskHost } from '../users/before-register.ts'
import type { CorrectAddress } from '../users/correct-address.ts'
import type { ProfileFields } from '../users/profile-fields.ts'
import type { Register } from '../users/register.ts'
import type { PrepareRegisteredMail } from '../users/registered-mail.ts'
import type { Core } from './core.ts'
import { createNotices } from './notices.ts'
import { createMail } from './outbox.ts'
import { turnedOff } from './turned-off.ts'

export type UserServices = {
  /** Where they are kept. */
  records: Users
  /** What users log in with. */
  attributes: Attributes
  /** Of the option `profile`. */
  profileFields?: ProfileFields | undefined
  /** The rules for every place where a password is chosen. */
  passwordPolicy: PasswordPolicy
  authenticate: Authenticate
  register: Register
  correctAddress: CorrectAddress
  /** Where a provider is required; undefined where every password counts. */
  domains: Domains | undefined
  /** Null where there are none. */
  terms: AcceptedTerms | null
  changePassword: ChangePassword
  changeProfile: ChangeProfile
  passwordChanged: PasswordChangedNotice
  /** Null where nobody is told of new devices. */
  newDevice: NewDevice | null
  newcomers: () => Promise<Newcomers>
}

/** What every way to become a user asks and writes. */
type Newcomers = { askHost: AskHost | undefined, prepareMail: PrepareRegisteredMail | undefined }

/** What registration needs of parts that need the users. */
export type LaterRequests = Pick<ProofRequests, 'verifyEmail' | 'verifyNew' | 'addressTaken'>
type Later = { requests: LaterRequests, authSessions: AuthSessions, changes: Pick<IdentifierChanges, 'prepare' | 'pending'> }

type Dependencies = Core & {
  later: Later
  invitations: LoadInvitations
  passwords: Passwords
  pace: LoginPace
  throttle: Throttle
  events: Events
}

/** @throws ConfigError when the list of breached passwords cannot be used */
export async function checkBreachedList ({ passwords: { breached }, sources }: Config): Promise<void> {
  if (breached === undefined) return
  const { readBreachedList } = await import('../passwords/breached-list.ts')
  await readBreachedList(breached).catch((error: Error) => {
    const name = settingName(sources, 'passwords.breached', 'BREACHED_PASSWORDS')
    throw new ConfigError([{ name, message: `cannot be used: ${error.message}` }])
  })
}

async function loadDecoys (appKeys: readonly string[]): Promise<Decoys> {
  const { createDecoys, DECOY_KEYS } = await import('../users/decoys.ts')
  return createDecoys(deriveKeys(appKeys, DECOY_KEYS))
}

/** The rule for people whose provider is required. */
async function loadDomains (config: Config): Promise<Domains | undefined> {
  if (!Object.values(config.social).some(({ required }) => required)) return undefined
  const [{ createDomains }, { createProviders }] = await Promise.all([import('../social/domains.ts'), import('../social/providers.ts')])
  return createDomains(config, createProviders(config.social))
}

export async function createUsers (
  { config, appKeys, clock, database, store, outbox, later, invitations, passwords, pace, throttle, events }: Dependencies
): Promise<UserServices> {
  const attributes = await createAttributes(config.login)
  const profileFields = config.profile && (await import('../users/profile-fields.ts')).createProfileFields(config.profile)
  const passwordPolicy = createPasswordPolicy(config.passwords)
  const mustVerify = config.requireEmailVerification === 'on' ? attributesToVerify(attributes, { config, outbox }) : []
  const decoys = mustVerify.length > 0 ? await loadDecoys(appKeys) : undefined
  const holds: Pick<IdentifierHolds, 'held'> = atFirstUse(async () => (await import('./removal.ts')).holdsOf({ database, appKeys }), ['held'])
  const users = createOwnUsers({ store: store.users, passwords, pace, mustVerify, factors: config.factors === 'on', decoys, holds, profileFields })
  const { passwordChanged, newDevice } = createNotices({ config, clock, database, outbox, attributes, users, throttle })
  const domains = await loadDomains(config)
  const authenticate = createAuthenticate({ users, decoys, throttle, refusesPassword: domains?.refusesPassword, events, newDevice })
  const parts = { attributes, profileFields, users, passwordPolicy, passwordRefusal: domains?.passwordRefusal, throttle, events }

  /** Loaded with the first registration. */
  function registeredMail (): PrepareRegisteredMail | undefined {
    const { mail } = createMail({ config, outbox })
    const addresses = attributes.filter(({ channel }) => channel === 'mail').map(({ name }) => name)
    if (!mail.isOn || addresses.length === 0) return undefined
    return atFirstUse(async () => {
      const { createPrepareRegisteredMail } = await import('../users/registered-mail.ts')
      const prepare = createPrepareRegisteredMail({
        addresses, mail, outbox: store.outbox, requests: later.requests, defaultLocale: config.defaultLanguage,
        accountUrl: () => `${config.issuer}/account`
      })
      return { prepare }
    }, ['prepare']).prepare
  }

  async function newcomers (): Promise<Newcomers> {
    const { beforeRegister } = config
    const askHost = beforeRegister && (await import('../users/before-register.ts')).createAskHost(beforeRegister)
    return { askHost, prepareMail: registeredMail() }
  }

  async function loadTerms (): Promise<AcceptedTerms | null> {
    const { version } = config.terms
    return version === undefined ? null : (await import('../users/terms.store.ts')).createAcceptedTerms(database, version)
  }

  async function createRegistration (): Promise<Register> {
    if (config.registration === 'off') return turnedOff('registration')
    const { createRegister } = await import('../users/register.ts')
    const { askHost, prepareMail } = await newcomers()
    const registering = { ...parts, authenticate, invitations, invitationOnly: config.registration === 'invite', askHost, prepareMail, termsVersion: config.terms.version }
    if (mustVerify.length === 0) return createRegister(registering)
    const { createWaitingRegistration } = await import('../users/waiting-registration.ts')
    const waiting = createWaitingRegistration({ attributes, ...later })
    return createRegister({ ...registering, waiting })
  }

  async function createChanges (): Promise<Pick<UserServices, 'changePassword' | 'changeProfile'>> {
    if (!config.routes.profile) return { changePassword: turnedOff('routes.profile'), changeProfile: turnedOff('routes.profile') }
    const [
      { createVerifyCurrentPassword }, { createChangePassword }, { createChangeProfile }, { createStepUp }, { isRecent }
    ] = await Promise.all([
      import('../users/current-password.ts'), import('../users/change-password.ts'), import('../users/change-profile.ts'),
      import('../account/step-up.ts'), import('../account/owner.ts')
    ])
    const verifyCurrent = createVerifyCurrentPassword(parts)
    const isRecentLogin = (authTime: Date | null) => isRecent(authTime, clock.now())
    const changing = { ...parts, passwordChanged, outbox: store.outbox, verifyCurrent, isRecent: isRecentLogin }
    const isOn = (kind: OutboxKind) => outbox.mode(kind) !== 'off'
    const confirmable = attributes.filter(({ channel }) => channel !== null && isOn(channel)).map(({ name }) => name)
    const stepUp = createStepUp({ users, verifyCurrent, now: clock.now })
    const changeProfile = createChangeProfile({
      ...parts, stepUp, mustVerify, confirmable,
      languages: Object.keys(withLanguages(config.languages)),
      changes: confirmable.length > 0 ? later.changes : null
    })
    return { changePassword: createChangePassword(changing), changeProfile }
  }

  async function createCorrection (): Promise<CorrectAddress> {
    const { createCorrectAddress } = await import('../users/correct-address.ts')
    return createCorrectAddress({ ...parts, authenticate, register, termsVersion: config.terms.version })
  }

  const { register } = atFirstUse(async () => ({ register: await createRegistration() }), ['register'])
  return {
    records: users, attributes, profileFields, passwordPolicy, passwordChanged, authenticate, domains, terms: await loadTerms(),
    register, newDevice, newcomers,
    ...atFirstUse(async () => ({ correctAddress: await createCorrection() }), ['correctAddress']),
    ...atFirstUse(createChanges, ['changePassword', 'changeProfile'])
  }
}

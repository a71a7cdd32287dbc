import type { Config } from '../config/config.ts'
import { settingName } from '../config/names.ts'
import { openCore, type Core, type CoreOptions } from './core.ts'
import type { Log } from '../runtime/log.ts'
import { startAuditTrail, type AuditTrail } from '../events/audit-trail.ts'
import { createEvents, type Events } from '../events/events.ts'
import { checkNamedClients, installClients } from './install.ts'
import type { Invitations, LoadInvitations } from '../invitations/invitations.ts'
import { startPurgeJob } from '../maintenance/purge-job.ts'
import type { PurgeStep } from '../maintenance/purge.ts'
import { createScopes } from '../oauth/scopes.ts'
import { OIDC_SCOPES } from '../oidc/claims.ts'
import { loadArgon2 } from '../passwords/native-modules.ts'
import { createLoginPace } from '../passwords/login-pace.ts'
import { createPasswords, type Passwords } from '../passwords/hashing.ts'
import { deriveKeys } from '../crypto/app-key.ts'
import { createKnownDevices } from '../throttle/known-devices.ts'
import { createThrottle, noThrottle, type Throttle } from '../throttle/throttle.ts'
import { createAccount, createPersonalTokenServices, type AccountServices, type PersonalTokenServices } from './account.ts'
import { createClients, type ClientServices } from './clients.ts'
import { createOAuth, type OAuthServices, type OidcServices } from './oauth.ts'
import { createMail, startOutbox, type MailServices, type SmsServices } from './outbox.ts'
import { followRevocations, type RevocationServices } from './revocation.ts'
import { createSessions, type SessionServices } from './sessions.ts'
import { checkBreachedList, createUsers, type LaterRequests, type UserServices } from './users.ts'
import type { Challenge } from '../factors/challenge.ts'
import type { Factors } from '../factors/factors.ts'
import type { Passkeys } from '../passkeys/passkeys.ts'
import { atFirstUse } from '../runtime/at-first-use.ts'
import type { SocialServices } from './social.ts'
import { createVerification, type VerificationServices } from './verification.ts'

/** Everything that plugins and routes use, by noun; created once per app. */
export type Services = Core & {
  account: AccountServices
  clients: ClientServices
  events: Events
  /** Second factors; loaded at their first use. */
  factors: FactorServices
  invitations: LoadInvitations
  mail: MailServices
  oauth: OAuthServices
  oidc: OidcServices
  /** Loaded at their first use. */
  passkeys: Passkeys
  passwords: Passwords
  personalTokens: PersonalTokenServices
  revocation: RevocationServices
  sessions: SessionServices
  sms: SmsServices
  /** Null where no provider is configured. */
  social: SocialServices | null
  users: UserServices
  verification: VerificationServices
}

export type FactorServices = Factors & Challenge

const KEY_CHECK_MS = 60_000

/** Opens the database, creates the parts and follows the revocations. */
export async function createServices (config: Config, { log, prisma }: Pick<CoreOptions, 'log' | 'prisma'>): Promise<Services> {
  const events = createEvents((err, name) => log.error({ err, name }, 'A handler of an event failed'))
  logEvents(events, log)
  // What is missing is reported before a database is created
  await loadArgon2()
  await checkBreachedList(config)
  const core = await openCore(config, { log, prisma })
  const stops: Stop[] = [core.close]
  try {
    if (core.fresh) await installClients(core.store, config)
    await checkNamedClients(core)
    const services = await createParts({ ...core, events, log }, stops)
    return { ...core, ...services, events, close: () => stopAll(stops) }
  } catch (error) {
    await stopAll(stops)
    throw error
  }
}

type Stop = () => Promise<void>

/** In reverse order; each runs even if another one fails. */
async function stopAll (stops: Stop[]): Promise<void> {
  const stop = stops.pop()
  if (!stop) return
  try {
    await stop()
  } finally {
    await stopAll(stops)
  }
}

type CreateSocial = typeof import('./social.ts').createSocial

type Base = Core & { events: Events, log: Log }

/**
 * In the order of their dependencies.
 * @param stops collects what is to be stopped with the database
 */
async function createParts (base: Base, stops: Stop[]): Promise<Omit<Services, keyof Core | 'events'>> {
  const { config, clock, store, log } = base
  const scopes = createScopes({ ...OIDC_SCOPES, ...config.scopes }, { inherit: config.scopeInheritance === 'on' })
  const clients = await createClients({ ...base, scopes })
  const revocation = followRevocations({ ...base, clients })
  stops.push(revocation.feed.stop)
  await revocation.feed.start()
  const { audited } = startJobs(base, stops)
  stops.push(await startOutbox(base))

  const passwords = await createPasswords(config.passwords)
  const pace = createLoginPace({ passwords, passwordHashes: store.passwordHashes, clock, log })
  stops.push(pace.stop)
  const throttle = await openThrottle(base)
  const revocationList = revocation.list
  const sessions = createSessions({ ...base, revocationList })
  const invitations = loadsInvitations(base)
  // Mistakes are reported at the start
  if (config.registration === 'invite') await invitations()
  // They need the users, too
  const requests: LaterRequests = {
    verifyEmail: (...args) => verification.requests.verifyEmail(...args),
    verifyNew: (...args) => verification.requests.verifyNew(...args),
    addressTaken: (...args) => verification.requests.addressTaken(...args)
  }
  const changes: Pick<VerificationServices['changes'], 'prepare' | 'pending'> = {
    prepare: (...args) => verification.changes.prepare(...args),
    pending: (...args) => verification.changes.pending(...args)
  }
  const later = { requests, changes, authSessions: sessions.auth }
  const users = await createUsers({ ...base, later, invitations, passwords, pace, throttle })
  const personalTokens = await createPersonalTokenServices({
    ...base, clients, scopes, revocationList, missing: users.records.missing
  })
  const messages = createMail(base)
  const verification = createVerification({ ...base, ...messages, users, throttle })
  const factors = loadsFactors({ ...base, authSessions: sessions.auth, users, throttle })
  const passkeys = loadsPasskeys({ ...base, users, throttle })
  const social = await loadSocial({ ...base, ...messages, invitations, users, throttle })
  return {
    ...createOAuth({ ...base, challenge: factors, clients, personalTokens, revocationList, scopes, sessions, throttle, users }),
    account: createAccount({
      ...base, ...messages, audited, clients, scopes, personalTokens, sessionEnds: sessions.sessionEnds, throttle, users
    }),
    ...messages,
    clients, factors, invitations, passkeys, passwords, personalTokens, revocation, sessions, social, users,
    verification
  }
}

async function loadSocial (parts: Parameters<CreateSocial>[0]): Promise<SocialServices | null> {
  return Object.keys(parts.config.social).length === 0 ? null : await (await import('./social.ts')).createSocial(parts)
}

type FactorParts = Base & { authSessions: SessionServices['auth'], users: UserServices, throttle: Throttle }

/** Loaded with the first second factor. */
function loadsFactors ({ users: { records, attributes, newDevice }, ...parts }: FactorParts): FactorServices {
  const load = async () => {
    const { challengeOf, factorsOf } = await import('./factors.ts')
    return { ...factorsOf({ ...parts, attributes, users: records }), ...challengeOf({ ...parts, users: records, newDevice }) }
  }
  return atFirstUse<FactorServices>(load, ['list', 'beginTotp', 'confirmTotp', 'newRecoveryCodes', 'remove', 'reset', 'waysOf', 'pass'])
}

/** Loaded with the first passkey. */
function loadsPasskeys ({ users: { records, attributes }, ...parts }: Omit<FactorParts, 'authSessions'>): Passkeys {
  const load = async () => (await import('./passkeys.ts')).passkeysOf({ ...parts, attributes, users: records })
  return atFirstUse<Passkeys>(load, ['list', 'options', 'add', 'rename', 'remove'])
}

/** Loaded with the first invitation. */
function loadsInvitations (base: Base): LoadInvitations {
  let loading: Promise<Invitations | null> | undefined
  return () => (loading ??= import('./invitations.ts').then(({ createInvitationServices }) => createInvitationServices(base)))
}

/** Starts the periodic jobs of the process. `audited` resolves when the events so far are in the audit log. */
function startJobs (base: Base, stops: Stop[]): { audited: AuditTrail['written'] } {
  const { clock, store, keys, events, log } = base
  const rotate = () => keys.rotateDue().catch((err) => log.warn({ err }, 'The signing keys could not be checked'))
  const timer = setInterval(rotate, KEY_CHECK_MS).unref()
  const trail = startAuditTrail({
    events, clock, write: store.audit.write, onError: (err, lost) => log.warn({ err, lost }, 'Audit events are lost')
  })
  stops.push(trail.stop, startPurgeJob({ ...base, users: () => loadUserPurge(base) }, log).stop, async () => clearInterval(timer))
  return { audited: trail.written }
}

/** Loaded with the first purge. */
async function loadUserPurge (base: Base): Promise<PurgeStep> {
  const { userPurgeOf } = await import('./removal.ts')
  return userPurgeOf({
    ...base,
    onRefused: ({ err, ...refused }) =>
      base.log.warn({ err, ...refused }, 'A user who has asked for deletion could not be deleted; `latchkey doctor` names what refers to them')
  })
}

/** Logs the events that an operator should know about. */
function logEvents (events: Events, log: Log): void {
  events.on('session.reused', (details) => log.warn(details, 'A refresh token was used again after its grace: its session is revoked'))
  events.on(
    'database.went_back',
    (details) => log.warn(details, 'A refresh token was newer than its session: the database was restored from a backup')
  )
}

async function openThrottle ({ config, clock, appKeys, store, events, log }: Base): Promise<Throttle> {
  if (config.rateLimit === 'off') return noThrottle
  const warn = atMostOnceAMinute(clock.monotonic, () => log.warn(
    { perDay: config.sms.perDay }, `No more text messages are sent: there were ${settingName(config.sources, 'sms.perDay', 'SMS_PER_DAY')} in 24 hours`
  ))
  return createThrottle({
    counter: await store.throttle.counters(clock),
    devices: createKnownDevices(deriveKeys(appKeys, 'devices')),
    secret: deriveKeys(appKeys, 'throttle')[0]!,
    clock,
    smsPerDay: config.sms.perDay,
    onRefused (counter) {
      events.emit('attempt.refused', { counter })
      if (counter === 'sms_day') warn()
    }
  })
}

function atMostOnceAMinute (now: () => number, report: () => void): () => void {
  let last = -Infinity
  return () => {
    if (now() - last < 60_000) return
    last = now()
    report()
  }
}

import { deriveKeys } from '../crypto/app-key.ts'
import type { Config } from '../config/config.ts'
import { openCore, type Core, type CoreOptions } from './core.ts'
import type { Log } from '../runtime/log.ts'
import { openFeedConnection } from '../revocation/feed-connection.store.ts'
import { startAuditTrail } from '../events/audit-trail.ts'
import { createEvents, originOf, type Events } from '../events/events.ts'
import { checkNamedClients, installClients } from './install.ts'
import { createClientDirectory, type ClientDirectory } from '../clients/directory.ts'
import type { Authenticate, Client } from '../oauth/ports.ts'
import { startPurgeJob } from '../maintenance/purge-job.ts'
import { followsRevocations } from '../oauth/scopes.ts'
import { isClientId } from '../crypto/secrets.ts'
import { createProtocol, type Protocol } from './protocol.ts'
import { createFeed, type Feed } from '../revocation/feed.ts'
import { createFollowers, type Followers } from '../revocation/followers.ts'
import { createFolding } from '../revocation/fold.ts'
import { createRevocationList, type Revocation, type RevocationList } from '../revocation/revocation-list.ts'
import { createSessionEnds, type SessionEnds } from '../sessions/end.ts'
import { createAttributes, type Attributes } from '../users/attributes.ts'
import { createAuthenticate } from '../users/authenticate.ts'
import type { ChangeProfile } from '../users/change-profile.ts'
import type { ChangePassword } from '../users/change-password.ts'
import { createPasswordPolicy } from '../passwords/policy.ts'
import { createDevices } from '../throttle/known-devices.ts'
import { createLoginPace, type LoginPace } from '../passwords/login-pace.ts'
import { loadArgon2 } from '../passwords/hashing.ts'
import { createPasswords, type Passwords } from '../passwords/passwords.ts'
import type { Register } from '../users/register.ts'
import { turnedOff } from './turned-off.ts'
import { createThrottle, noThrottle, type Throttle } from '../throttle/throttle.ts'

/** Everything that routes and guards use, made once per process. */
export type Services = Core & Protocol & {
  attributes: Attributes
  authenticate: Authenticate
  clients: ClientDirectory
  /** The client behind a proxy route, or null. */
  proxyClient: (slug: string) => Promise<Client | null>
  register: Register
  changePassword: ChangePassword
  changeProfile: ChangeProfile
  passwords: Passwords
  loginPace: LoginPace
  revocations: RevocationList
  feed: Feed
  /** Guards in other services. */
  followers: Followers
  sessionEnds: SessionEnds
  events: Events
}

const KEY_CHECK_MS = 60_000

/** Opens the database, follows the revocations, and puts the parts together. */
export async function createServices (config: Config, options: Pick<CoreOptions, 'log' | 'prisma'>): Promise<Services> {
  const revocations = createRevocationList()
  const events = createEvents((err, name) => options.log.error({ err, name }, 'A handler of an event failed'))
  logEvents(events, options.log)
  const after: { feed?: Feed, clients?: ClientDirectory, fold?: (rows: Revocation[]) => void } = {}
  const onRevoked = (rows: Revocation[]) => {
    revocations.apply(rows)
    for (const { kind, subject } of rows) {
      if (isClientId(subject)) after.clients?.forget(subject)
      events.emit('token.revoked', { kind, subject })
    }
    after.feed?.announce()
    after.fold?.(rows)
  }
  // A program that is missing is told before a database is made
  await loadArgon2()
  const core = await openCore(config, { ...options, onRevoked })
  const stops: Stop[] = [core.close]
  try {
    if (core.fresh) await installClients(core.store, config)
    await checkNamedClients(core.store, config)
    const clients = createClientDirectory(core.store.clients)
    const feed = followRevocations(core, clients, revocations, options.log)
    stops.push(feed.stop)
    after.feed = feed
    after.clients = clients
    after.fold = createFolding({
      list: revocations,
      fold: (owner) => isClientId(owner) ? core.store.clients.foldRevocations(owner) : core.store.users.foldRevocations(owner),
      onError: (err) => options.log.warn({ err }, 'Revocations could not be folded')
    })
    await feed.start()
    const timer = watchKeys(core, options.log)
    const trail = startAuditTrail({
      events, write: core.store.audit.write, onError: (err, lost) => options.log.warn({ err, lost }, 'Audit events are lost')
    })
    stops.push(trail.stop, startPurgeJob(core, options.log).stop, async () => clearInterval(timer))
    const parts = await createParts(core, clients, revocations, events, options.log)
    stops.push(parts.loginPace.stop)
    const close = () => stopAll(stops)
    const followers = createFollowers({
      list: revocations, feed, limit: config.revocation.maxStreams, mayFollow: async (id) =>
        followsRevocations(await clients.find(id))
    })
    return { ...core, ...parts, clients, revocations, feed, followers, events, close }
  } catch (error) {
    await stopAll(stops)
    throw error
  }
}

type Stop = () => Promise<void>

/** The last one first, and each whatever became of the others. */
async function stopAll (stops: Stop[]): Promise<void> {
  const [stop, ...rest] = stops.splice(0).reverse()
  if (!stop) return
  try {
    await stop()
  } finally {
    await stopAll(rest.reverse())
  }
}

function followRevocations ({ directUrl, keys }: Core, clients: ClientDirectory, list: RevocationList, log: Log): Feed {
  function onRows (rows: Revocation[]): void {
    for (const { kind, subject } of rows) {
      if (kind === 'client' || isClientId(subject)) clients.forget(subject)
      if (kind === 'key') keys.load().catch((err) => log.warn({ err }, 'The signing keys could not be read'))
    }
  }
  return createFeed({ connect: (onNotification) => openFeedConnection(directUrl, onNotification), list, onRows, log })
}

function watchKeys ({ keys }: Core, log: Log): NodeJS.Timeout {
  const check = () => keys.rotateDue().catch((err) => log.warn({ err }, 'The signing keys could not be checked'))
  return setInterval(check, KEY_CHECK_MS).unref()
}

function tellingRegister (register: Register, events: Events): Register {
  return async (body, caller, form) => {
    const registration = await register(body, caller, form)
    if (registration.user && !registration.again) events.emit('user.registered', { userId: registration.user.id, ...originOf(caller) })
    return registration
  }
}

function tellingChange (change: ChangePassword, events: Events): ChangePassword {
  return async (request) => {
    const errors = await change(request)
    if (!errors) events.emit('password.changed', { userId: request.userId, ...originOf(request.caller) })
    return errors
  }
}

/** What an operator should hear of. */
function logEvents (events: Events, log: Log): void {
  events.on('session.reused', (details) => log.warn(details, 'A refresh token was used again after its grace: its session is revoked'))
  events.on(
    'database.went_back',
    (details) => log.warn(details, 'A session was behind its refresh token: the database went back to a backup')
  )
}

async function openThrottle ({ config, appKeys, store }: Core, events: Events): Promise<Throttle> {
  if (config.rateLimit === 'off') return noThrottle
  return createThrottle({
    counter: await store.throttle.counters(),
    devices: createDevices(deriveKeys(appKeys, 'devices')),
    secret: deriveKeys(appKeys, 'throttle')[0]!,
    onRefused: (counter) => events.emit('attempt.refused', { counter })
  })
}

async function createParts (core: Core, clients: ClientDirectory, revocations: RevocationList, events: Events, log: Log) {
  const { config, store: { users, passwordHashes } } = core
  const attributes = await createAttributes(config.login)
  const passwords = await createPasswords(config.passwords)
  const policy = createPasswordPolicy(config.passwords)
  const throttle = await openThrottle(core, events)
  const sessionEnds = createSessionEnds({ store: core.store, tell: events.emit })
  const pace = createLoginPace({ passwords, hashes: passwordHashes, log })
  const authenticate = createAuthenticate({ users, passwords, pace, throttle, events })

  async function proxyClient (slug: string): Promise<Client | null> {
    const named = Object.hasOwn(config.clients, slug) ? config.clients[slug] : undefined
    const client = await (named ? clients.find(named.id) : clients.findBySlug(slug))
    return client && !client.revokedAt && (client.proxy || named) ? client : null
  }

  return {
    ...await createProtocol({ ...core, clients, revocations, attributes, authenticate, throttle, sessionEnds, events, log }),
    sessionEnds,
    attributes,
    authenticate,
    loginPace: pace,
    passwords,
    proxyClient,
    register: await createRegistration({ attributes, users, passwords, policy, authenticate }, core, events),
    ...await createProfileChanges({ attributes, users, passwords, policy, throttle, events }, core)
  }
}

type Accounts = {
  attributes: Attributes, users: Core['store']['users'], passwords: Passwords,
  policy: ReturnType<typeof createPasswordPolicy>
}

async function createRegistration (parts: Accounts & { authenticate: Authenticate }, { config }: Core, events: Events): Promise<Register> {
  if (config.registration === 'off') return turnedOff('registration')
  const { createRegister } = await import('../users/register.ts')
  return tellingRegister(createRegister(parts), events)
}

async function createProfileChanges (
  parts: Accounts & { throttle: Throttle, events: Events },
  { config }: Core
): Promise<Pick<Services, 'changePassword' | 'changeProfile'>> {
  if (!config.routes.profile) return { changePassword: turnedOff('routes.profile'), changeProfile: turnedOff('routes.profile') }
  const [{ createChangePassword }, { createChangeProfile }] = await Promise.all([import('../users/change-password.ts'),
    import('../users/change-profile.ts')])
  return { changePassword: tellingChange(createChangePassword(parts), parts.events), changeProfile: createChangeProfile(parts) }
}

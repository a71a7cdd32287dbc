import { deriveKeys } from './app-key.ts'
import type { Config } from './config.ts'
import { openCore, type Core, type CoreOptions, type Log } from './core.ts'
import { openFeedConnection } from '../prisma/store/feed-connection.ts'
import { checkNamedClients, installClients } from './install.ts'
import { createAccessTokens } from './oauth/access-token.ts'
import { createClientDirectory, type ClientDirectory } from './oauth/client-directory.ts'
import { clientCredentialsGrant } from './oauth/grants/client-credentials.ts'
import { passwordGrant } from './oauth/grants/password.ts'
import { refreshTokenGrant } from './oauth/grants/refresh-token.ts'
import type { Client } from './oauth/ports.ts'
import { createRefreshTokens, type RefreshTokens } from './oauth/refresh-token.ts'
import { createScopes } from './oauth/scopes.ts'
import { createStartSession } from './oauth/start-session.ts'
import { createTokenEndpoint, type TokenEndpoint } from './oauth/token.ts'
import { createFeed, type Feed } from './revocation/feed.ts'
import { createFolding } from './revocation/fold.ts'
import { createRevocationList, type Revocation, type RevocationList } from './revocation/revocation-list.ts'
import { createAttributes, type Attributes } from './users/attributes.ts'
import { createAuthenticate } from './users/authenticate.ts'
import { createChangePassword, type ChangePassword } from './users/change-password.ts'
import { createPasswordPolicy } from './users/password-policy.ts'
import { createPasswords, type Passwords } from './users/passwords.ts'
import { createRegister, type Register } from './users/register.ts'

/** Everything that routes and guards use, made once per process. */
export type Services = Core & {
  attributes: Attributes
  clients: ClientDirectory
  /** The client behind a proxy route, or null. */
  proxyClient: (slug: string) => Promise<Client | null>
  token: TokenEndpoint
  refreshTokens: RefreshTokens
  register: Register
  changePassword: ChangePassword
  passwords: Passwords
  revocations: RevocationList
  feed: Feed
}

const KEY_CHECK_MS = 60_000

/** Opens the database, follows the revocations, and puts the parts together. */
export async function createServices (config: Config, options: Pick<CoreOptions, 'log' | 'prisma'>): Promise<Services> {
  const revocations = createRevocationList()
  const after: { feed?: Feed, fold?: (rows: Revocation[]) => void } = {}
  const onRevoked = (rows: Revocation[]) => {
    revocations.apply(rows)
    after.feed?.announce()
    after.fold?.(rows)
  }
  const core = await openCore(config, { ...options, onRevoked })
  try {
    if (core.fresh) await installClients(core.store, config)
    await checkNamedClients(core.store, config)
    const clients = createClientDirectory(core.store.clients)
    const feed = followRevocations(core, clients, revocations, options.log)
    after.feed = feed
    after.fold = createFolding({
      list: revocations, fold: core.store.users.foldRevocations, onError: (err) => options.log.warn({ err }, 'Revocations could not be folded')
    })
    await feed.start()
    const timer = watchKeys(core, options.log)
    const close = async () => {
      clearInterval(timer)
      await feed.stop()
      await core.close()
    }
    return { ...core, ...await createParts(core, clients, options.log), clients, revocations, feed, close }
  } catch (error) {
    await after.feed?.stop()
    await core.close()
    throw error
  }
}

function followRevocations ({ config, databaseUrl, keys }: Core, clients: ClientDirectory, list: RevocationList, log: Log): Feed {
  function onRows (rows: Revocation[]): void {
    for (const { kind, subject } of rows) {
      if (kind === 'client') clients.forget(subject)
      if (kind === 'key') keys.load().catch((err) => log.warn({ err }, 'The signing keys could not be read'))
    }
  }
  const url = config.databaseDirectUrl ?? databaseUrl
  return createFeed({ connect: (onNotification) => openFeedConnection(url, onNotification), list, onRows, log })
}

function watchKeys ({ keys }: Core, log: Log): NodeJS.Timeout {
  const check = () => keys.rotateDue().catch((err) => log.warn({ err }, 'The signing keys could not be checked'))
  return setInterval(check, KEY_CHECK_MS).unref()
}

async function createParts ({ config, appKeys, store, keys }: Core, clients: ClientDirectory, log: Log) {
  const attributes = await createAttributes(config.login)
  const passwords = await createPasswords(config.passwords)
  const policy = createPasswordPolicy(config.passwords)
  const refreshTokens = createRefreshTokens(deriveKeys(appKeys, 'refresh-tokens'), config.issuer)
  const token = createTokenEndpoint(clients, createGrants())

  function createGrants () {
    const scopes = createScopes(config.scopes)
    const accessTokens = createAccessTokens({ sign: (claims) => keys.sign('ES256', claims, 'at+jwt'), issuer: config.issuer, ttl: config.accessTokenTtl })
    const { sessionTtl, refreshTokenTtl: idleTtl, refreshGrace: grace } = config
    const startSession = createStartSession({ sessions: store.sessions, accessTokens, refreshTokens, sessionTtl, idleTtl })
    const authenticate = createAuthenticate(store.users, passwords)
    return [
      ...(config.passwordGrant === 'on' ? [passwordGrant({ attributes, scopes, authenticate, startSession })] : []),
      clientCredentialsGrant({ accessTokens, scopes }),
      refreshTokenGrant({
        sessions: store.sessions,
        accessTokens,
        refreshTokens,
        idleTtl,
        grace,
        onWentBack: () => log.warn({}, 'A session was behind its refresh token: the database went back to a backup'),
        onReuse: (client, session) => log.warn({ client: client.id, session }, 'A refresh token was used again after its grace: its session is revoked')
      })
    ]
  }

  async function proxyClient (slug: string): Promise<Client | null> {
    const named = Object.hasOwn(config.clients, slug) ? config.clients[slug] : undefined
    const client = await (named ? clients.find(named.id) : clients.findBySlug(slug))
    return client && !client.revokedAt && (client.proxy || named) ? client : null
  }

  return {
    attributes,
    passwords,
    refreshTokens,
    token,
    proxyClient,
    register: createRegister({ attributes, users: store.users, passwords, policy }),
    changePassword: createChangePassword({ users: store.users, passwords, policy })
  }
}

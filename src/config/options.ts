// Made from the schemas by `npm run docs:options`; do not edit.
import type { TSchema } from 'typebox'
import type { Settings } from './settings.ts'
import type { RemoteProxy } from './remote-proxy-options.ts'
import type { ApiGuardOptions, RemoteGuard } from './guard-options.ts'
import type { Views } from '../views/index.ts'
import type { PartialTexts } from '../views/texts/index.ts'

/** Options of the server; they win over the environment. */
export interface SettingsOptions {
  /** Port that the server listens on. Variable: PORT. Default: 3000. */
  port?: NonNullable<Settings['port']>
  /** Address that the server listens on. Variable: HOST. Default: 127.0.0.1. */
  host?: NonNullable<Settings['host']>
  /** Public address, and with the prefix the issuer, such as https://id.example.com; without one it is this machine at the port that listens, for development. Variable: APP_URL. */
  appUrl?: NonNullable<Settings['appUrl']>
  /** Path under which the routes stand, such as /auth. */
  prefix?: NonNullable<Settings['prefix']>
  /** 32 random bytes in base64, such as `openssl rand -base64 32` prints. Variable: APP_KEY. */
  appKey?: NonNullable<Settings['appKey']>
  /** Earlier values of APP_KEY that are still accepted, separated by commas. Variable: APP_PREVIOUS_KEYS. */
  appPreviousKeys?: NonNullable<Settings['appPreviousKeys']>
  /** Folder of the embedded database and of the APP_KEY made for it. Variable: LATCHKEY_DATA_DIR. Default: .latchkey. */
  dataDir?: NonNullable<Settings['dataDir']>
  /** PostgreSQL to use instead of the embedded one, such as postgresql://user:password@host:5432/name. Variable: DATABASE_URL. */
  databaseUrl?: NonNullable<Settings['databaseUrl']>
  /** The same database without PgBouncer between, for the revocation feed. Variable: DATABASE_DIRECT_URL. */
  databaseDirectUrl?: NonNullable<Settings['databaseDirectUrl']>
  /** Connections that one process keeps. Variable: DATABASE_POOL_SIZE. Default: 10. */
  databasePoolSize?: NonNullable<Settings['databasePoolSize']>
  /** Prepared statements; off behind a PgBouncer in transaction mode that is older than 1.21. Variable: DATABASE_PREPARE. Default: on. */
  databasePrepare?: NonNullable<Settings['databasePrepare']>
  /** Options of login. */
  login?: {
    /** Login attributes in the order in which they are tried: name and TypeBox schema. Variable: LOGIN_ATTRIBUTES. */
    attributes?: Record<string, TSchema>
    /** Put before the attribute names in login bodies; a dot descends, as in `user.`. */
    prefix?: NonNullable<NonNullable<Settings['login']>['prefix']>
    /** Country of phone numbers in national format, such as DE. Variable: DEFAULT_COUNTRY. */
    defaultCountry?: NonNullable<NonNullable<Settings['login']>['defaultCountry']>
  }
  /** Scopes and what they allow, as JSON, such as { "orders:read": "See your orders" }. Variable: SCOPES. */
  scopes?: Record<string, string>
  /** A scope brings the registered ones below it: who gets `orders` gets `orders:read`. Variable: SCOPE_INHERITANCE. Default: off. */
  scopeInheritance?: NonNullable<Settings['scopeInheritance']>
  /** Resource servers that tokens can be made for (RFC 8707), separated by commas, such as https://api.example.com. Variable: RESOURCE_SERVERS. */
  resourceServers?: NonNullable<Settings['resourceServers']>
  /** Seconds that an access token lives. Variable: ACCESS_TOKEN_TTL. Default: 3600. */
  accessTokenTtl?: NonNullable<Settings['accessTokenTtl']>
  /** Seconds without a refresh after which a session ends. Variable: REFRESH_TOKEN_TTL. Default: 2592000. */
  refreshTokenTtl?: NonNullable<Settings['refreshTokenTtl']>
  /** Seconds after which a session ends whatever happens. Variable: SESSION_TTL. Default: 15552000. */
  sessionTtl?: NonNullable<Settings['sessionTtl']>
  /** Seconds in which a refresh token that was just used gets the same successor again; 0 turns it off. Variable: REFRESH_GRACE. Default: 30. */
  refreshGrace?: NonNullable<Settings['refreshGrace']>
  /** Seconds that a browser stays logged in on the pages. Variable: BROWSER_SESSION_TTL. Default: 43200. */
  browserSessionTtl?: NonNullable<Settings['browserSessionTtl']>
  /** Seconds without a request after which a browser is logged out, unless it is remembered. Variable: BROWSER_IDLE_TTL. Default: 7200. */
  browserIdleTtl?: NonNullable<Settings['browserIdleTtl']>
  /** Seconds that a browser stays logged in with "remember me". Variable: BROWSER_REMEMBER_TTL. Default: 2592000. */
  browserRememberTtl?: NonNullable<Settings['browserRememberTtl']>
  /** Login page that guests of authGuard('web') are sent to; the one of this server when not given. Variable: LOGIN_PATH. */
  loginPath?: NonNullable<Settings['loginPath']>
  /** Where a login leads that came from nowhere else; `/account` of this server when not given. Variable: HOME_PATH. */
  homePath?: NonNullable<Settings['homePath']>
  /** Options of brand. */
  brand?: {
    /** Whose pages these are. Default: Latchkey. */
    name?: NonNullable<NonNullable<Settings['brand']>['name']>
    /** A path on this server, a `data:image` URL, or the text of an SVG. */
    logo?: NonNullable<NonNullable<Settings['brand']>['logo']>
    /** Color of buttons and links, such as #2f5bd3; adjusted until it is readable in light and dark. */
    color?: NonNullable<NonNullable<Settings['brand']>['color']>
    /** Deprecated name of `brand.color`, accepted until the next release. */
    colour?: NonNullable<NonNullable<Settings['brand']>['colour']>
  }
  /** Pages of your own by name: `start`, `login`, `register`, `consent`, `logout`, `loggedOut`, `account`, `deviceCode`, `deviceConfirm`, `deviceDone`, `formPost`, `error`. */
  views?: Views
  /** Language of the pages for visitors who ask for none that is there: `en`, `de`, or one of `languages`. Variable: DEFAULT_LANGUAGE. Default: en. */
  defaultLanguage?: NonNullable<Settings['defaultLanguage']>
  /** Words of the pages by language, beside `en` and `de`; what is missing stays English. */
  languages?: Record<string, PartialTexts>
  /** Origins of other sites and web views whose pages may call, separated by commas, such as https://app.example.com and capacitor://localhost; no wildcards. Variable: CORS_ORIGINS. */
  corsOrigins?: NonNullable<Settings['corsOrigins']>
  /** Login with user name and password at the token endpoint and the client proxies. Variable: PASSWORD_GRANT. Default: on. */
  passwordGrant?: NonNullable<Settings['passwordGrant']>
  /** Whether people register themselves: `open` or `off`; `latchkey user create` makes users in both. Variable: REGISTRATION. Default: open. */
  registration?: NonNullable<Settings['registration']>
  /** Options of routes. */
  routes?: {
    /** `/v1/profile`: `on` or `off`, true or false as option, like those below. What is off is 404, on no page and in no document. Variable: PROFILE. Default: true. */
    profile?: NonNullable<NonNullable<Settings['routes']>['profile']>
    /** Clients that users register: `/v1/oauth/clients`. Those that are there go on. Variable: USER_CLIENTS. Default: true. */
    clients?: NonNullable<NonNullable<Settings['routes']>['clients']>
    /** Personal access tokens that users make: `/v1/oauth/personal-access-tokens` and their part of the account page. Those that are there go on, as do those of `latchkey tokens create`. Variable: PERSONAL_TOKENS. Default: true. */
    personalTokens?: NonNullable<NonNullable<Settings['routes']>['personalTokens']>
    /** `/docs` and `/docs/json`. Variable: DOCS. Default: true. */
    docs?: NonNullable<NonNullable<Settings['routes']>['docs']>
    /** `/metrics`. Variable: METRICS. Default: true. */
    metrics?: NonNullable<NonNullable<Settings['routes']>['metrics']>
    /** The pages, and what needs them: authorization codes, devices, OpenID Connect Discovery, logout for applications. Default: true. */
    pages?: NonNullable<NonNullable<Settings['routes']>['pages']>
  }
  /** Reverse proxies before the server, whose X-Forwarded-For counts: how many, or their addresses; `true` believes whatever a visitor writes. Variable: TRUST_PROXY. Default: false. */
  trustProxy?: NonNullable<Settings['trustProxy']>
  /** Limits on login, registration and the like; off for load tests. Variable: RATE_LIMIT. Default: on. */
  rateLimit?: NonNullable<Settings['rateLimit']>
  /** Bearer token that /metrics asks for; open to everybody when not given. Variable: METRICS_TOKEN. */
  metricsToken?: NonNullable<Settings['metricsToken']>
  /** Processes that share the port. Variable: WORKERS. Default: 1. */
  workers?: NonNullable<Settings['workers']>
  /** fatal, error, warn, info, debug, trace or silent. Variable: LOG_LEVEL. Default: info. */
  logLevel?: NonNullable<Settings['logLevel']>
  /** Seconds after which a signing key is followed by a new one. Variable: KEY_ROTATION. Default: 7776000. */
  keyRotation?: NonNullable<Settings['keyRotation']>
  /** Seconds that audit events are kept. Variable: AUDIT_RETENTION. Default: 7776000. */
  auditRetention?: NonNullable<Settings['auditRetention']>
  /** Seconds after which a process deletes what has expired, again; 0 leaves that to `latchkey purge`. Variable: PURGE_EVERY. Default: 600. */
  purgeEvery?: NonNullable<Settings['purgeEvery']>
  /** Options of revocation. */
  revocation?: {
    /** Seconds without news from the database after which guards answer 503: at least 5, and at least 7 at a guard in another service, since news is up to 4 seconds old when one of several processes ends. Default: 10. */
    maxStaleness?: NonNullable<NonNullable<Settings['revocation']>['maxStaleness']>
    /** What guards do then. Default: refuse. */
    onStale?: NonNullable<NonNullable<Settings['revocation']>['onStale']>
    /** Guards in other services that may follow by one client at one process. Default: 100. */
    maxStreams?: NonNullable<NonNullable<Settings['revocation']>['maxStreams']>
  }
  /** Options of passwords. */
  passwords?: {
    /** Characters that a password needs. Default: 8. */
    minLength?: NonNullable<NonNullable<Settings['passwords']>['minLength']>
    /** Refuse the most common leaked passwords. Default: true. */
    refuseCommon?: NonNullable<NonNullable<Settings['passwords']>['refuseCommon']>
    /** argon2id memory in KiB. Default: 19456. */
    memoryCost?: NonNullable<NonNullable<Settings['passwords']>['memoryCost']>
    /** argon2id passes. Default: 2. */
    timeCost?: NonNullable<NonNullable<Settings['passwords']>['timeCost']>
    /** Hashes that may wait; more are answered 503. Default: 100. */
    maxQueue?: NonNullable<NonNullable<Settings['passwords']>['maxQueue']>
  }
  /** Inside a host that has `@fastify/swagger`: show our routes in its document, too. Default: true. */
  hostDocument?: NonNullable<Settings['hostDocument']>
  /** Inside a host: read the variables without the prefix LATCHKEY_, too. Default: false. */
  env?: NonNullable<Settings['env']>
  /** Client that stands behind a proxy route, by slug; from CLIENT_WEB_ID, CLIENT_WEB_SECRET, CLIENT_MOBILE_…. */
  clients?: Record<string, { id: string, secret?: string }>
}

/** What `app.authGuard('api', options)` takes. */
export interface GuardOptions {
  /** All of them are needed. */
  scopes?: NonNullable<ApiGuardOptions['scopes']>
  /** One of them is enough. */
  anyScope?: NonNullable<ApiGuardOptions['anyScope']>
  /** What `aud` must hold, for a resource server in this process; what the plugin was told, else the issuer, when not given. */
  audience?: NonNullable<ApiGuardOptions['audience']>
  /** Applications of your own only: neither those of third parties, which a guard without scopes lets in, nor personal access tokens. */
  firstParty?: NonNullable<ApiGuardOptions['firstParty']>
  /** Guests may pass, whose `request.auth` is null; a token that is not valid is 401 all the same. */
  optional?: NonNullable<ApiGuardOptions['optional']>
  /** Clients that act for themselves may pass, too. */
  clients?: NonNullable<ApiGuardOptions['clients']>
}

/** A guard without a database: it asks the issuer for keys and revocations. */
export interface RemoteGuardOptions {
  /** The server whose tokens count, such as https://id.example.com. */
  issuer: NonNullable<RemoteGuard['issuer']>
  /** Client that may `revocations:read`; without one, tokens are accepted until they expire. */
  clientId?: NonNullable<RemoteGuard['clientId']>
  /** Its secret. */
  clientSecret?: NonNullable<RemoteGuard['clientSecret']>
  /** What `aud` must hold; the issuer when not given. */
  audience?: NonNullable<RemoteGuard['audience']>
  /** Options of revocation. */
  revocation?: {
    /** Seconds without news from the issuer after which the guard answers 503, 10 when not given: at least 7, since news is up to 6 seconds old when one of several processes of the issuer ends. */
    maxStaleness?: NonNullable<NonNullable<RemoteGuard['revocation']>['maxStaleness']>
    /** What the guard does then; `refuse` when not given. */
    onStale?: NonNullable<NonNullable<RemoteGuard['revocation']>['onStale']>
  }
}

/** Proxies apart from the server: this process holds the client's secret and asks the issuer. */
export interface RemoteProxyOptions {
  /** The server whose tokens count, such as https://id.example.com. */
  issuer: NonNullable<RemoteProxy['issuer']>
  /** By slug; from LATCHKEY_CLIENT_WEB_ID, LATCHKEY_CLIENT_WEB_SECRET and the like when not given. */
  clients?: NonNullable<RemoteProxy['clients']>
  /** Whether the refresh token stands in the body beside the cookie. */
  refreshTokenInBody?: NonNullable<RemoteProxy['refreshTokenInBody']>
  /** Options of login. */
  login?: {
    /** Login attributes in the order in which they are tried: name and TypeBox schema. */
    attributes?: Record<string, TSchema>
    /** Put before the attribute names in login bodies; a dot descends, as in `user.`. */
    prefix?: NonNullable<NonNullable<RemoteProxy['login']>['prefix']>
    /** Country of phone numbers in national format, such as DE. */
    defaultCountry?: NonNullable<NonNullable<RemoteProxy['login']>['defaultCountry']>
  }
  /** Path under which the routes stand, such as /auth. */
  prefix?: NonNullable<RemoteProxy['prefix']>
  /** Origins of other sites and web views whose pages may call, separated by commas, such as https://app.example.com and capacitor://localhost; no wildcards. */
  corsOrigins?: NonNullable<RemoteProxy['corsOrigins']>
  /** Limits on login, registration and the like; off for load tests. Default: on. */
  rateLimit?: NonNullable<RemoteProxy['rateLimit']>
  /** Public address, and with the prefix the issuer, such as https://id.example.com; without one it is this machine at the port that listens, for development. */
  appUrl?: NonNullable<RemoteProxy['appUrl']>
  /** Seconds without a refresh after which a session ends. Default: 2592000. */
  refreshTokenTtl?: NonNullable<RemoteProxy['refreshTokenTtl']>
  /** Inside a host that has `@fastify/swagger`: show our routes in its document, too. Default: true. */
  hostDocument?: NonNullable<RemoteProxy['hostDocument']>
  /** Inside a host: read the variables without the prefix LATCHKEY_, too. Default: false. */
  env?: NonNullable<RemoteProxy['env']>
}

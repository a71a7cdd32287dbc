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
  /** Public address, such as https://id.example.com; together with the prefix it is the issuer. Default, for development: localhost with the port that the server listens on. Variable: APP_URL. */
  appUrl?: NonNullable<Settings['appUrl']>
  /** Path prefix of all routes, such as /auth. */
  prefix?: NonNullable<Settings['prefix']>
  /** 32 random bytes in base64, as printed by `openssl rand -base64 32`. Variable: APP_KEY. */
  appKey?: NonNullable<Settings['appKey']>
  /** Earlier values of APP_KEY that are still accepted, separated by commas. Variable: APP_PREVIOUS_KEYS. */
  appPreviousKeys?: NonNullable<Settings['appPreviousKeys']>
  /** Directory of the embedded database and of the APP_KEY created for it. Variable: LATCHKEY_DATA_DIR. Default: .latchkey. */
  dataDir?: NonNullable<Settings['dataDir']>
  /** PostgreSQL to use instead of the embedded one, such as postgresql://user:password@host:5432/name. Variable: DATABASE_URL. */
  databaseUrl?: NonNullable<Settings['databaseUrl']>
  /** The same database without PgBouncer in between, for the revocation feed. Variable: DATABASE_DIRECT_URL. */
  databaseDirectUrl?: NonNullable<Settings['databaseDirectUrl']>
  /** Maximum number of database connections of one process. Variable: DATABASE_POOL_SIZE. Default: 10. */
  databasePoolSize?: NonNullable<Settings['databasePoolSize']>
  /** Use prepared statements; set to `off` behind PgBouncer before 1.21 in transaction mode. Variable: DATABASE_PREPARE. Default: on. */
  databasePrepare?: NonNullable<Settings['databasePrepare']>
  /** Options of login. */
  login?: {
    /** Login attributes in the order in which they are tried: name and TypeBox schema. Variable: LOGIN_ATTRIBUTES. */
    attributes?: Record<string, TSchema>
    /** Prefix of the attribute names in login bodies; a dot stands for a nested object, as in `user.`. */
    prefix?: NonNullable<NonNullable<Settings['login']>['prefix']>
    /** Country of phone numbers in national format, such as DE. Variable: DEFAULT_COUNTRY. */
    defaultCountry?: NonNullable<NonNullable<Settings['login']>['defaultCountry']>
    /** Whether the login page asks first who logs in, and for the password on a second page. Variable: LOGIN_IDENTIFIER_FIRST. Default: off. */
    identifierFirst?: NonNullable<NonNullable<Settings['login']>['identifierFirst']>
  }
  /** Whether users can have second factors; with `off` nobody is asked for one. Variable: FACTORS. Default: on. */
  factors?: NonNullable<Settings['factors']>
  /** Fields that each user has besides the name: a flat TypeBox object, `Type.Object({ … })`. */
  profile?: NonNullable<Settings['profile']>
  /** Scopes and their descriptions, as JSON, such as { "orders:read": "See your orders" }. Variable: SCOPES. */
  scopes?: Record<string, string>
  /** Whether a scope includes the registered scopes below it: a token with `orders` also gets `orders:read`. Variable: SCOPE_INHERITANCE. Default: off. */
  scopeInheritance?: NonNullable<Settings['scopeInheritance']>
  /** Resource servers that tokens can be issued for (RFC 8707), separated by commas, such as https://api.example.com. Variable: RESOURCE_SERVERS. */
  resourceServers?: NonNullable<Settings['resourceServers']>
  /** Lifetime of access tokens in seconds. Variable: ACCESS_TOKEN_TTL. Default: 3600. */
  accessTokenTtl?: NonNullable<Settings['accessTokenTtl']>
  /** Seconds without a refresh after which a session ends. Variable: REFRESH_TOKEN_TTL. Default: 2592000. */
  refreshTokenTtl?: NonNullable<Settings['refreshTokenTtl']>
  /** Seconds after which a session ends in any case. Variable: SESSION_TTL. Default: 15552000. */
  sessionTtl?: NonNullable<Settings['sessionTtl']>
  /** Seconds in which a refresh token that was already used gets the same successor again; 0 turns this off. Variable: REFRESH_GRACE. Default: 30. */
  refreshGrace?: NonNullable<Settings['refreshGrace']>
  /** Lifetime of a browser session in seconds. Variable: BROWSER_SESSION_TTL. Default: 43200. */
  browserSessionTtl?: NonNullable<Settings['browserSessionTtl']>
  /** Seconds without a request after which a browser session ends, unless the user chose "remember me". Variable: BROWSER_IDLE_TTL. Default: 7200. */
  browserIdleTtl?: NonNullable<Settings['browserIdleTtl']>
  /** Lifetime in seconds of a browser session with "remember me". Variable: BROWSER_REMEMBER_TTL. Default: 2592000. */
  browserRememberTtl?: NonNullable<Settings['browserRememberTtl']>
  /** Login page to which authGuard('web') sends guests; default: the built-in login page. Variable: LOGIN_PATH. */
  loginPath?: NonNullable<Settings['loginPath']>
  /** Page to show after a login that was not started from another page; default: the built-in page `/account`. Variable: HOME_PATH. */
  homePath?: NonNullable<Settings['homePath']>
  /** Options of brand. */
  brand?: {
    /** Name shown on the pages. Default: Latchkey. */
    name?: NonNullable<NonNullable<Settings['brand']>['name']>
    /** Path on this server, a `data:image` URL, or the source of an SVG image. */
    logo?: NonNullable<NonNullable<Settings['brand']>['logo']>
    /** Color of buttons and links, such as #2f5bd3; adjusted until it is readable in light and dark. */
    color?: NonNullable<NonNullable<Settings['brand']>['color']>
    /** Deprecated name of `brand.color`, accepted until the next release. */
    colour?: NonNullable<NonNullable<Settings['brand']>['colour']>
  }
  /** Your own views by name: `start`, `login`, `secondFactor`, `register`, `forgotPassword`, `resetPassword`, `terms`, `verify`, `verifyLink`, `undo`, `done`, `consent`, `logout`, `loggedOut`, `account`, `accountData`, `accountDelete`, `accountEnd`, `accountProfile`, `accountSecurity`, `restore`, `deviceCode`, `deviceConfirm`, `deviceDone`, `formPost`, `error`, `mail.verify`, `mail.taken`, `mail.welcome`, `mail.verified`, `mail.reset`, `mail.passwordChanged`, `mail.newDevice`, `mail.factorAdded`, `mail.factorRemoved`, `mail.identityLinked`, `mail.identityUnlinked`, `mail.identifierChange`, `mail.identifierChanged`, `mail.changeUndone`, `mail.identifierTaken`, `mail.deletionScheduled`, `mail.restored`, `mail.invitation`, `mail.test`, `sms.code`. */
  views?: Views
  /** Language of the pages for visitors whose browser requests none of the available languages: `en`, `de`, `fr`, or one of `languages`. Variable: DEFAULT_LANGUAGE. Default: en. */
  defaultLanguage?: NonNullable<Settings['defaultLanguage']>
  /** Texts of the pages by language, in addition to `en`, `de` and `fr`; missing texts are shown in English. */
  languages?: Record<string, PartialTexts>
  /** Options of mail. */
  mail?: {
    /** Mail server, such as smtp://user:password@mail.example.com:587 (with STARTTLS) or smtps://user:password@mail.example.com. Variable: SMTP_URL. */
    url?: NonNullable<NonNullable<Settings['mail']>['url']>
    /** Sender of the mails, such as Example <no-reply@example.com>; required with SMTP_URL. Variable: MAIL_FROM. */
    from?: NonNullable<NonNullable<Settings['mail']>['from']>
    /** Your own function that sends a mail, instead of SMTP_URL. */
    send?: NonNullable<NonNullable<Settings['mail']>['send']>
  }
  /** Options of sms. */
  sms?: {
    /** Your function that sends a text message; without one there are none. */
    send?: NonNullable<NonNullable<Settings['sms']>['send']>
    /** Countries of the numbers that text messages are sent to, such as DE,AT; default: DEFAULT_COUNTRY. One of the two is required with `sms.send`. Variable: SMS_COUNTRIES. */
    countries?: NonNullable<NonNullable<Settings['sms']>['countries']>
    /** Maximum number of text messages in 24 hours, to all numbers together; a number gets one a minute, three an hour and ten a day. Variable: SMS_PER_DAY. Default: 500. */
    perDay?: NonNullable<NonNullable<Settings['sms']>['perDay']>
  }
  /** Mails that only tell of something, and can be turned off: `welcome`, `verified`, `passwordChanged`, `newDevice`, `factorAdded`, `factorRemoved`, `identityLinked`, `identityUnlinked`, `restored`. As a variable, the names of those that are off, separated by commas; as an option `{ welcome: false }`. Variable: NOTICES_OFF. */
  notices?: {
    /** Whether `mail.welcome` is sent. Default: true. */
    welcome?: NonNullable<NonNullable<Settings['notices']>['welcome']>
    /** Whether `mail.verified` is sent. Default: true. */
    verified?: NonNullable<NonNullable<Settings['notices']>['verified']>
    /** Whether `mail.passwordChanged` is sent. Default: true. */
    passwordChanged?: NonNullable<NonNullable<Settings['notices']>['passwordChanged']>
    /** Whether `mail.newDevice` is sent. Default: true. */
    newDevice?: NonNullable<NonNullable<Settings['notices']>['newDevice']>
    /** Whether `mail.factorAdded` is sent. Default: true. */
    factorAdded?: NonNullable<NonNullable<Settings['notices']>['factorAdded']>
    /** Whether `mail.factorRemoved` is sent. Default: true. */
    factorRemoved?: NonNullable<NonNullable<Settings['notices']>['factorRemoved']>
    /** Whether `mail.identityLinked` is sent. Default: true. */
    identityLinked?: NonNullable<NonNullable<Settings['notices']>['identityLinked']>
    /** Whether `mail.identityUnlinked` is sent. Default: true. */
    identityUnlinked?: NonNullable<NonNullable<Settings['notices']>['identityUnlinked']>
    /** Whether `mail.restored` is sent. Default: true. */
    restored?: NonNullable<NonNullable<Settings['notices']>['restored']>
  }
  /** Pages of your front ends that may be named as `verification_url`, separated by commas, such as https://app.example.com/verify. Variable: VERIFICATION_URLS. */
  verificationUrls?: NonNullable<Settings['verificationUrls']>
  /** Pages of your front ends that may be named as `reseturl`, separated by commas, such as https://app.example.com/reset-password. Variable: RESET_URLS. */
  resetUrls?: NonNullable<Settings['resetUrls']>
  /** Front ends by the name that they send as `App-Identifier`, `web` by default: `verificationUrl` and `resetUrl`, the pages that their mails lead to. */
  apps?: NonNullable<Settings['apps']>
  /** Origins of other sites and web views that may call this server, separated by commas, such as https://app.example.com and capacitor://localhost; no wildcards. Variable: CORS_ORIGINS. */
  corsOrigins?: NonNullable<Settings['corsOrigins']>
  /** Login with user name and password at the token endpoint and the client proxies. Variable: PASSWORD_GRANT. Default: on. */
  passwordGrant?: NonNullable<Settings['passwordGrant']>
  /** Who may register: everybody (`open`), people with an invitation (`invite`) or nobody (`off`); `latchkey user create` works in any case. Variable: REGISTRATION. Default: open. */
  registration?: NonNullable<Settings['registration']>
  /** Your function that may refuse a registration, with a reason for a field or the whole form; it has one second. */
  beforeRegister?: NonNullable<Settings['beforeRegister']>
  /** Your function that is asked at each login at another provider: it may change what the provider says, or refuse with a reason; it has one second. */
  onUpstreamLogin?: NonNullable<Settings['onUpstreamLogin']>
  /** Your function that may refuse that a user deletes their account, with a reason; it has one second. */
  beforeDelete?: NonNullable<Settings['beforeDelete']>
  /** Options of terms. */
  terms?: {
    /** Version of the terms that people accept when they register, such as 2026-11; needs TERMS_URL. It is stored with the time. Variable: TERMS_VERSION. */
    version?: NonNullable<NonNullable<Settings['terms']>['version']>
    /** Page with the terms; also `op_tos_uri` in the metadata. Variable: TERMS_URL. */
    url?: NonNullable<NonNullable<Settings['terms']>['url']>
    /** Page with the privacy policy; also `op_policy_uri` in the metadata. Variable: PRIVACY_URL. */
    privacyUrl?: NonNullable<NonNullable<Settings['terms']>['privacyUrl']>
  }
  /** Providers that users log in with, by name, such as { google: { clientId, clientSecret } }: docs/social-login.md. As variables SOCIAL_GOOGLE_CLIENT_ID, SOCIAL_GOOGLE_CLIENT_SECRET and so on. */
  social?: NonNullable<Settings['social']>
  /** Users must have verified an e-mail address before they get a token or a browser session; sessions that exist go on. Variable: REQUIRE_EMAIL_VERIFICATION. Default: off. */
  requireEmailVerification?: NonNullable<Settings['requireEmailVerification']>
  /** Options of routes. */
  routes?: {
    /** `/v1/profile`. Like the options below: `on` or `off` as a variable, true or false as an option. Routes that are off answer 404 and appear on no page and in no document. Variable: PROFILE. Default: true. */
    profile?: NonNullable<NonNullable<Settings['routes']>['profile']>
    /** Clients that users register: `/v1/oauth/clients`. If off, existing clients keep working. Variable: USER_CLIENTS. Default: true. */
    clients?: NonNullable<NonNullable<Settings['routes']>['clients']>
    /** Personal access tokens that users create: `/v1/oauth/personal-access-tokens` and their part of the account page. If off, existing tokens and those of `latchkey tokens create` stay valid. Variable: PERSONAL_TOKENS. Default: true. */
    personalTokens?: NonNullable<NonNullable<Settings['routes']>['personalTokens']>
    /** `/docs` and `/docs/json`. Variable: DOCS. Default: true. */
    docs?: NonNullable<NonNullable<Settings['routes']>['docs']>
    /** `/metrics`. Variable: METRICS. Default: true. */
    metrics?: NonNullable<NonNullable<Settings['routes']>['metrics']>
    /** The pages, and the features that need them: authorization codes, devices, OpenID Connect Discovery, logout for applications. Default: true. */
    pages?: NonNullable<NonNullable<Settings['routes']>['pages']>
  }
  /** Reverse proxies in front of the server whose X-Forwarded-For is trusted: their number or their addresses; `true` trusts whatever a visitor sends. Variable: TRUST_PROXY. Default: false. */
  trustProxy?: NonNullable<Settings['trustProxy']>
  /** Limits on login, registration and similar requests; set to `off` for load tests. Variable: RATE_LIMIT. Default: on. */
  rateLimit?: NonNullable<Settings['rateLimit']>
  /** Bearer token that /metrics requires; without one, /metrics is public. Variable: METRICS_TOKEN. */
  metricsToken?: NonNullable<Settings['metricsToken']>
  /** Number of processes that share the port. Variable: WORKERS. Default: 1. */
  workers?: NonNullable<Settings['workers']>
  /** fatal, error, warn, info, debug, trace or silent. Variable: LOG_LEVEL. Default: info. */
  logLevel?: NonNullable<Settings['logLevel']>
  /** Seconds after which a signing key is replaced by a new one. Variable: KEY_ROTATION. Default: 7776000. */
  keyRotation?: NonNullable<Settings['keyRotation']>
  /** Seconds for which audit events are kept. Variable: AUDIT_RETENTION. Default: 7776000. */
  auditRetention?: NonNullable<Settings['auditRetention']>
  /** Seconds between two purges of expired rows; 0 leaves this to `latchkey purge`. Variable: PURGE_EVERY. Default: 600. */
  purgeEvery?: NonNullable<Settings['purgeEvery']>
  /** Options of revocation. */
  revocation?: {
    /** Age of the revocation data in seconds at which guards answer 503. At least 5, and at least 7 for a remote guard, because the data is up to 4 seconds old when one of several processes ends. Default: 10. */
    maxStaleness?: NonNullable<NonNullable<Settings['revocation']>['maxStaleness']>
    /** What guards do when the revocation data is stale. Default: refuse. */
    onStale?: NonNullable<NonNullable<Settings['revocation']>['onStale']>
    /** Maximum number of remote guards connected to one process with the same client. Default: 100. */
    maxStreams?: NonNullable<NonNullable<Settings['revocation']>['maxStreams']>
  }
  /** Options of passwords. */
  passwords?: {
    /** Minimum length of a password in characters. Default: 8. */
    minLength?: NonNullable<NonNullable<Settings['passwords']>['minLength']>
    /** Refuse the most common leaked passwords. Default: true. */
    refuseCommon?: NonNullable<NonNullable<Settings['passwords']>['refuseCommon']>
    /** A password needs a letter. Default: false. */
    letters?: NonNullable<NonNullable<Settings['passwords']>['letters']>
    /** A password needs an uppercase and a lowercase letter. Default: false. */
    mixedCase?: NonNullable<NonNullable<Settings['passwords']>['mixedCase']>
    /** A password needs a number. Default: false. */
    numbers?: NonNullable<NonNullable<Settings['passwords']>['numbers']>
    /** A password needs a symbol; a space is one. Default: false. */
    symbols?: NonNullable<NonNullable<Settings['passwords']>['symbols']>
    /** File of breached passwords, made by `latchkey passwords import`, which nobody can choose. Variable: BREACHED_PASSWORDS. */
    breached?: NonNullable<NonNullable<Settings['passwords']>['breached']>
    /** argon2id memory in KiB. Default: 19456. */
    memoryCost?: NonNullable<NonNullable<Settings['passwords']>['memoryCost']>
    /** Number of argon2id passes. Default: 2. */
    timeCost?: NonNullable<NonNullable<Settings['passwords']>['timeCost']>
    /** Maximum number of waiting password hashes; further requests are answered with 503. Default: 100. */
    maxQueue?: NonNullable<NonNullable<Settings['passwords']>['maxQueue']>
  }
  /** In a host with `@fastify/swagger`: also show our routes in its document. Default: true. */
  hostDocument?: NonNullable<Settings['hostDocument']>
  /** In a host: also read variables without the prefix LATCHKEY_. Default: false. */
  env?: NonNullable<Settings['env']>
  /** Client whose credentials a proxy route uses, by slug; from CLIENT_WEB_ID, CLIENT_WEB_SECRET, CLIENT_MOBILE_…. */
  clients?: Record<string, { id: string, secret?: string }>
}

/** What `app.authGuard('api', options)` takes. */
export interface GuardOptions {
  /** Scopes that the token must have, all of them. */
  scopes?: NonNullable<ApiGuardOptions['scopes']>
  /** Scopes of which the token must have at least one. */
  anyScope?: NonNullable<ApiGuardOptions['anyScope']>
  /** Value that `aud` must contain, for a resource server in this process; default: the `audience` of the plugin, or else the issuer. */
  audience?: NonNullable<ApiGuardOptions['audience']>
  /** Accept only your own applications: neither third parties, which a guard without scopes accepts, nor personal access tokens. */
  firstParty?: NonNullable<ApiGuardOptions['firstParty']>
  /** Let guests pass with `request.auth` set to null; an invalid token is still answered with 401. */
  optional?: NonNullable<ApiGuardOptions['optional']>
  /** Class that the login must have reached: `mfa`, a second factor; otherwise 401 (RFC 9470). */
  acr?: NonNullable<ApiGuardOptions['acr']>
  /** Age of the login at most, in seconds or such as `10m` (s, m, h, d); an older one is answered by 401 (RFC 9470). */
  maxAge?: NonNullable<ApiGuardOptions['maxAge']>
  /** Also accept tokens of clients that act for themselves. */
  clients?: NonNullable<ApiGuardOptions['clients']>
}

/** A guard without a database: it asks the issuer for keys and revocations. */
export interface RemoteGuardOptions {
  /** Server whose tokens are accepted, such as https://id.example.com. */
  issuer: NonNullable<RemoteGuard['issuer']>
  /** Client with the scope `revocations:read`; without one, revoked tokens are accepted until they expire. */
  clientId?: NonNullable<RemoteGuard['clientId']>
  /** Secret of this client. */
  clientSecret?: NonNullable<RemoteGuard['clientSecret']>
  /** Value that `aud` must contain; default: the issuer. */
  audience?: NonNullable<RemoteGuard['audience']>
  /** Options of revocation. */
  revocation?: {
    /** Age of the revocation data in seconds at which the guard answers 503; default: 10. At least 7, because the data is up to 6 seconds old when one of several processes of the issuer ends. */
    maxStaleness?: NonNullable<NonNullable<RemoteGuard['revocation']>['maxStaleness']>
    /** What the guard does when the revocation data is stale; default: `refuse`. */
    onStale?: NonNullable<NonNullable<RemoteGuard['revocation']>['onStale']>
  }
}

/** Remote client proxies: this process has the client's secret and sends requests to the issuer. */
export interface RemoteProxyOptions {
  /** Server whose tokens are accepted, such as https://id.example.com. */
  issuer: NonNullable<RemoteProxy['issuer']>
  /** Clients by slug; default: from LATCHKEY_CLIENT_WEB_ID, LATCHKEY_CLIENT_WEB_SECRET and so on. */
  clients?: NonNullable<RemoteProxy['clients']>
  /** Whether responses contain the refresh token in the body as well as in the cookie. */
  refreshTokenInBody?: NonNullable<RemoteProxy['refreshTokenInBody']>
  /** Options of login. */
  login?: {
    /** Login attributes in the order in which they are tried: name and TypeBox schema. */
    attributes?: Record<string, TSchema>
    /** Prefix of the attribute names in login bodies; a dot stands for a nested object, as in `user.`. */
    prefix?: NonNullable<NonNullable<RemoteProxy['login']>['prefix']>
    /** Country of phone numbers in national format, such as DE. */
    defaultCountry?: NonNullable<NonNullable<RemoteProxy['login']>['defaultCountry']>
    /** Whether the login page asks first who logs in, and for the password on a second page. Default: off. */
    identifierFirst?: NonNullable<NonNullable<RemoteProxy['login']>['identifierFirst']>
  }
  /** Path prefix of all routes, such as /auth. */
  prefix?: NonNullable<RemoteProxy['prefix']>
  /** Origins of other sites and web views that may call this server, separated by commas, such as https://app.example.com and capacitor://localhost; no wildcards. */
  corsOrigins?: NonNullable<RemoteProxy['corsOrigins']>
  /** Limits on login, registration and similar requests; set to `off` for load tests. Default: on. */
  rateLimit?: NonNullable<RemoteProxy['rateLimit']>
  /** Public address, such as https://id.example.com; together with the prefix it is the issuer. Default, for development: localhost with the port that the server listens on. */
  appUrl?: NonNullable<RemoteProxy['appUrl']>
  /** Seconds without a refresh after which a session ends. Default: 2592000. */
  refreshTokenTtl?: NonNullable<RemoteProxy['refreshTokenTtl']>
  /** In a host with `@fastify/swagger`: also show our routes in its document. Default: true. */
  hostDocument?: NonNullable<RemoteProxy['hostDocument']>
  /** In a host: also read variables without the prefix LATCHKEY_. Default: false. */
  env?: NonNullable<RemoteProxy['env']>
}

import { Type, type Static } from 'typebox'
import { APP_KEY_FORM } from '../crypto/app-key.ts'
import { messageOptions } from './mail-options.ts'
import { MAX_PASSWORD_BYTES } from '../passwords/hashing.ts'
import { hookOptions } from './hook-options.ts'
import { SocialOptions } from './social-options.ts'
import { TermsOptions } from './terms-options.ts'
import { viewNames } from '../views/check.ts'

const DAY = 86_400
/** Seconds, for every token and session. */
export const MAX_TTL = 10 * 365 * DAY

const seconds = (env: string, fallback: number, description: string, minimum = 1) =>
  Type.Integer({ env, default: fallback, minimum, maximum: MAX_TTL, description })

const onOff = (env: string, fallback: 'on' | 'off', description: string) =>
  Type.Union([Type.Literal('on'), Type.Literal('off')], { env, default: fallback, description })

const feature = (env: string | undefined, description: string) =>
  Type.Boolean({ ...(env && { env }), default: true, description })

const url = (env: string, pattern: string, description: string) =>
  Type.Optional(Type.String({ env, pattern, description }))

// For TRUST_PROXY: an address or a network, or one of these words
const PROXY = '(loopback|linklocal|uniquelocal|[0-9A-Fa-f.:]+(/[0-9.]+)?)'

/** The clients that every installation has for its proxies. */
export const PROXY_SLUGS = ['web', 'mobile'] as const

const ProxyClient = Type.Object({
  id: Type.String({ minLength: 1 }),
  secret: Type.Optional(Type.String({ minLength: 1 }))
}, { additionalProperties: false })

/** Every option: its type, default, environment variable (`env`) and description. */
export const Settings = Type.Object({
  port: Type.Integer({ env: 'PORT', default: 3000, minimum: 0, maximum: 65535, description: 'Port that the server listens on' }),
  host: Type.String({ env: 'HOST', default: '127.0.0.1', minLength: 1, description: 'Address that the server listens on' }),
  appUrl: url(
    'APP_URL',
    '^https?://[^\\s/?#@]+(/[^\\s?#]*)?$',
    'Public address, such as https://id.example.com; together with the prefix it is the issuer. Default, for development: localhost with the port that the server listens on'
  ),
  prefix: Type.String({ default: '', pattern: '^(/[A-Za-z0-9._~-]+)*$', description: 'Path prefix of all routes, such as /auth' }),
  appKey: Type.Optional(
    Type.String({
      env: 'APP_KEY', secret: true, pattern: APP_KEY_FORM,
      description: '32 random bytes in base64, as printed by `openssl rand -base64 32`'
    })
  ),
  appPreviousKeys: Type.Array(Type.String({ pattern: APP_KEY_FORM }), {
    env: 'APP_PREVIOUS_KEYS', secret: true, default: [],
    description: 'Earlier values of APP_KEY that are still accepted, separated by commas'
  }),
  dataDir: Type.String({
    env: 'LATCHKEY_DATA_DIR', default: '.latchkey', minLength: 1,
    description: 'Directory of the embedded database and of the APP_KEY created for it'
  }),
  databaseUrl: url(
    'DATABASE_URL',
    '^postgres(ql)?://',
    'PostgreSQL to use instead of the embedded one, such as postgresql://user:password@host:5432/name'
  ),
  databaseDirectUrl: url(
    'DATABASE_DIRECT_URL',
    '^postgres(ql)?://',
    'The same database without PgBouncer in between, for the revocation feed'
  ),
  databasePoolSize: Type.Integer({
    env: 'DATABASE_POOL_SIZE', default: 10, minimum: 1, maximum: 1000,
    description: 'Maximum number of database connections of one process'
  }),
  databasePrepare: onOff('DATABASE_PREPARE', 'on', 'Use prepared statements; set to `off` behind PgBouncer before 1.21 in transaction mode'),
  login: Type.Object({
    attributes: Type.Record(Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_]*$' }), Type.Unsafe<object>({ type: 'object' }), {
      env: 'LOGIN_ATTRIBUTES',
      additionalProperties: false,
      description: 'Login attributes in the order in which they are tried: name and TypeBox schema'
    }),
    prefix: Type.String({ default: '', description: 'Prefix of the attribute names in login bodies; a dot stands for a nested object, as in `user.`' }),
    defaultCountry: Type.Optional(
      Type.String({ env: 'DEFAULT_COUNTRY', pattern: '^[A-Z]{2}$', description: 'Country of phone numbers in national format, such as DE' })
    ),
    identifierFirst: onOff('LOGIN_IDENTIFIER_FIRST', 'off', 'Whether the login page asks first who logs in, and for the password on a second page')
  }, { additionalProperties: false }),
  factors: onOff('FACTORS', 'on', 'Whether users can have second factors; with `off` nobody is asked for one'),
  profile: Type.Optional(Type.Unsafe<object>({ type: 'object', description: 'Fields that each user has besides the name: a flat TypeBox object, `Type.Object({ … })`' })),
  scopes: Type.Record(Type.String({ pattern: '^[\\x21\\x23-\\x5B\\x5D-\\x7E]+$' }), Type.String(), {
    env: 'SCOPES',
    additionalProperties: false, default: {},
    description: 'Scopes and their descriptions, as JSON, such as { "orders:read": "See your orders" }'
  }),
  scopeInheritance: onOff('SCOPE_INHERITANCE', 'off', 'Whether a scope includes the registered scopes below it: a token with `orders` also gets `orders:read`'),
  resourceServers: Type.Array(Type.String({ pattern: '^https?://[^\\s#]+$' }), {
    env: 'RESOURCE_SERVERS', default: [],
    description: 'Resource servers that tokens can be issued for (RFC 8707), separated by commas, such as https://api.example.com'
  }),
  accessTokenTtl: seconds('ACCESS_TOKEN_TTL', 3600, 'Lifetime of access tokens in seconds'),
  refreshTokenTtl: seconds('REFRESH_TOKEN_TTL', 30 * DAY, 'Seconds without a refresh after which a session ends'),
  sessionTtl: seconds('SESSION_TTL', 180 * DAY, 'Seconds after which a session ends in any case'),
  refreshGrace: seconds(
    'REFRESH_GRACE',
    30,
    'Seconds in which a refresh token that was already used gets the same successor again; 0 turns this off',
    0
  ),
  browserSessionTtl: seconds('BROWSER_SESSION_TTL', 12 * 3600, 'Lifetime of a browser session in seconds'),
  browserIdleTtl: seconds(
    'BROWSER_IDLE_TTL',
    2 * 3600,
    'Seconds without a request after which a browser session ends, unless the user chose "remember me"'
  ),
  browserRememberTtl: seconds('BROWSER_REMEMBER_TTL', 30 * DAY, 'Lifetime in seconds of a browser session with "remember me"'),
  loginPath: Type.Optional(Type.String({
    env: 'LOGIN_PATH', pattern: '^/(?!/)',
    description: "Login page to which authGuard('web') sends guests; default: the built-in login page"
  })),
  homePath: Type.Optional(
    Type.String({
      env: 'HOME_PATH', pattern: '^/(?!/)',
      description: 'Page to show after a login that was not started from another page; default: the built-in page `/account`'
    })
  ),
  brand: Type.Object({
    name: Type.String({ default: 'Latchkey', minLength: 1, maxLength: 100, description: 'Name shown on the pages' }),
    logo: Type.Optional(Type.String({ description: 'Path on this server, a `data:image` URL, or the source of an SVG image' })),
    color: Type.Optional(Type.String({
      description: 'Color of buttons and links, such as #2f5bd3; adjusted until it is readable in light and dark'
    })),
    colour: Type.Optional(Type.String({ description: 'Deprecated name of `brand.color`, accepted until the next release' }))
  }, { additionalProperties: false, default: {} }),
  views: Type.Record(Type.String(), Type.Unsafe<unknown>({}), {
    default: {},
    description: `Your own views by name: ${viewNames.map((name) => `\`${name}\``).join(', ')}`
  }),
  defaultLanguage: Type.String({
    env: 'DEFAULT_LANGUAGE', pattern: '^[a-z]{2,3}$', default: 'en',
    description: 'Language of the pages for visitors whose browser requests none of the available languages: `en`, `de`, `fr`, or one of `languages`'
  }),
  languages: Type.Record(Type.String({ pattern: '^[a-z]{2,3}$' }), Type.Unsafe<object>({ type: 'object' }), {
    additionalProperties: false,
    default: {}, description: 'Texts of the pages by language, in addition to `en`, `de` and `fr`; missing texts are shown in English'
  }),
  ...messageOptions,
  corsOrigins: Type.Array(Type.String({ pattern: '^[A-Za-z][A-Za-z0-9+.-]*://[^\\s/?#@*,]+$' }), {
    env: 'CORS_ORIGINS', default: [],
    description:
      'Origins of other sites and web views that may call this server, separated by commas, such as https://app.example.com and capacitor://localhost; no wildcards'
  }),
  passwordGrant: onOff('PASSWORD_GRANT', 'on', 'Login with user name and password at the token endpoint and the client proxies'),
  registration: Type.Union([Type.Literal('open'), Type.Literal('invite'), Type.Literal('off')], {
    env: 'REGISTRATION', default: 'open', description: 'Who may register: everybody (`open`), people with an invitation (`invite`) or nobody (`off`); `latchkey user create` works in any case'
  }),
  ...hookOptions,
  terms: TermsOptions,
  social: SocialOptions,
  requireEmailVerification: onOff(
    'REQUIRE_EMAIL_VERIFICATION',
    'off',
    'Users must have verified an e-mail address before they get a token or a browser session; sessions that exist go on'
  ),
  routes: Type.Object({
    profile: feature(
      'PROFILE',
      '`/v1/profile`. Like the options below: `on` or `off` as a variable, true or false as an option. Routes that are off answer 404 and appear on no page and in no document'
    ),
    clients: feature('USER_CLIENTS', 'Clients that users register: `/v1/oauth/clients`. If off, existing clients keep working'),
    personalTokens: feature(
      'PERSONAL_TOKENS',
      'Personal access tokens that users create: `/v1/oauth/personal-access-tokens` and their part of the account page. If off, existing tokens and those of `latchkey tokens create` stay valid'
    ),
    docs: feature('DOCS', '`/docs` and `/docs/json`'),
    metrics: feature('METRICS', '`/metrics`'),
    pages: feature(
      undefined,
      'The pages, and the features that need them: authorization codes, devices, OpenID Connect Discovery, logout for applications'
    )
  }, { additionalProperties: false, default: {} }),
  trustProxy: Type.Union([Type.Boolean(), Type.Integer({ minimum: 1 }), Type.String({ pattern: `^${PROXY}( *, *${PROXY})*$` })], {
    env: 'TRUST_PROXY',
    default: false,
    description:
      'Reverse proxies in front of the server whose X-Forwarded-For is trusted: their number or their addresses; `true` trusts whatever a visitor sends'
  }),
  rateLimit: onOff('RATE_LIMIT', 'on', 'Limits on login, registration and similar requests; set to `off` for load tests'),
  metricsToken: Type.Optional(
    Type.String({
      env: 'METRICS_TOKEN', secret: true, minLength: 16,
      description: 'Bearer token that /metrics requires; without one, /metrics is public'
    })
  ),
  workers: Type.Integer({ env: 'WORKERS', default: 1, minimum: 1, maximum: 256, description: 'Number of processes that share the port' }),
  logLevel: Type.Union(
    [
      Type.Literal('fatal'), Type.Literal('error'), Type.Literal('warn'), Type.Literal('info'), Type.Literal('debug'),
      Type.Literal('trace'), Type.Literal('silent')
    ],
    { env: 'LOG_LEVEL', default: 'info', description: 'fatal, error, warn, info, debug, trace or silent' }
  ),
  keyRotation: seconds('KEY_ROTATION', 90 * DAY, 'Seconds after which a signing key is replaced by a new one', 3600),
  auditRetention: seconds('AUDIT_RETENTION', 90 * DAY, 'Seconds for which audit events are kept'),
  purgeEvery: seconds(
    'PURGE_EVERY',
    600,
    'Seconds between two purges of expired rows; 0 leaves this to `latchkey purge`',
    0
  ),
  revocation: Type.Object({
    maxStaleness: Type.Integer({
      default: 10, minimum: 5, maximum: 3600,
      description:
        'Age of the revocation data in seconds at which guards answer 503. At least 5, and at least 7 for a remote guard, because the data is up to 4 seconds old when one of several processes ends'
    }),
    onStale: Type.Union([Type.Literal('refuse'), Type.Literal('accept')], { default: 'refuse', description: 'What guards do when the revocation data is stale' }),
    maxStreams: Type.Integer({
      default: 100, minimum: 1, maximum: 10_000,
      description: 'Maximum number of remote guards connected to one process with the same client'
    })
  }, { additionalProperties: false, default: {} }),
  passwords: Type.Object({
    minLength: Type.Integer({ default: 8, minimum: 1, maximum: MAX_PASSWORD_BYTES, description: 'Minimum length of a password in characters' }),
    refuseCommon: Type.Boolean({ default: true, description: 'Refuse the most common leaked passwords' }),
    letters: Type.Boolean({ default: false, description: 'A password needs a letter' }),
    mixedCase: Type.Boolean({ default: false, description: 'A password needs an uppercase and a lowercase letter' }),
    numbers: Type.Boolean({ default: false, description: 'A password needs a number' }),
    symbols: Type.Boolean({ default: false, description: 'A password needs a symbol; a space is one' }),
    breached: Type.Optional(Type.String({
      env: 'BREACHED_PASSWORDS', minLength: 1,
      description: 'File of breached passwords, made by `latchkey passwords import`, which nobody can choose'
    })),
    memoryCost: Type.Integer({ default: 19_456, minimum: 8, maximum: 4_194_304, description: 'argon2id memory in KiB' }),
    timeCost: Type.Integer({ default: 2, minimum: 1, maximum: 100, description: 'Number of argon2id passes' }),
    maxQueue: Type.Integer({ default: 100, minimum: 0, maximum: 100_000, description: 'Maximum number of waiting password hashes; further requests are answered with 503' })
  }, { additionalProperties: false, default: {} }),
  hostDocument: Type.Boolean({
    default: true,
    description: 'In a host with `@fastify/swagger`: also show our routes in its document'
  }),
  env: Type.Boolean({ default: false, description: 'In a host: also read variables without the prefix LATCHKEY_' }),
  clients: Type.Record(Type.String({ pattern: '^[a-z0-9-]+$' }), ProxyClient, {
    additionalProperties: false, default: {},
    description: 'Client whose credentials a proxy route uses, by slug; from CLIENT_WEB_ID, CLIENT_WEB_SECRET, CLIENT_MOBILE_…'
  })
}, { additionalProperties: false })

export type Settings = Static<typeof Settings>

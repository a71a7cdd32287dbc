import type { NewClient } from '../clients/clients.store.ts'
import type { Config } from '../config/config.ts'
import { readName } from '../names/name.ts'
import { redirectUriProblem } from '../clients/redirect-uri.ts'
import { MAX_SLUG, SLUG } from '../clients/slug.ts'
import { MAX_TTL } from '../config/settings.ts'
import { OIDC_SCOPES } from '../oidc/claims.ts'
import { REVOCATIONS_READ, scopeNames } from '../oauth/scopes.ts'
import { errorSentence, REDIRECT_URI } from '../views/texts/field-errors.ts'

export type ClientArgs = {
  password?: boolean
  client?: boolean
  public?: boolean
  device?: boolean
  personal?: boolean
  name?: string
  slug?: string
  proxy?: boolean
  trustedProxy?: boolean
  redirectUri?: string[]
  postLogoutRedirectUri?: string[]
  authMethod?: string
  scope?: string[]
  defaultScope?: string[]
  /** Seconds. */
  accessTokenTtl?: number
  /** Seconds. */
  refreshGrace?: number
  refreshTokenInBody?: boolean
  user?: string
  firstParty?: boolean
  skipConsent?: boolean
  pkceOptional?: boolean
  idTokenAlg?: string
  introspect?: boolean
  resourceServer?: string[]
}

export type Kind = 'password' | 'client' | 'personal' | 'code' | 'device'

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'
const ANY = '*'

const NAMES: Record<Kind, string> = {
  password: 'Password Grant Client',
  client: 'Client Credentials Grant Client',
  personal: 'Personal Access Client',
  code: 'Authorization Code Client',
  device: 'Device Client'
}

/**
 * The client described by the flags, without id and secret.
 * @throws Error that says what to change
 */
export function newClient (
  args: ClientArgs,
  { scopes, resourceServers }: Pick<Config, 'scopes' | 'resourceServers'>
): Omit<NewClient, 'id' | 'secretHash'> {
  const kind = kindOf(args)
  const authMethod = authMethodOf(kind, args)
  checkSlug(kind, args)
  if (args.accessTokenTtl !== undefined && (args.accessTokenTtl < 1 || args.accessTokenTtl > MAX_TTL)) {
    throw new Error(`--access-token-ttl must be 1 to ${MAX_TTL} seconds`)
  }
  if (args.refreshGrace !== undefined && args.refreshGrace > MAX_TTL) throw new Error(`--refresh-grace must be 0 to ${MAX_TTL} seconds`)
  if (args.refreshTokenInBody === false && !args.proxy) {
    throw new Error('--no-refresh-token-in-body needs --proxy: it is for the answers of its routes')
  }
  const redirectUris = redirectUrisOf(kind, args)
  return {
    name: nameOf(kind, args),
    authMethod,
    grantTypes: grantTypesOf(kind, args),
    redirectUris,
    postLogoutRedirectUris: checkUris('--post-logout-redirect-uri', args.postLogoutRedirectUri),
    firstParty: kind === 'password' || kind === 'personal' || args.firstParty === true || args.skipConsent === true,
    skipsConsent: args.skipConsent ?? false,
    pkceOptional: pkceOptionalOf(kind, authMethod, args),
    ...idTokenAlgOf(args),
    ...introspectionOf(kind, authMethod, args, resourceServers),
    proxy: args.proxy ?? false,
    trustedProxy: args.trustedProxy ?? false,
    ...scopesOf(kind, args, scopes),
    ...(args.accessTokenTtl !== undefined && { accessTokenTtl: args.accessTokenTtl }),
    ...(args.refreshGrace !== undefined && { refreshGrace: args.refreshGrace }),
    refreshTokenInBody: args.refreshTokenInBody ?? true,
    ...(args.slug !== undefined && { slug: args.slug })
  }
}

function kindOf (args: ClientArgs): Kind {
  const [kind, second] = (['password', 'client', 'personal'] as const).filter((flag) => args[flag])
  if (second) throw new Error(`--${kind} and --${second} are for different kinds of clients; choose one`)
  const other = (['public', 'device'] as const).find((flag) => args[flag])
  if (kind && other) throw new Error(`--${other} does not go with --${kind}${other === 'public' ? ', whose client has a secret' : ''}`)
  // A resource server that introspects tokens has no users of its own
  if (!kind && !other && !args.redirectUri && (args.introspect || args.resourceServer)) return 'client'
  // A device flow has no redirect
  return kind ?? (args.device && !args.redirectUri ? 'device' : 'code')
}

/** The kind of an existing client. */
export function grantKind (grantTypes: readonly string[]): Kind {
  if (grantTypes.includes('client_credentials')) return 'client'
  if (grantTypes.includes('personal_access')) return 'personal'
  if (grantTypes.includes('authorization_code')) return 'code'
  return grantTypes.includes(DEVICE_CODE) ? 'device' : 'password'
}

function authMethodOf (kind: Kind, { public: isPublic, authMethod }: ClientArgs): string {
  if (isPublic && authMethod !== undefined && authMethod !== 'none') {
    throw new Error(`--auth-method ${authMethod} needs a secret, which a --public client does not have`)
  }
  const method = isPublic ? 'none' : authMethod ?? 'client_secret_basic'
  if (method === 'none' && kind !== 'code' && kind !== 'device') {
    throw new Error(`--auth-method none does not go with --${kind}, whose client has a secret`)
  }
  return method
}

function grantTypesOf (kind: Kind, { device }: ClientArgs): string[] {
  if (kind === 'client') return ['client_credentials']
  if (kind === 'personal') return ['personal_access']
  if (kind === 'password') return ['password', 'refresh_token']
  return [...(kind === 'code' ? ['authorization_code'] : []), 'refresh_token', ...(device ? [DEVICE_CODE] : [])]
}

export function checkSlug (kind: Kind, { proxy, slug, trustedProxy }: Pick<ClientArgs, 'proxy' | 'slug' | 'trustedProxy'>): void {
  if (trustedProxy && kind !== 'password') throw new Error('--trusted-proxy needs --password')
  if (slug !== undefined && !SLUG.test(slug)) {
    throw new Error(`--slug must be 1 to ${MAX_SLUG} lower-case letters, digits and dashes`)
  }
  if (proxy && (kind !== 'password' || slug === undefined)) {
    throw new Error('--proxy needs --password and --slug <slug>: its routes are /v1/clients/<slug>/login and the like')
  }
}

export function pkceOptionalOf (kind: Kind, authMethod: string, { pkceOptional = false }: Pick<ClientArgs, 'pkceOptional'>): boolean {
  if (pkceOptional && kind !== 'code') throw new Error(`--pkce-optional does not go with --${kind}, which has no authorization codes`)
  if (pkceOptional && authMethod === 'none') {
    throw new Error('--pkce-optional needs a client with a secret: nothing else protects the codes of a public client')
  }
  return pkceOptional
}

export function idTokenAlgOf ({ idTokenAlg }: Pick<ClientArgs, 'idTokenAlg'>): Pick<NewClient, 'idTokenAlg'> {
  if (idTokenAlg === undefined) return {}
  if (idTokenAlg !== 'RS256' && idTokenAlg !== 'ES256') throw new Error('--id-token-alg must be RS256 or ES256')
  return { idTokenAlg }
}

/** Which clients may introspect tokens that are not their own (RFC 7662 section 4). */
export function introspectionOf (
  kind: Kind,
  authMethod: string,
  { introspect, resourceServer }: Pick<ClientArgs, 'introspect' | 'resourceServer'>,
  known: string[]
): Pick<NewClient, 'introspects' | 'resourceServers'> {
  const flag = introspect ? '--introspect' : resourceServer?.length ? '--resource-server' : null
  if (flag && (authMethod === 'none' || kind === 'personal')) throw new Error(`${flag} needs a client with a secret`)
  const unknown = (resourceServer ?? []).filter((uri) => !known.includes(uri))
  if (unknown.length > 0) {
    throw new Error(
      `--resource-server ${unknown.join(' ')} is not among RESOURCE_SERVERS; ${known.length > 0 ? `it has ${known.join(', ')}` : 'it is empty'}`
    )
  }
  return {
    ...(introspect !== undefined && { introspects: introspect }),
    ...(resourceServer && { resourceServers: [...new Set(resourceServer)] })
  }
}

function redirectUrisOf (kind: Kind, args: ClientArgs): string[] {
  const { redirectUri } = args
  if (kind === 'code' && !redirectUri) {
    throw new Error('--redirect-uri <uri> is missing; without one, choose --password, --client, --device or --personal')
  }
  if (redirectUri) checkRedirects(kind, args, `--${kind}`)
  return checkUris('--redirect-uri', redirectUri)
}

/** Users are sent back by an authorization code, or by a login at a provider that the application of a client proxy has started. */
export function checkRedirects (kind: Kind, { proxy }: Pick<ClientArgs, 'proxy'>, client: string): void {
  if (kind !== 'code' && !(kind === 'password' && proxy)) {
    throw new Error(`--redirect-uri does not go with ${client}${kind === 'password' ? ' without --proxy' : ''}, which sends nobody back`)
  }
}

export function checkUris (flag: string, uris: string[] = []): string[] {
  for (const uri of uris) {
    const problem = redirectUriProblem(uri)
    if (problem) throw new Error(`${flag} ${uri} ${REDIRECT_URI[problem]}`)
  }
  return [...new Set(uris)]
}

export function scopesOf (
  kind: Kind,
  { scope, defaultScope }: Pick<ClientArgs, 'scope' | 'defaultScope'>,
  own: Config['scopes']
): Pick<NewClient, 'scopes' | 'defaultScopes'> {
  const registry = { ...OIDC_SCOPES, ...own }
  const scopes = scope ? scopeNames(scope) : [ANY]
  const defaultScopes = scopeNames(defaultScope ?? [])
  const unknown = [...scopes, ...defaultScopes].filter((name) =>
    !Object.hasOwn(registry, name) && name !== ANY && name !== REVOCATIONS_READ
  )
  if (unknown.length > 0) throw new Error(`unknown scope ${[...new Set(unknown)].join(', ')}; ${known(own)}`)
  if (scopes.includes(REVOCATIONS_READ) && kind !== 'client') throw new Error(`--scope ${REVOCATIONS_READ} is for --client only`)
  if (defaultScopes.includes(ANY)) throw new Error('--default-scope cannot be *; name the scopes')
  const beyond = defaultScopes.filter((name) => !scopes.includes(name) && (name === REVOCATIONS_READ || !scopes.includes(ANY)))
  if (beyond.length > 0) throw new Error(`--default-scope ${beyond.join(' ')} is not among --scope`)
  return { scopes, defaultScopes }
}

function known (registry: Config['scopes']): string {
  const names = Object.keys(registry)
  return names.length > 0
    ? `SCOPES has ${names.join(', ')}`
    : 'SCOPES registers none yet, for example SCOPES=\'{ "orders:read": "See your orders" }\''
}

function nameOf (kind: Kind, { name, slug }: ClientArgs): string {
  return checkName(name ?? [...(slug ? [slug[0]!.toUpperCase() + slug.slice(1)] : []), NAMES[kind]].join(' '))
}

/**
 * Checks a name by the rule for all names.
 * @throws Error that says what to change
 */
export function checkName (text: string): string {
  const { name, problem } = readName(text)
  if (problem === 'required') throw new Error('--name is empty')
  if (problem !== undefined) throw new Error(errorSentence({ '--name': [problem] }))
  return name
}

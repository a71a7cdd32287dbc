import { createPrivateKey } from 'node:crypto'
import { redirectUriProblem } from '../clients/redirect-uri.ts'
import { isLoopback } from '../http/origin.ts'
import { readDomain } from '../users/attributes.ts'
import { ConfigError, type Problem } from './config-error.ts'
import { nameOf, settingName, type Sources } from './names.ts'
import { presetOf, PRESETS, socialVariable, type SocialMember, type SocialProvider } from './social-options.ts'

/** A provider whose options can be used. `domains` are in lower-case ASCII. */
export type ConfiguredProvider = SocialProvider & { clientId: string }

/** How the member of a provider is called in a message: `missing` where it should be given, `given` where it is. */
type Names = { missing: (member: SocialMember) => string, given: (member: SocialMember) => string }

const ENDPOINTS = ['authorizationEndpoint', 'tokenEndpoint', 'profileEndpoints', 'profile'] as const
const APPLE = ['teamId', 'keyId', 'privateKey'] as const
const OWN = new Set<SocialMember>([
  'preset', 'tenant', 'issuer', 'authMethod', 'introspectionEndpoint', 'responseMode', ...APPLE, ...ENDPOINTS
])
// Segments of routes under /v1/auth
const RESERVED = new Set(['identities'])
// Set by the login itself
const PROTOCOL = new Set(['client_id', 'client_secret', 'redirect_uri', 'response_type', 'response_mode', 'scope', 'state', 'nonce',
  'code_challenge', 'code_challenge_method', 'request', 'request_uri'])

/**
 * Checks what the schema cannot say.
 * @throws ConfigError
 */
export function checkSocial (social: Record<string, SocialProvider>, sources: Sources): Record<string, ConfiguredProvider> {
  const entries = Object.entries(social)
  const problems = entries.flatMap(([name, provider]) => problemsOfProvider(name, provider, namesIn(name, sources)))
  if (problems.length === 0) problems.push(...sharedDomains(entries, sources))
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.fromEntries(entries.map(([name, provider]) => [name, usable(provider)]))
}

function usable ({ domains, privateKey, ...provider }: SocialProvider): ConfiguredProvider {
  return {
    ...provider as ConfiguredProvider,
    ...(privateKey !== undefined && { privateKey: withLines(privateKey) }),
    ...(domains && { domains: domains.flatMap((domain) => readDomain(domain) ?? []) })
  }
}

function namesIn (name: string, sources: Sources): Names {
  const given = (member: SocialMember) => nameOf(sources, ['social', name, member])
  return {
    given,
    missing (member) {
      const variable = socialVariable(name, member)
      return variable === undefined ? given(member) : settingName(sources, `social.${name}.${member}`, variable)
    }
  }
}

function problemsOfProvider (name: string, provider: SocialProvider, names: Names): Problem[] {
  if (RESERVED.has(name)) return [{ name: `social.${name}`, message: 'is a name of a route; choose another' }]
  return [
    ...(provider.clientId === undefined
      ? [{ name: names.missing('clientId'), message: 'is required: the id of your application at the provider' }]
      : []),
    ...kindProblems(name, provider, names),
    ...insecure(provider, names),
    ...domainProblems(provider, names),
    ...redirectUriProblems(provider, names),
    ...Object.keys(provider.params ?? {}).filter((param) => PROTOCOL.has(param)).map((param) => ({
      name: names.given('params'), message: `cannot contain ${param}, which each login sets${param === 'scope' ? '; use scopes' : ''}`
    }))
  ]
}

/** A preset, an OpenID provider or an OAuth 2.0 provider: each takes members of its own. */
function kindProblems (name: string, provider: SocialProvider, names: Names): Problem[] {
  const preset = presetOf(name, provider)
  const own = (Object.keys(provider) as SocialMember[]).filter((member) => OWN.has(member) && member !== 'preset')
  const refuse = (takes: readonly string[], message: string) =>
    own.filter((member) => !takes.includes(member)).map((member) => ({ name: names.given(member), message }))
  if (preset !== undefined) {
    const refused = refuse(PRESETS[preset], `is not an option of the preset ${preset}; give a provider of your own another name`)
    return preset === 'apple' ? [...refused, ...appleProblems(provider, names)] : refused
  }
  if (provider.issuer !== undefined) return refuse(['issuer', 'responseMode'], 'does not go with issuer, whose metadata says the rest')
  if (!ENDPOINTS.some((member) => provider[member] !== undefined)) {
    return [{
      name: names.missing('issuer'),
      message: `is required: ${name} is none of the presets ${Object.keys(PRESETS).join(', ')}. A provider without OpenID needs ${ENDPOINTS.join(', ')}`
    }]
  }
  return [
    ...refuse([...ENDPOINTS, 'authMethod', 'introspectionEndpoint', 'responseMode'], 'is not an option of an OAuth 2.0 provider'),
    ...ENDPOINTS.filter((member) => provider[member] === undefined).map((member) => ({
      name: names.given(member), message: `is required for a provider without issuer, as are ${ENDPOINTS.filter((other) => other !== member).join(', ')}`
    })),
    ...(provider.profile !== undefined && typeof provider.profile !== 'function'
      ? [{ name: names.given('profile'), message: 'must be a function that is given the answers of profileEndpoints' }]
      : []),
    ...(provider.profileEndpoints !== undefined && !Object.hasOwn(provider.profileEndpoints, 'user')
      ? [{ name: names.given('profileEndpoints'), message: 'needs an address named user' }]
      : [])
  ]
}

/** Its client secret is signed with a key of ours. */
function appleProblems (provider: SocialProvider, { given, missing }: Names): Problem[] {
  const absent = APPLE.filter((member) => provider[member] === undefined)
  return [
    ...(provider.clientSecret === undefined ? [] : [{ name: given('clientSecret'), message: `is made from ${APPLE.join(', ')}; leave it out` }]),
    ...absent.map((member) => ({ name: missing(member), message: 'is required for Apple: docs/social-login.md says where to find it' })),
    ...(provider.privateKey === undefined || isP256(provider.privateKey)
      ? []
      : [{ name: given('privateKey'), message: 'must be the text of the file AuthKey_….p8, from -----BEGIN PRIVATE KEY----- on' }])
  ]
}

function isP256 (text: string): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(withLines(text))
    return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1'
  } catch {
    return false
  }
}

/** In a variable, line breaks are often escaped. */
function withLines (text: string): string {
  return text.replaceAll('\\n', '\n')
}

function insecure (
  { issuer, authorizationEndpoint, tokenEndpoint, introspectionEndpoint, profileEndpoints = {} }: SocialProvider, { given }: Names
): Problem[] {
  const addresses: [SocialMember, string | undefined][] = [
    ['issuer', issuer], ['authorizationEndpoint', authorizationEndpoint], ['tokenEndpoint', tokenEndpoint],
    ['introspectionEndpoint', introspectionEndpoint],
    ...Object.values(profileEndpoints).map((address): [SocialMember, string] => ['profileEndpoints', address])
  ]
  return addresses.flatMap(([member, address]) => {
    if (address === undefined || isSafe(address)) return []
    return [{ name: given(member), message: 'must be a valid https address; http is for providers on this machine, such as http://localhost:4000' }]
  })
}

function isSafe (address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, hostname } = new URL(address)
  return protocol === 'https:' || isLoopback(hostname)
}

function domainProblems ({ domains = [], required }: SocialProvider, { given, missing }: Names): Problem[] {
  if (domains.some((domain) => readDomain(domain) === null)) {
    return [{ name: given('domains'), message: 'must be domains of e-mail addresses, such as northwind.com' }]
  }
  if (required !== true || domains.length > 0) return []
  return [{ name: missing('domains'), message: `is required with ${given('required')}: whose users must log in at this provider` }]
}

function redirectUriProblems ({ redirectUris = [] }: SocialProvider, { given }: Names): Problem[] {
  if (redirectUris.every((uri) => redirectUriProblem(uri) === null)) return []
  return [{ name: given('redirectUris'), message: 'must be redirect URIs of your apps, such as com.example.app:/callback or https://app.example.com/callback' }]
}

/** Where passwords are refused, a domain leads to one provider. */
function sharedDomains (entries: [string, SocialProvider][], sources: Sources): Problem[] {
  const owners = entries.flatMap(([name, { domains = [] }]) => domains.map((domain) => ({ name, domain: readDomain(domain) })))
  return entries.filter(([, { required }]) => required === true).flatMap(([name, { domains = [] }]) => {
    const other = owners.find((owner) => owner.name !== name && domains.some((domain) => readDomain(domain) === owner.domain))
    if (!other) return []
    return [{
      name: namesIn(name, sources).given('domains'),
      message: `contains ${other.domain}, which ${other.name} has as well: where logins are required to use a provider, it must be one`
    }]
  })
}

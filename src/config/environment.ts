import type { Place } from './address.ts'
import { ConfigError } from './config-error.ts'
import { resolveConfig, type Config, type LatchkeyOptions } from './config.ts'
import { PROXY_SLUGS, Settings } from './settings.ts'
import { mergeSocial, socialOptions, socialPaths } from './social-environment.ts'
import { VARIABLE_PREFIX as PREFIX, type Sources } from './names.ts'
import { readDotenv } from './dotenv.ts'
import { isLoopback } from '../http/origin.ts'
import { isClientId } from '../crypto/secrets.ts'
import { noticeNames } from '../mail/notices.ts'
import { readyAttributes } from '../schemas/identifiers.ts'

const isProxySlug = (slug: string) => (PROXY_SLUGS as readonly string[]).includes(slug)

/** Options in groups whose members have variables; those of `login` are read by a function of their own. */
const GROUPS = ['routes', 'mail', 'sms', 'terms', 'passwords'] as const

export type Variables = Record<string, string | undefined>
type Property = {
  env?: string, type?: string, anyOf?: unknown[], description?: string, properties?: Record<string, Property>
  /** A function, which no variable can give. */
  '~unsafe'?: unknown
}

/** Options given by variables, and the variable of each by the path of the option, such as `login.attributes`. */
export type Environment = Sources & { options: LatchkeyOptions }

/** The variables of the process; `dotenv` adds those of that file, which have lower precedence. */
export function readVariables (dotenv?: string): Variables {
  return { ...(dotenv ? readDotenv(dotenv) : {}), ...process.env }
}

/**
 * Options from environment variables. An empty variable is treated as absent. Each has two names, NAME and LATCHKEY_NAME, of which the
 * second takes precedence; with `prefixedOnly` the first is ignored, since a host has a PORT and a LOG_LEVEL of its own.
 * @throws ConfigError naming the variable and what to write instead
 */
export function readEnvironment (variables: Variables, { prefixedOnly }: Pick<Sources, 'prefixedOnly'>): Environment {
  const given: Given = (name) =>
    spellings(name, prefixedOnly).map((spelling) => ({ name: spelling, text: variables[spelling]?.trim() ?? '' })).find(({ text }) =>
      text !== ''
    )
  const options: Record<string, unknown> = {}
  const names: Record<string, string> = {}
  for (const [option, property] of Object.entries<Property>(Settings.properties)) {
    const found = property.env === undefined ? undefined : given(property.env)
    if (!found) continue
    options[option] = valueOf(option, property, found)
    names[option] = found.name
  }
  const login = loginOptions(given, names)
  if (login) options['login'] = login
  for (const group of GROUPS) {
    const found = groupOptions(group, given, names)
    if (found) options[group] = found
  }
  const clients = clientOptions(variables, given, prefixedOnly, names)
  if (clients) options['clients'] = clients
  const social = socialOptions(variables, given, names, socialValue)
  if (social) options['social'] = social
  return { options: options as LatchkeyOptions, names, prefixedOnly }
}

/**
 * Options take precedence over the environment.
 * @throws ConfigError
 */
export function configFrom (options: LatchkeyOptions, environment: Environment, place?: Place): Config {
  return resolveConfig(mergeOptions(options, environment.options), { ...environment, names: namesLeft(options, environment) }, place)
}

/** Given to workers by the primary process, which owns the embedded database: its URL. */
export const EMBEDDED_URL = 'LATCHKEY_EMBEDDED_URL'

/** Whether this is the machine of a developer: embedded database, an address of this machine alone, and not NODE_ENV=production. */
export function isDevelopment ({ databaseUrl, appUrl }: Pick<Config, 'databaseUrl' | 'appUrl'>): boolean {
  const isEmbedded = databaseUrl === undefined || databaseUrl === process.env[EMBEDDED_URL]
  return isEmbedded && isLoopback(new URL(appUrl).hostname) && process.env['NODE_ENV'] !== 'production'
}

/** Options take precedence over the environment. */
export function mergeOptions (options: LatchkeyOptions, environment: LatchkeyOptions): LatchkeyOptions {
  const merged = { ...environment, ...defined(options) }
  const login = { ...environment.login, ...defined(options.login ?? {}) }
  const attributes = login.attributes ?? { email: readyAttributes['email']! }
  const { url, ...mail } = { ...environment.mail, ...defined(options.mail ?? {}) }
  // A function in code takes the place of a server in a variable
  const server = options.mail?.send && !options.mail.url ? undefined : url
  return {
    ...merged, login: { ...login, attributes }, mail: { ...mail, ...(server !== undefined && { url: server }) },
    routes: { ...environment.routes, ...defined(options.routes ?? {}) },
    sms: { ...environment.sms, ...defined(options.sms ?? {}) },
    terms: { ...environment.terms, ...defined(options.terms ?? {}) },
    notices: { ...environment.notices, ...defined(options.notices ?? {}) },
    passwords: { ...environment.passwords, ...defined(options.passwords ?? {}) },
    clients: { ...environment.clients, ...options.clients },
    social: mergeSocial(options.social, environment.social)
  }
}

type Found = { name: string, text: string }
type Given = (name: string) => Found | undefined

function spellings (name: string, prefixedOnly: boolean): string[] {
  if (name.startsWith(PREFIX)) return [name]
  return prefixedOnly ? [PREFIX + name] : [PREFIX + name, name]
}

/** Names of the variables whose options code has not overridden. */
function namesLeft (given: LatchkeyOptions, { names }: Environment): Record<string, string> {
  const { login = {}, clients = {}, social, ...options } = given
  const overridden = new Set([
    ...Object.keys(defined(options)),
    ...Object.keys(defined(login)).map((name) => `login.${name}`),
    ...GROUPS.flatMap((group) => Object.keys(defined(options[group] ?? {})).map((name) => `${group}.${name}`)),
    ...Object.keys(clients).flatMap((slug) => [`clients.${slug}.id`, `clients.${slug}.secret`]),
    ...socialPaths(social)
  ])
  return Object.fromEntries(Object.entries(names).filter(([option]) => !overridden.has(option)))
}

function valueOf (option: string, property: Property, found: Found): unknown {
  if (option === 'scopes') return parseScopes(found)
  if (option === 'notices') return parseNoticesOff(found)
  return option === 'trustProxy' ? parseTrustProxy(found.text) : fromText(property, found.text)
}

/** The names of those that are off. */
function parseNoticesOff ({ name, text }: Found): unknown {
  const off = text.split(',').map((notice) => notice.trim()).filter(Boolean)
  const unknown = off.filter((notice) => !(noticeNames as readonly string[]).includes(notice))
  if (unknown.length > 0) {
    throw new ConfigError([{ name, message: `cannot turn off ${unknown.join(', ')}. Notices that can be off are ${noticeNames.join(', ')}` }])
  }
  return Object.fromEntries(off.map((notice) => [notice, false]))
}

/** Converts text to the type of the option; text that cannot be converted is left for the validation of the options to report. */
function fromText (property: Property, text: string): unknown {
  if (property.type === 'array') return text.split(',').map((item) => item.trim()).filter(Boolean)
  return property.type === 'integer' && !Number.isNaN(Number(text)) ? Number(text) : text
}

/** A scope contains no comma in practice, and their list is often written with spaces. */
function socialValue (member: string, property: Property, found: Found): unknown {
  // Anything else is reported if the variable is one of a provider
  if (property.type === 'boolean' && (found.text === 'on' || found.text === 'off')) return found.text === 'on'
  return member === 'scopes' ? found.text.split(/[\s,]+/).filter(Boolean) : fromText(property, found.text)
}

function loginOptions (given: Given, names: Record<string, string>): LatchkeyOptions['login'] | undefined {
  const { attributes, defaultCountry, identifierFirst } = Settings.properties.login
    .properties as unknown as Record<'attributes' | 'defaultCountry' | 'identifierFirst', Property & { env: string }>
  const [list, country, first] = [given(attributes.env), given(defaultCountry.env), given(identifierFirst.env)]
  if (!list && !country && !first) return undefined
  if (list) names['login.attributes'] = list.name
  if (country) names['login.defaultCountry'] = country.name
  if (first) names['login.identifierFirst'] = first.name
  const wanted = list?.text.split(',').map((name) => name.trim()).filter(Boolean)
  const unknown = wanted?.filter((name) => !readyAttributes[name]) ?? []
  if (unknown.length > 0) {
    throw new ConfigError([{
      name: list!.name,
      message: `has no built-in schema for ${unknown.join(', ')}; the built-in ones are ${Object.keys(readyAttributes).join(', ')}. Define others as TypeBox schemas with login.attributes, in code or in latchkey.config.js`
    }])
  }
  return {
    ...(wanted && { attributes: Object.fromEntries(wanted.map((name) => [name, readyAttributes[name]!])) }),
    ...(country && { defaultCountry: country.text }),
    ...(first && { identifierFirst: first.text as 'on' | 'off' })
  }
}

/** The options of a group, each with a variable of its own. */
function groupOptions (group: typeof GROUPS[number], given: Given, names: Record<string, string>): Record<string, unknown> | undefined {
  const options: Record<string, unknown> = {}
  for (const [option, property] of Object.entries<Property>(Settings.properties[group].properties)) {
    const found = property.env === undefined ? undefined : given(property.env)
    if (!found) continue
    options[option] = property.type === 'boolean' ? parseSwitch(found, property) : fromText(property, found.text)
    names[`${group}.${option}`] = found.name
  }
  return Object.keys(options).length > 0 ? options : undefined
}

/** As a variable `on` or `off`, as an option true or false. */
function parseSwitch ({ name, text }: Found, { description }: Property): boolean {
  if (text !== 'on' && text !== 'off') throw new ConfigError([{ name, message: `must be on or off. ${description}` }])
  return text === 'on'
}

/**
 * CLIENT_GOOGLE_ID belongs to something else: without the prefix, only the names of our own proxies are read, and those whose value is one
 * of our client ids.
 */
function clientOptions (
  variables: Variables,
  given: Given,
  prefixedOnly: boolean,
  names: Record<string, string>
): LatchkeyOptions['clients'] | undefined {
  const slugs = new Set(Object.keys(variables).flatMap((name) => /^(?:LATCHKEY_)?CLIENT_([A-Z0-9_]+)_ID$/.exec(name)?.[1] ?? []))
  const clients: Record<string, { id: string, secret?: string }> = {}
  for (const word of slugs) {
    const slug = word.toLowerCase().replaceAll('_', '-')
    const [id, secret] = [given(`CLIENT_${word}_ID`), given(`CLIENT_${word}_SECRET`)]
    if (!id || !(id.name.startsWith(PREFIX) || isProxySlug(slug) || isClientId(id.text))) continue
    clients[slug] = { id: id.text, ...(secret && { secret: secret.text }) }
    names[`clients.${slug}.id`] = id.name
    if (secret) names[`clients.${slug}.secret`] = secret.name
  }
  return Object.keys(clients).length > 0 ? clients : undefined
}

function parseScopes ({ name, text }: Found): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ConfigError([{ name, message: `is not JSON. ${(Settings.properties.scopes as Property).description}` }])
  }
}

function parseTrustProxy (text: string): boolean | number | string {
  if (text === 'true' || text === 'on') return true
  if (text === 'false' || text === 'off') return false
  return /^[0-9]+$/.test(text) ? Number(text) : text
}

function defined<T extends object> (values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T
}

import { ConfigError } from './config-error.ts'
import { Settings, type LatchkeyOptions } from './config.ts'
import { readDotenv } from './dotenv.ts'
import { readyAttributes } from './schemas/identifiers.ts'

export type Variables = Record<string, string | undefined>
type Property = { env?: string, type?: string, anyOf?: unknown[], description?: string }

/** The variables of the process; with `dotenv` also those of that file, which count less. */
export function readVariables (dotenv?: string): Variables {
  return { ...(dotenv ? readDotenv(dotenv) : {}), ...process.env }
}

/**
 * Options from environment variables. An empty variable counts as absent.
 * @throws ConfigError naming the variable and what to write instead
 */
export function optionsFromEnvironment (variables: Variables): LatchkeyOptions {
  const given: Variables = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, value?.trim()] as const).filter(([, value]) => value))
  const options: Record<string, unknown> = {}
  for (const [name, property] of Object.entries(Settings.properties)) {
    const { env } = property as Property
    const text = env && given[env]
    if (text) options[name] = fromText(property, text)
  }
  const login = loginOptions(given)
  if (login) options['login'] = login
  if (typeof options['scopes'] === 'string') options['scopes'] = parseScopes(options['scopes'])
  if (typeof options['trustProxy'] === 'string') options['trustProxy'] = parseTrustProxy(options['trustProxy'])
  const clients = clientOptions(given)
  if (clients) options['clients'] = clients
  return options as LatchkeyOptions
}

/** What the options say, then what the environment says. */
export function mergeOptions (options: LatchkeyOptions, environment: LatchkeyOptions): LatchkeyOptions {
  const merged = { ...environment, ...defined(options) }
  const login = { ...environment.login, ...defined(options.login ?? {}) }
  const attributes = login.attributes ?? { email: readyAttributes['email']! }
  return { ...merged, login: { ...login, attributes }, clients: { ...environment.clients, ...options.clients } }
}

/** Text as the type of the option; what cannot be read as it stays text, which the check of the options then names. */
function fromText (property: Property, text: string): unknown {
  if (property.type === 'array') return text.split(',').map((item) => item.trim()).filter(Boolean)
  return property.type === 'integer' && !Number.isNaN(Number(text)) ? Number(text) : text
}

function describe (variable: string, message: string) {
  const property = (Object.values(Settings.properties) as Property[]).find(({ env }) => env === variable)
  return { name: variable, message: `${message}. ${property?.description ?? ''}`.trim() }
}

function loginOptions (given: Variables): LatchkeyOptions['login'] | undefined {
  const country = given['DEFAULT_COUNTRY']
  const names = given['LOGIN_ATTRIBUTES']?.split(',').map((name) => name.trim()).filter(Boolean)
  if (!names && !country) return undefined
  const unknown = names?.filter((name) => !readyAttributes[name]) ?? []
  if (unknown.length > 0) {
    throw new ConfigError([{
      name: 'LOGIN_ATTRIBUTES',
      message: `has no ready schema for ${unknown.join(', ')}; write some of ${Object.keys(readyAttributes).join(', ')}, and give others a TypeBox schema with login.attributes in code or in latchkey.config.js`
    }])
  }
  return {
    ...(names && { attributes: Object.fromEntries(names.map((name) => [name, readyAttributes[name]!])) }),
    ...(country && { defaultCountry: country })
  }
}

function clientOptions (given: Variables): LatchkeyOptions['clients'] | undefined {
  const clients: Record<string, { id: string, secret?: string }> = {}
  for (const [name, value] of Object.entries(given)) {
    const slug = /^CLIENT_([A-Z0-9_]+)_ID$/.exec(name)?.[1]
    if (!slug || !value) continue
    const secret = given[`CLIENT_${slug}_SECRET`]
    clients[slug.toLowerCase().replaceAll('_', '-')] = { id: value, ...(secret && { secret }) }
  }
  return Object.keys(clients).length > 0 ? clients : undefined
}

function parseScopes (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ConfigError([describe('SCOPES', 'is not JSON')])
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

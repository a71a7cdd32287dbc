import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { createAddress, ROOT, type Address, type Place } from './address.ts'
import { asciiPath, asciiUrl } from '../http/ascii-url.ts'
import { readFrontEndUrl } from '../http/front-end-url.ts'
import { ConfigError } from './config-error.ts'
import { deprecationsOf, renamed } from './deprecated.ts'
import { checkViews } from '../views/check.ts'
import type { Views } from '../views/index.ts'
import { languages as builtIn, type PartialTexts } from '../views/texts/index.ts'
import { checkHooks } from './hook-options.ts'
import { IN_CODE, nameOf, settingName, type Sources } from './names.ts'
import { readOrigin } from '../http/origin.ts'
import { createTrusts } from '../http/trusted-proxies.ts'
import type { SettingsOptions } from './options.ts'
import { problemsOf } from './problems.ts'
import { Settings } from './settings.ts'
import { checkSocial, type ConfiguredProvider } from './social.ts'
import { unregistrable } from '../oauth/scopes.ts'

type DeepPartial<T> = { [K in keyof T]?: T[K] extends readonly unknown[] ? T[K] : T[K] extends object ? DeepPartial<T[K]> : T[K] }

/** The options of `register(latchkey, options)`: as documented, and those that `npm run docs:options` has not generated yet. */
export type LatchkeyOptions = SettingsOptions & Omit<DeepPartial<Settings>, keyof SettingsOptions>

/** Settings with the address of the server. A copy by `{ ...config }` would not follow the port: pass the config itself. */
export type Config = Omit<Settings, 'views' | 'languages' | 'appUrl' | 'social'> & Address & {
  views: Views
  social: Record<string, ConfiguredProvider>
  languages: Record<string, PartialTexts>
  /** Prefix of the scope in which Latchkey is registered; routes are under it and `prefix`. */
  mount: string
  loginPath: string
  homePath: string
  /** For messages that name an option. */
  sources: Sources
  /** A sentence for the log about each option given by a deprecated name. */
  deprecations: string[]
}

const validator = Compile(Settings)

/**
 * Validates the options as a whole and fills in defaults.
 * @throws ConfigError naming each invalid option or variable and what to write instead
 */
export function resolveConfig (options: LatchkeyOptions, sources: Sources = IN_CODE, { mount, https }: Place = ROOT): Config {
  const filled = withDefaults(Settings, options) as Settings
  const problems = problemsOf(Settings, validator.Errors(filled), sources)
  if (problems.length > 0) throw new ConfigError(problems)
  checkViews(filled.views)
  if (Object.keys(filled.login.attributes).length === 0) {
    throw new ConfigError([{ name: nameOf(sources, ['login', 'attributes']), message: 'is empty; name at least one, such as email' }])
  }
  if (!Object.hasOwn({ ...builtIn, ...filled.languages }, filled.defaultLanguage)) {
    throw new ConfigError([{
      name: nameOf(sources, ['defaultLanguage']),
      message: `has no texts: choose one of ${Object.keys({ ...builtIn, ...filled.languages }).join(', ')}, or add its texts with the option languages`
    }])
  }
  if (filled.databaseUrl && !filled.appKey) {
    throw new ConfigError([{
      name: settingName(sources, 'appKey', 'APP_KEY'),
      message: `is required with ${nameOf(sources, ['databaseUrl'])}; create one with \`openssl rand -base64 32\` and keep it: it decrypts the signing keys in the database`
    }])
  }
  const brand = withColor(filled.brand)
  checkFrontEnds(filled, sources)
  checkTransports(filled, sources)
  if ((filled.terms.version === undefined) !== (filled.terms.url === undefined)) {
    const [version, url] = [settingName(sources, 'terms.version', 'TERMS_VERSION'), settingName(sources, 'terms.url', 'TERMS_URL')]
    const [name, other] = filled.terms.version === undefined ? [version, url] : [url, version]
    throw new ConfigError([{ name, message: `is required with ${other}: people accept a version that they can read` }])
  }
  checkHooks(filled)
  const social = checkSocial(filled.social, sources)
  checkScopes(filled.scopes, nameOf(sources, ['scopes']))
  checkTrustProxy(filled.trustProxy, nameOf(sources, ['trustProxy']))
  const appUrl = filled.appUrl === undefined ? undefined : readUrl(nameOf(sources, ['appUrl']), filled.appUrl).replace(/\/+$/, '')
  const address = createAddress(appUrl, { port: filled.port, path: mount + filled.prefix, https })
  const { basePath } = address
  const { loginPath = `${basePath}/login`, homePath = `${basePath}/account` } = filled
  return Object.defineProperties({
    ...filled,
    corsOrigins: filled.corsOrigins.map((origin, index) => readUrl(nameOf(sources, ['corsOrigins', String(index)]), origin, readOrigin)),
    resourceServers: filled.resourceServers.map((resource, index) =>
      readUrl(nameOf(sources, ['resourceServers', String(index)]), resource)
    ),
    brand,
    social,
    deprecations: deprecationsOf(filled),
    views: filled.views as Views,
    mount,
    loginPath: asciiPath(loginPath),
    homePath: asciiPath(homePath),
    sources
  }, Object.getOwnPropertyDescriptors(address)) as Config
}

function checkTransports ({ mail, sms, login }: Settings, sources: Sources): void {
  for (const [name, send] of [['mail.send', mail.send], ['sms.send', sms.send]] as const) {
    if (send !== undefined && typeof send !== 'function') throw new ConfigError([{ name, message: 'must be a function that sends what it is given' }])
  }
  if (sms.send !== undefined && sms.countries === undefined && login.defaultCountry === undefined) {
    throw new ConfigError([{
      name: settingName(sources, 'sms.countries', 'SMS_COUNTRIES'),
      message: 'is required with sms.send: the countries that text messages may be sent to, such as DE,AT. Numbers of some countries earn money for their owner'
    }])
  }
  const [url, from] = [settingName(sources, 'mail.url', 'SMTP_URL'), settingName(sources, 'mail.from', 'MAIL_FROM')]
  if (mail.url !== undefined && !URL.canParse(mail.url)) throw new ConfigError([{ name: url, message: 'holds a host or a port that cannot be' }])
  if (mail.url !== undefined && mail.send !== undefined) {
    throw new ConfigError([{ name: 'mail.send', message: `takes the place of ${url}: give one of the two` }])
  }
  if (mail.url !== undefined && mail.from === undefined) {
    throw new ConfigError([{ name: from, message: `is required with ${url}: the address that mails come from, such as Example <no-reply@example.com>` }])
  }
}

function checkFrontEnds ({ verificationUrls, resetUrls, apps }: Settings, sources: Sources): void {
  const given = [
    ...verificationUrls.map((url, index) => [['verificationUrls', String(index)], url] as const),
    ...resetUrls.map((url, index) => [['resetUrls', String(index)], url] as const),
    ...Object.entries(apps).flatMap(([app, pages]) => Object.entries(pages).map(([page, url]) => [['apps', app, page], url] as const))
  ]
  const problems = given.filter(([, url]) => readFrontEndUrl(url) === null).map(([path]) => ({
    name: nameOf(sources, [...path]),
    message: 'must be the whole address of a page, without a user name and a fragment, such as https://app.example.com/reset-password'
  }))
  if (problems.length > 0) throw new ConfigError(problems)
}

/** Under both names, so that a second registration may use either. */
function withColor (brand: Settings['brand']): Settings['brand'] {
  const value = renamed('brand', ['color', brand.color], ['colour', brand.colour])
  return value === undefined ? brand : { ...brand, color: value, colour: value }
}

function readUrl (name: string, text: string, read = asciiUrl): string {
  const url = read(text)
  if (url === null) {
    throw new ConfigError([{ name, message: 'has an invalid host or port; see the table of options in README.md' }])
  }
  return url
}

function checkScopes (scopes: Settings['scopes'], name: string): void {
  const taken = unregistrable(Object.keys(scopes))
  if (taken.length > 0) {
    throw new ConfigError([{ name, message: `cannot register ${taken.join(' or ')}, which is reserved; choose another name` }])
  }
}

function checkTrustProxy (trustProxy: Settings['trustProxy'], name: string): void {
  try {
    createTrusts(trustProxy)
  } catch (error) {
    throw new ConfigError([{ name, message: `is invalid: ${(error as Error).message}` }])
  }
}

function withDefaults (schema: TSchema & { default?: unknown }, given: unknown): unknown {
  const value = given === undefined ? structuredClone(schema.default) : given
  const properties = (schema as { properties?: Record<string, TSchema> }).properties
  if (!properties || (value !== undefined && !isObject(value))) return value
  const filled: Record<string, unknown> = { ...value as object }
  for (const [name, property] of Object.entries(properties)) {
    const inner = withDefaults(property, filled[name])
    if (inner === undefined) delete filled[name]
    else filled[name] = inner
  }
  return filled
}

function isObject (value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

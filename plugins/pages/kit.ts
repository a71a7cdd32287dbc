import type { FastifyReply, FastifyRequest } from 'fastify'
import { fits } from '../../src/http/packed-query.ts'
import type { FormId } from '../../src/crypto/form-secrets.ts'
import type { Services } from '../../src/compose/services.ts'
import type { Profile } from '../../src/users/ports.ts'
import { createBrand } from '../../src/views/brand.ts'
import type { Csrf, Page, Scope } from '../../src/views/page.ts'
import type { ViewModel, ViewName } from '../../src/views/index.ts'
import { scriptHash } from '../../src/views/script.ts'
import type { Stylesheet } from '../../src/views/style.css.ts'
import { languageOf, pickLanguage, withLanguages } from '../../src/views/texts/index.ts'
import { localesOf } from '../http/preferred-languages.ts'
import { createCsrf } from './csrf.ts'
import type { Policy } from './headers.ts'
import { createSend } from './send.ts'
import { userLocale } from './user-locale.ts'

/** What all pages share. */
export type Kit = {
  stylesheet: Stylesheet
  /** Path of the script, which only the form-post page uses. */
  script: string
  /** Whether the login page is the host's own, which may redirect to another site. */
  loginLeaves: boolean
  /** Whether a logout may go on to a provider. */
  logoutLeaves: boolean
  /** Either of them: pages of the account lead to both. */
  accountLeaves: boolean
  /** A path under the issuer, with parameters; undefined ones are left out. */
  link: (path: string, params?: Record<string, string | undefined>) => string
  page: (request: FastifyRequest, uiLocales?: string) => Page
  browserOf: (reply: FastifyReply) => Uint8Array
  csrf: (reply: FastifyReply) => Csrf
  formOf: (request: FastifyRequest) => FormId | undefined
  checkCsrf: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
  send: <Name extends ViewName>(reply: FastifyReply, name: Name, model: ViewModel<Name>, policy?: Policy) => Promise<FastifyReply>
  /** The name that the pages show for a user. */
  accountName: (userId: string) => Promise<string>
  /** Scopes with their descriptions: those of the page's language first, then those in SCOPES. */
  scopes: (names: readonly string[], page: Page) => Scope[]
}

export async function createKit ({ config, social, users: { attributes, records } }: Services): Promise<Kit> {
  const { basePath } = config
  const brand = createBrand({ name: config.brand.name, logo: config.brand.logo, accent: config.brand.color, basePath })
  const languages = withLanguages(config.languages)
  const csrf = await createCsrf(config)
  const loginLeaves = config.loginPath !== `${basePath}/login`
  const logoutLeaves = Boolean(social?.logout)

  function page (request: FastifyRequest, uiLocales = localesOf(request) ?? userLocale(request)): Page {
    return { brand, ...pickLanguage({ uiLocales, acceptLanguage: request.headers['accept-language'] }, languages, config.defaultLanguage) }
  }

  function nameOf ({ name, identifiers }: Profile): string {
    const first = attributes.flatMap((attribute) => identifiers.find((identifier) => identifier.attribute === attribute.name) ?? [])[0]
    return first?.display ?? name ?? ''
  }

  return {
    stylesheet: brand.stylesheet,
    script: `${basePath}/assets/latchkey.${scriptHash}.js`,
    loginLeaves,
    logoutLeaves,
    accountLeaves: loginLeaves || logoutLeaves,
    link: (path, params = {}) => basePath + path + queryOf(params),
    page,
    browserOf: csrf.browserOf,
    csrf: csrf.field,
    formOf: csrf.formOf,
    checkCsrf: csrf.check,
    send: createSend(config.views),
    async accountName (userId) {
      const profile = await records.profile(userId)
      return profile ? nameOf(profile) : ''
    },
    scopes: (names, { locale }) =>
      names.map((name) => ({
        name,
        description: wordOf(config.languages[languageOf(locale)]?.scopes, name) ?? wordOf(config.scopes, name)
      }))
  }
}

function wordOf (words: Readonly<Record<string, string | undefined>> | undefined, name: string): string | undefined {
  return words && Object.hasOwn(words, name) ? words[name] : undefined
}

function queryOf (params: Record<string, string | undefined>): string {
  const present = Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '')
  if (present.length === 0) return ''
  const query = new URLSearchParams(present).toString()
  return fits(query) ? `?${query}` : ''
}

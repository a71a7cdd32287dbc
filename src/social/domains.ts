import type { ConfiguredProvider } from '../config/social.ts'
import { withQuery } from '../http/front-end-url.ts'
import { clean, readDomain, type Identifier } from '../users/attributes.ts'
import type { PasswordRefusal } from '../users/password-refusal.ts'

/** Where people with an address of a domain log in. */
export type Home = {
  provider: string
  /** Of the provider, on buttons. */
  label: string
  /** They have no password here. */
  isRequired: boolean
  /** The address that leads there, with what was entered, and where the login goes on afterwards. */
  href: (target?: { returnTo?: string | null, uiLocales?: string | undefined }) => string
}

/** Where people log in, by the domain of their address alone: whether there is an account changes nothing. */
export type Domains = {
  /** @returns null for what is no address, or of another domain */
  homeOf: (text: string | undefined) => Home | null
  /** The same, where passwords are refused. */
  requiredHomeOf: (text: string | undefined) => Home | null
  /** Where somebody with these identifiers logs in and has no password. */
  requiredHomeOfAny: (identifiers: readonly Identifier[]) => Home | null
  passwordRefusal: PasswordRefusal
  /** Whether a password of one of these counts for nothing. */
  refusesPassword: (identifiers: readonly Identifier[]) => boolean
  /** Whether the owner of these must log in at another provider than this one. */
  leadsElsewhere: (provider: string, identifiers: readonly Identifier[]) => boolean
}

/** The route that leads to a provider, under the issuer. */
export const redirectPath = (provider: string) => `/v1/auth/${provider}/redirect`

export function createDomains (
  { social, basePath }: { social: Record<string, Pick<ConfiguredProvider, 'domains' | 'required'>>, basePath: string },
  labels: ReadonlyMap<string, { label: string }>
): Domains {
  const homes = new Map<string, Pick<Home, 'provider' | 'isRequired'>>()
  for (const [provider, { domains = [], required = false }] of Object.entries(social)) {
    for (const domain of domains) if (required || !homes.has(domain)) homes.set(domain, { provider, isRequired: required })
  }
  const labelOf = (provider: string) => labels.get(provider)?.label ?? provider
  const pathOf = (provider: string) => basePath + redirectPath(provider)

  const homeOf: Domains['homeOf'] = (text = '') => {
    // As a login reads it
    const typed = clean(text) ?? ''
    const [, domain] = /@([^@\s]{1,253})$/.exec(typed) ?? []
    const read = domain === undefined ? null : readDomain(domain)
    const home = read === null ? undefined : homes.get(read)
    if (!home) return null
    const { provider } = home
    const href: Home['href'] = ({ returnTo, uiLocales } = {}) => withQuery(pathOf(provider), {
      login_hint: typed, ...(typeof returnTo === 'string' && { return_to: returnTo }), ...(uiLocales !== undefined && { ui_locales: uiLocales })
    })
    return { ...home, label: labelOf(provider), href }
  }

  const requiredHomeOf: Domains['requiredHomeOf'] = (text) => {
    const home = homeOf(text)
    return home?.isRequired === true ? home : null
  }
  const requiredOf = (identifiers: readonly Identifier[]) => identifiers.flatMap(({ value }) => requiredHomeOf(value) ?? [])

  return {
    homeOf,
    requiredHomeOf,
    requiredHomeOfAny: (identifiers) => requiredOf(identifiers)[0] ?? null,
    passwordRefusal (text) {
      const home = requiredHomeOf(text)
      return home && { code: 'at_provider', provider: home.label, path: pathOf(home.provider) }
    },
    refusesPassword: (identifiers) => requiredOf(identifiers).length > 0,
    leadsElsewhere (provider, identifiers) {
      const homes = requiredOf(identifiers)
      return homes.length > 0 && !homes.some((home) => home.provider === provider)
    }
  }
}

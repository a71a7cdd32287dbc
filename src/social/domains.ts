import type { ConfiguredProvider } from '../config/social.ts'
import { readDomain, type Identifier } from '../users/attributes.ts'

/** The provider of the people of a domain. `isRequired`: they have no password here. */
type Home = { provider: string, isRequired: boolean }

/** Where people log in, by the domain of their address alone: whether there is an account changes nothing. */
export type Domains = {
  /** @returns null for what is no address, or of another domain */
  homeOf: (text: string | undefined) => Home | null
  /** Whether a password of one of these counts for nothing. */
  refusesPassword: (identifiers: readonly Identifier[]) => boolean
  /** Whether the owner of these must log in at another provider than this one. */
  leadsElsewhere: (provider: string, identifiers: readonly Identifier[]) => boolean
}

export function createDomains (social: Record<string, Pick<ConfiguredProvider, 'domains' | 'required'>>): Domains {
  const homes = new Map<string, Home>()
  for (const [provider, { domains = [], required = false }] of Object.entries(social)) {
    for (const domain of domains) if (required || !homes.has(domain)) homes.set(domain, { provider, isRequired: required })
  }

  const homeOf: Domains['homeOf'] = (text) => {
    const [, domain] = /@([^@\s]{1,253})\s*$/.exec(text ?? '') ?? []
    const read = domain === undefined ? null : readDomain(domain)
    return read === null ? null : homes.get(read) ?? null
  }
  const requiredOf = (identifiers: readonly Identifier[]) =>
    identifiers.map(({ value }) => homeOf(value)).filter((home) => home?.isRequired === true)
  return {
    homeOf,
    refusesPassword: (identifiers) => requiredOf(identifiers).length > 0,
    leadsElsewhere (provider, identifiers) {
      const homes = requiredOf(identifiers)
      return homes.length > 0 && !homes.some((home) => home?.provider === provider)
    }
  }
}

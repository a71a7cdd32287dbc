import { isLoopback } from '../../http/origin.ts'
import { fail, listed, ok, warn, type Check } from './check.ts'

/** Clients that are not revoked. */
export type ClientFacts = {
  id: string
  slug: string | null
  hasSecret: boolean
  authMethod: string
  grantTypes: string[]
  redirectUris: string[]
  scopes: string[]
  firstParty: boolean
  proxy: boolean
  skipsConsent: boolean
  pkceOptional: boolean
  accessTokenTtl: number | null
}

type Rule = { name: string, status: typeof warn, applies: (client: ClientFacts) => boolean, says: string, fix: string }

const DAY = 86_400
const NEW = 'create another client with "npx latchkey client" and revoke this one'
const change = (option: string) => `npx latchkey clients update <client> ${option}`

const RULES: Rule[] = [
  {
    name: 'client-password',
    status: fail,
    applies: ({ authMethod, grantTypes }) => authMethod === 'none' && grantTypes.includes('password'),
    says: 'public clients with the password grant, which anyone can use to guess passwords',
    fix: NEW
  },
  {
    name: 'client-secret',
    status: warn,
    // The personal access client is used inside the server only
    applies: ({ authMethod, hasSecret, proxy, grantTypes }) =>
      authMethod !== 'none' && !hasSecret && !proxy && !grantTypes.includes('personal_access'),
    says: 'clients without a secret and without proxy routes, which nobody can use',
    fix: NEW
  },
  {
    name: 'client-redirect',
    status: warn,
    applies: ({ redirectUris }) => redirectUris.some(isOpen),
    says: 'clients whose codes are not encrypted, because a redirect URI is http',
    fix: `register https URIs: ${change('--redirect-uri <uri…>')}`
  },
  {
    name: 'client-scopes',
    status: warn,
    applies: ({ firstParty, scopes }) => !firstParty && scopes.includes('*'),
    says: 'third-party clients that may request every scope',
    fix: `name its scopes: ${change('--scope <scope…>')}`
  },
  {
    name: 'client-consent',
    status: warn,
    applies: ({ firstParty, skipsConsent }) => !firstParty && skipsConsent,
    says: 'third-party clients that do not ask for consent',
    fix: NEW
  },
  {
    name: 'client-pkce',
    status: warn,
    applies: ({ authMethod, pkceOptional }) => pkceOptional && authMethod === 'none',
    says: 'public clients that need no PKCE, so that a stolen code can be redeemed',
    fix: NEW
  },
  {
    name: 'client-lifetime',
    status: warn,
    applies: ({ accessTokenTtl }) => (accessTokenTtl ?? 0) > DAY,
    says: 'clients with access tokens that are valid for more than a day',
    fix: `lower that: ${change('--access-token-ttl <seconds>')}`
  }
]

/** @param longestTokenTtl seconds; revocations and keys are kept for as long */
export function checkClients (clients: ClientFacts[], longestTokenTtl: number): Check[] {
  const checks = RULES.flatMap(({ name, status, applies, says, fix }) => {
    const found = clients.filter(applies)
    return found.length > 0 ? [status(name, `${says}: ${listed(found.map(nameOf))}`, fix)] : []
  })
  const outliving = clients.filter(({ accessTokenTtl }) => (accessTokenTtl ?? 0) > longestTokenTtl)
  if (outliving.length > 0) {
    checks.push(
      fail(
        'client-revocation',
        `clients whose tokens outlive the revocations that would refuse them: ${listed(outliving.map(nameOf))}`,
        'raise ACCESS_TOKEN_TTL to that, or lower its access_token_ttl'
      )
    )
  }
  return checks.length > 0 ? checks : [ok('clients', `${clients.length}, none with weak settings`)]
}

function isOpen (uri: string): boolean {
  return uri.startsWith('http://') && URL.canParse(uri) && !isLoopback(new URL(uri).hostname)
}

function nameOf ({ slug, id }: ClientFacts): string {
  return slug ?? id
}

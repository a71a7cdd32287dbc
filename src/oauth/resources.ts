import { invalidTarget } from './errors.ts'

export type Resources = {
  /**
   * The resource servers that tokens are requested for (RFC 8707 section 2), as the operator spells them: null when the request names none,
   * an empty list for this server.
   * @throws OAuthError invalid_target
   */
  parse: (requested: unknown) => string[] | null
}

// A generous limit, because each one is looked up
const MAX = 50
const MAX_LENGTH = 2000
/** Stands for this server. */
const OWN = Symbol('this server')

/**
 * @param registered resource servers besides the issuer, which its own metadata lists as one (RFC 9728)
 * @param site its issuer may change when the server starts to listen, so it is read at each use
 */
export function createResources (registered: readonly string[], site: { readonly issuer: string }): Resources {
  const known = new Map<string | null, string>(registered.map((uri) => [normalized(uri), uri]))
  // An exact match goes before a normalized one
  for (const uri of registered) known.set(uri, uri)

  function find (requested: string): string | typeof OWN {
    const address = normalized(requested)
    if (address === normalized(site.issuer)) return OWN
    const found = known.get(requested) ?? known.get(address)
    if (found === undefined) throw invalidTarget('The resource is not registered here')
    return found
  }

  return {
    parse (requested) {
      if (requested === undefined) return null
      const list = [requested].flat().filter((uri): uri is string => typeof uri === 'string' && uri !== '')
      if (list.length === 0) return null
      if (list.length > MAX) throw invalidTarget(`There are more than ${MAX} resources`)
      const found = new Set(list.map(find))
      // A resource server that receives such a token to read orders could manage the user's account with it
      if (found.has(OWN) && found.size > 1) {
        throw invalidTarget('This server and another resource cannot be requested together; request a token for each')
      }
      return [...found].filter((uri) => uri !== OWN)
    }
  }
}

/**
 * A token request may select among the granted resources.
 * @throws OAuthError invalid_target
 */
export function checkTarget (granted: readonly string[], requested: readonly string[] | null): void {
  if (requested !== null && !isGranted(granted, requested)) throw invalidTarget('The resource was not granted')
}

/**
 * Added to the audience of a token for other servers, so that it is also valid at UserInfo (OpenID Connect Core section 5.3) and nowhere
 * else here.
 */
export function userInfoEndpoint (issuer: string): string {
  return `${issuer}/v1/oauth/userinfo`
}

function isGranted (granted: readonly string[], requested: readonly string[]): boolean {
  return requested.length === 0 ? granted.length === 0 : requested.every((resource) => granted.includes(resource))
}

/** Normalizes a URI (RFC 3986 section 6.2): clients add a slash where there is no path, or leave one out. Null when it is not a URI. */
function normalized (uri: string): string | null {
  // Parsing a host takes time quadratic in its length
  if (uri.length > MAX_LENGTH) return null
  // RFC 3986 allows ASCII only, and RFC 8707 section 2 no fragment. The URL standard would convert backslashes
  if (/[^\x21-\x7e]|[\\#]/.test(uri) || !URL.canParse(uri)) return null
  return new URL(uri).href.replace(/\/$/, '')
}

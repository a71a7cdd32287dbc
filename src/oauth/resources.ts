import { invalidTarget } from './errors.ts'

export type Resources = {
  /**
   * The servers that tokens are asked for (RFC 8707 section 2), as the operator spells them: null when the request names none, an empty
   * list for this one.
   * @throws OAuthError invalid_target
   */
  parse: (asked: unknown) => string[] | null
}

// Nobody has that many, and each is looked up
const MAX = 50
const MAX_LENGTH = 2000
/** What stands in the list of known servers for this one. */
const OWN = Symbol('this server')

/** @param registered resource servers beside the issuer, which its own metadata names as one (RFC 9728) */
export function createResources (registered: readonly string[], issuer: string): Resources {
  const known = new Map<string | null, string | typeof OWN>(
    [...registered, issuer].map((uri) => [normalized(uri), uri === issuer ? OWN : uri])
  )
  // As written, before what is only the same server
  for (const uri of registered) if (known.get(normalized(uri)) !== OWN) known.set(uri, uri)

  function find (asked: string): string | typeof OWN {
    const found = known.get(asked) ?? known.get(normalized(asked))
    if (found === undefined) throw invalidTarget('The resource is not registered here')
    return found
  }

  return {
    parse (asked) {
      if (asked === undefined) return null
      const list = [asked].flat().filter((uri): uri is string => typeof uri === 'string' && uri !== '')
      if (list.length === 0) return null
      if (list.length > MAX) throw invalidTarget(`There are more than ${MAX} resources`)
      const found = new Set(list.map(find))
      // Who gets such a token to read orders could manage the account with it
      if (found.has(OWN) && found.size > 1) {
        throw invalidTarget('This server and another one are asked for at once; ask for a token for each')
      }
      return [...found].filter((uri) => uri !== OWN)
    }
  }
}

/** A token request may choose among what was granted. @throws OAuthError invalid_target */
export function checkTarget (granted: readonly string[], asked: readonly string[] | null): void {
  if (asked !== null && !isGranted(granted, asked)) throw invalidTarget('The resource was not granted')
}

/** The audience of a token for other servers that may ask this one who its user is (OpenID Connect Core section 5.3), and nothing else. */
export function userInfoEndpoint (issuer: string): string {
  return `${issuer}/v1/oauth/userinfo`
}

function isGranted (granted: readonly string[], asked: readonly string[]): boolean {
  return asked.length === 0 ? granted.length === 0 : asked.every((resource) => granted.includes(resource))
}

/**
 * One spelling of the same address (RFC 3986 section 6.2); clients add a slash where there is no path, or leave out one that is there. Null
 * for what is none.
 */
function normalized (uri: string): string | null {
  // Reading a host costs the square of its length
  if (uri.length > MAX_LENGTH) return null
  // RFC 3986 knows ASCII only, and RFC 8707 section 2 no fragment. The URL standard would turn backslashes
  if (/[^\x21-\x7e]|[\\#]/.test(uri) || !URL.canParse(uri)) return null
  return new URL(uri).href.replace(/\/$/, '')
}

import { invalidTarget } from './errors.ts'

export type Resources = {
  /**
   * The servers that an access token is asked for (RFC 8707 section 2.2): null when the request names none, and nothing but this one is an empty list.
   * @throws OAuthError invalid_target
   */
  parse: (resource: string | undefined) => string[] | null
}

/** @param registered resource servers beside the issuer */
export function createResources (registered: readonly string[], issuer: string): Resources {
  return {
    parse (resource) {
      if (resource === undefined) return null
      if (resource === issuer) return []
      if (!registered.includes(resource)) throw invalidTarget('The resource is not registered here')
      return [resource]
    }
  }
}

/** A token request may choose among what was granted. @throws OAuthError invalid_target */
export function checkTarget (granted: readonly string[], asked: readonly string[] | null): void {
  if (asked !== null && !isGranted(granted, asked)) throw invalidTarget('The resource was not granted')
}

function isGranted (granted: readonly string[], asked: readonly string[]): boolean {
  return asked.length === 0 ? granted.length === 0 : asked.every((resource) => granted.includes(resource))
}

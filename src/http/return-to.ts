const ANYWHERE = 'http://here.invalid'

/**
 * A path on this server to go to after a login, or null: never another site (RFC 9700 section 4.11).
 * What a browser would read as another host (`//x`, `/\x`, tabs and newlines within) is none.
 */
export function localPath (target: unknown): string | null {
  if (typeof target !== 'string' || !target.startsWith('/') || /[\\\s\p{C}]/u.test(target)) return null
  if (!URL.canParse(target, ANYWHERE)) return null
  const { origin, pathname, search, hash } = new URL(target, ANYWHERE)
  return origin === ANYWHERE && !pathname.startsWith('//') ? pathname + search + hash : null
}

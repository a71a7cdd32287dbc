/** Longer than any address that our own server reads. */
const MAX_LENGTH = 16 * 1024
const ANYWHERE = 'http://here.invalid'

/**
 * A path on this server to go to after a login, or null: never another site (RFC 9700 section 4.11).
 * What a browser would read as another host (`//x`, `/\x`, tabs and newlines within) is none.
 */
export function localPath (target: unknown): string | null {
  // A host is looked for no further than here: reading one costs the square of its length
  if (typeof target !== 'string' || target.length > MAX_LENGTH || !/^\/(?!\/)/.test(target) || /[\\\s\p{C}]/u.test(target)) return null
  if (!URL.canParse(target, ANYWHERE)) return null
  const { origin, pathname, search, hash } = new URL(target, ANYWHERE)
  return origin === ANYWHERE && !pathname.startsWith('//') ? pathname + search + hash : null
}

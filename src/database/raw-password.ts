// A parameter name, and a value with an @, such as the address of a service account
const PARAMETER = /^[a-z_]{4,}=[^/]*$/

/**
 * Whether a URL has an unescaped character that ends its password early: the rest would be taken for the host, and appear in errors. An @
 * within the authority is parsed correctly, since the last one separates.
 */
export function hasRawPassword (url: string): boolean {
  const rest = url.replace(/^[a-z]+:\/\//i, '')
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? ''
  const [path = '', ...queries] = rest.slice(authority.length).split('?')
  const query = queries.join('?')
  if (rest.includes('#') || path.includes('@')) return true
  // Without a path between them, the ? belongs to the password
  if (query.includes('@') && authority !== '' && path === '') return true
  return query.split('&').some((pair) => pair.includes('@') && !PARAMETER.test(pair))
}

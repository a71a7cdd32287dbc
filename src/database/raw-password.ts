// A name of a parameter, and a value with an @, as an address of a service account has
const PARAMETER = /^[a-z_]{4,}=[^/]*$/

/**
 * Whether a URL has a character of a password where it ends the password: what follows would be taken for the host, and told in
 * errors. An @ within the authority is read rightly, since the last one counts.
 */
export function hasRawPassword (url: string): boolean {
  const rest = url.replace(/^[a-z]+:\/\//i, '')
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? ''
  const [path = '', ...queries] = rest.slice(authority.length).split('?')
  const query = queries.join('?')
  if (rest.includes('#') || path.includes('@')) return true
  // Between the ? of a password and its host there is no path
  if (query.includes('@') && authority !== '' && path === '') return true
  return query.split('&').some((pair) => pair.includes('@') && !PARAMETER.test(pair))
}

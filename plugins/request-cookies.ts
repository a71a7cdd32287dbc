/** The values of all cookies of a name, as they were sent: another app on the domain, or on another path, may have one of the same name. */
export function cookiesNamed (header: string | undefined, name: string): string[] {
  if (header === undefined || !header.includes(name)) return []
  const pairs = header.split(';').map((pair) => pair.split('='))
  return pairs.flatMap(([key = '', ...value]) => key.trim() === name ? [unquoted(value.join('=').trim())] : [])
}

/** RFC 6265 section 4.1.1 */
function unquoted (value: string): string {
  return /^".*"$/.test(value) ? value.slice(1, -1) : value
}

/** Where options were given. */
export type Sources = {
  /** The variable of each option, by the path of the option, such as `login.attributes`; none for options given in code. */
  names: Record<string, string>
  /** Inside a host only variables with the prefix are ours. */
  prefixedOnly: boolean
}

/** When all options were given in code. */
export const IN_CODE: Sources = { names: {}, prefixedOnly: false }

export const VARIABLE_PREFIX = 'LATCHKEY_'

/** The name to report for a mistake: the variable that gave the option, or the option. */
export function nameOf ({ names }: Sources, path: readonly string[]): string {
  const given = path.map((_step, index) => names[path.slice(0, path.length - index).join('.')]).find((name) => name !== undefined)
  return given ?? path.join('.')
}

/** The name of a setting in advice: the variable, and inside a host the option before it. */
export function settingName ({ names, prefixedOnly }: Sources, option: string, variable: string): string {
  const given = names[option]
  if (given !== undefined) return given
  return prefixedOnly ? `${option} (or ${VARIABLE_PREFIX}${variable})` : variable
}

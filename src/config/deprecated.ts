import { ConfigError } from './config-error.ts'

/**
 * The value of an option that has a new name, under either. The former name is accepted until the next release, with a warning in the log.
 * @throws ConfigError when both are given and differ
 */
export function renamed<Value> (path: string, [name, value]: [string, Value], [former, formerValue]: [string, Value]): Value {
  if (value !== undefined && formerValue !== undefined && value !== formerValue) {
    throw new ConfigError([{
      name: `${path}.${former}`, message: `is the deprecated name of ${path}.${name}, and differs from it; set only ${path}.${name}`
    }])
  }
  return value ?? formerValue
}

type Deprecatable = { brand: { colour?: unknown }, login: { attributes: Record<string, unknown> } }

/** A sentence for the log about each option that is given by its former name. */
export function deprecationsOf ({ brand, login: { attributes } }: Deprecatable): string[] {
  const former = [
    ...(brand.colour === undefined ? [] : [['brand', 'colour', 'color']]),
    ...Object.entries(attributes)
      .filter(([, schema]) => typeof schema === 'object' && schema !== null && 'normaliser' in schema)
      .map(([name]) => [`login.attributes.${name}`, 'normaliser', 'normalizer'])
  ]
  return former.map(([path, old, name]) => `The option ${path}.${old} is deprecated: write ${path}.${name}`)
}

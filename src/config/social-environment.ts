import { VARIABLE_PREFIX } from './names.ts'
import { SocialProvider, type SocialMember } from './social-options.ts'

type Providers = Record<string, SocialProvider>
type Found = { name: string, text: string }

/** How the text of a variable becomes the value of a member. */
export type FromText = (member: SocialMember, schema: { type?: string, description?: string }, found: Found) => unknown

const MEMBERS = Object.entries(SocialProvider.properties).flatMap(([member, schema]) => {
  const { suffix } = schema as { suffix?: string }
  return suffix === undefined ? [] : [{ member: member as SocialMember, suffix, schema: schema as { type?: string, description?: string } }]
})
const NAMES = new RegExp(`^(?:${VARIABLE_PREFIX})?SOCIAL_([A-Z0-9](?:[A-Z0-9_]*[A-Z0-9])?)_(?:${MEMBERS.map(({ suffix }) => suffix).join('|')})$`)

/** SOCIAL_GOOGLE_CLIENT_ID belongs to the provider `google`. */
export function socialOptions (
  variables: Record<string, string | undefined>,
  given: (name: string) => Found | undefined,
  names: Record<string, string>,
  fromText: FromText
): Providers | undefined {
  const words = new Set(Object.keys(variables).flatMap((name) => NAMES.exec(name)?.[1] ?? []))
  const social: Record<string, Record<string, unknown>> = {}
  for (const word of words) {
    const name = word.toLowerCase().replaceAll('_', '-')
    for (const { member, suffix, schema } of MEMBERS) {
      const found = given(`SOCIAL_${word}_${suffix}`)
      if (!found) continue
      social[name] = { ...social[name], [member]: fromText(member, schema, found) }
      names[`social.${name}.${member}`] = found.name
    }
  }
  return Object.keys(social).length > 0 ? social : undefined
}

/**
 * Options take precedence over variables, one by one. SOCIAL_MEDIA_LABEL may belong to something else: a provider that no option names
 * begins with an id, a secret or an issuer.
 */
export function mergeSocial (options: Providers = {}, environment: Providers = {}): Providers {
  // What is no object is left for the validation of the options to report
  if (!isObject(options)) return options
  const merged = Object.entries(given(options)).map(([name, provider]): [string, SocialProvider] =>
    [name, isObject(provider) ? { ...(Object.hasOwn(environment, name) ? environment[name] : {}), ...given(provider) } : provider])
  const begun = Object.entries(environment).filter(([name, { clientId, clientSecret, issuer }]) =>
    !merged.some(([other]) => other === name) && (clientId ?? clientSecret ?? issuer) !== undefined)
  return Object.fromEntries([...merged, ...begun])
}

/** Paths of the members that options give, such as `social.google.clientId`. */
export function socialPaths (options: Providers = {}): string[] {
  if (!isObject(options)) return []
  return Object.entries(options).flatMap(([name, provider]) =>
    isObject(provider) ? Object.keys(given(provider)).map((member) => `social.${name}.${member}`) : [])
}

function isObject (value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function given<Value extends object> (value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Value
}

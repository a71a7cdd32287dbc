import type { Caller } from '../oauth/ports.ts'
import type { Attributes, Identifier } from '../users/attributes.ts'
import { callHook } from '../users/host-hook.ts'
import type { ProfileFields, ProfilePatch } from '../users/profile-fields.ts'
import { readIdentifiers } from '../users/read-identifiers.ts'
import type { Provider, UpstreamClaims, UpstreamProfile } from './ports.ts'
import { isObject, toProfile } from './read-claims.ts'

/** Who has logged in at a provider. */
export type UpstreamLogin = {
  /** Its name in the options. */
  provider: string
  /** Who it is there. */
  subject: string
  email: string | null
  /** Whether the provider vouches for the address. */
  emailVerified: boolean
  name: string | null
  /** Of the id token and UserInfo, or what the API of an OAuth 2.0 provider has answered. */
  claims: UpstreamClaims
  ip: string | null
  userAgent: string | null
}

/**
 * What is used instead of the word of the provider. `emailVerified` is then your word: an account with this address may be opened.
 * `attributes` and `profile` are for a user who is created by the login; of the attributes, those that somebody has are left out.
 */
export type UpstreamLoginChange = {
  email?: string | null | undefined
  emailVerified?: boolean | undefined
  name?: string | null | undefined
  /** Values of login attributes other than the e-mail address. They are not verified. */
  attributes?: Record<string, string> | undefined
  /** Members of the option `profile`. */
  profile?: Record<string, unknown> | undefined
}

/**
 * Is asked at each login at a provider, before anything is written; it has a second, after which `signal` is aborted. When it fails, or
 * returns what cannot be used, the answer is 503.
 * @returns nothing, what is to be used instead, or why the user is not let in, which is shown
 */
export type OnUpstreamLogin = (login: UpstreamLogin, options: { signal: AbortSignal }) => Answer | Promise<Answer> | Promise<void> | void

type Answer = UpstreamLoginChange | { reason: string } | undefined

/** What a login goes on with. */
export type Mapped =
  | { profile: UpstreamProfile, identifiers: Identifier[], fields: ProfilePatch, reason?: never }
  | { reason: string }

/** @throws HttpError LK_LOGIN_UNAVAILABLE */
export type MapLogin = (provider: Provider, answer: { profile: UpstreamProfile, claims: UpstreamClaims }, caller: Caller) => Promise<Mapped>

type Dependencies = { attributes: Attributes, profileFields?: Pick<ProfileFields, 'read'> | undefined }

const HOOK = { name: 'onUpstreamLogin', code: 'LK_LOGIN_UNAVAILABLE' } as const
const MEMBERS = ['email', 'emailVerified', 'name', 'attributes', 'profile']
const NO_FIELDS: ProfilePatch = { given: {}, removed: [] }

/** Without a hook: what the provider says. */
export const asTheProviderSays: MapLogin = async (_provider, { profile }) => ({ profile, identifiers: [], fields: NO_FIELDS })

export function createMapLogin (hook: OnUpstreamLogin, { attributes, profileFields }: Dependencies): MapLogin {
  const others = attributes.filter(({ channel }) => channel !== 'mail')

  function readAttributes (given: unknown): Identifier[] {
    if (given === undefined) return []
    const values = isObject(given) ? given : { attributes: given }
    const unknown = Object.keys(values).find((name) => !others.some((other) => other.name === name))
    if (unknown !== undefined) throw unusable(`attributes.${unknown}`, attributes.some(({ name }) => name === unknown) ? undefined : 'login.attributes')
    const { identifiers, errors } = readIdentifiers(attributes, others.filter(({ name }) => values[name] !== undefined), values)
    const [wrong] = Object.keys(errors)
    if (wrong !== undefined) throw unusable(`attributes.${wrong}`)
    return identifiers
  }

  function readFields (given: unknown): ProfilePatch {
    if (given === undefined) return NO_FIELDS
    const { patch, errors } = profileFields?.read(given) ?? { errors: { profile: [] } }
    const [wrong] = Object.keys(errors)
    if (wrong !== undefined) throw unusable(wrong, profileFields ? undefined : 'profile')
    return patch ?? NO_FIELDS
  }

  function read (answer: unknown, before: UpstreamProfile): Mapped {
    const change = answer ?? {}
    if (!isObject(change)) throw new TypeError(`${HOOK.name} returns nothing, an object with ${MEMBERS.join(', ')}, or { reason }`)
    const { reason, ...changed } = change
    if (reason !== undefined) {
      if (typeof reason !== 'string' || reason === '') throw unusable('reason')
      return { reason }
    }
    const unknown = Object.keys(changed).find((name) => !MEMBERS.includes(name))
    if (unknown !== undefined) throw unusable(unknown)
    // Another address is one that the provider does not vouch for
    const { email = before.email, emailVerified = before.emailVerified && email === before.email, name = before.name } = changed
    const profile = toProfile({ ...before, email, emailVerified, name }, [])!
    return { profile, identifiers: readAttributes(changed['attributes']), fields: readFields(changed['profile']) }
  }

  return async (provider, { profile, claims }, caller) => {
    const { locale: _locale, ...said } = profile
    const login = { provider: provider.name, ...said, claims, ip: caller.ip ?? null, userAgent: caller.userAgent ?? null }
    return await callHook(HOOK, async (signal) => read(await hook(login, { signal }), profile))
  }
}

/** Never with the value. @param option that has no such member */
function unusable (member: string, option?: string): TypeError {
  return new TypeError(`${HOOK.name} has returned ${member}, which ${option === undefined ? 'cannot be used' : `the option ${option} does not have`}`)
}

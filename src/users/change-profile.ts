import type { StepUp } from '../account/step-up.ts'
import { originOf, type Events } from '../events/events.ts'
import type { FieldErrors } from '../http/field-errors.ts'
import type { Caller } from '../oauth/ports.ts'
import { boundToSession } from '../sessions/auth-sessions.ts'
import type { IdentifierChanges, Pending, Wanted } from '../verification/changes.ts'
import type { LinkChoice } from '../verification/links.ts'
import type { Throttle } from '../throttle/throttle.ts'
import type { Preferences } from '../verification/recipient.ts'
import type { Attributes, Identifier } from './attributes.ts'
import type { IdentifierChange, StoredIdentifier } from './identifier-change.ts'
import type { Profile, Users } from './ports.ts'
import type { ProfileFields, ProfilePatch } from './profile-fields.ts'
import { readIdentifiers } from './read-identifiers.ts'
import { readUserName, takenErrors } from './register.ts'

type Request = {
  userId: string
  sessionId: string
  /** Of the login. */
  authTime: Date | null
  body: Record<string, unknown>
  caller: Caller
  preferences: Preferences
  /** Where a mail to a new address leads to; only where mail can be sent. */
  link?: LinkChoice | undefined
}

/** `isTooOld`: the user must log in again, or send `current_password`. Nothing has changed. */
export type ProfileOutcome =
  | { user: Profile, pending: Pending[], errors?: never, isTooOld?: never }
  | { errors: FieldErrors, user?: never, pending?: never, isTooOld?: never }
  | { isTooOld: true, user?: never, pending?: never, errors?: never }

export type ChangeProfile = (request: Request) => Promise<ProfileOutcome>

type Dependencies = {
  attributes: Attributes
  users: Pick<Users, 'findById' | 'identifiers' | 'taken' | 'changeProfile'>
  stepUp: StepUp
  /** Languages that there are texts in. */
  languages: readonly string[]
  /** Of the option `profile`. */
  profileFields?: Pick<ProfileFields, 'apply' | 'read'> | undefined
  /** Attributes of which a user must have verified one: nobody removes the only one. */
  mustVerify?: readonly string[] | undefined
  /** Attributes whose new values are confirmed first, since something can be sent to them. */
  confirmable: readonly string[]
  /** Null where no message can be sent: then nothing is confirmed, and nobody told. */
  changes: Pick<IdentifierChanges, 'prepare' | 'pending'> | null
  throttle: Pick<Throttle, 'identifierChange'>
  events: Pick<Events, 'emit'>
}

/** What a body asks for. `later`: must be confirmed first. */
type Asked = {
  name: string | null | undefined
  locale: string | null | undefined
  profile: ProfilePatch | undefined
  now: Identifier[]
  later: Wanted[]
  removed: string[]
}

/**
 * Changes the name, the language, members of `profile`, and login attributes, which are top-level properties of the body; null or an
 * empty string removes one.
 * Login attributes give access to the account, so changing them requires a recent login or `current_password`.
 * @throws Overloaded, TooManyAttempts
 */
export function createChangeProfile (
  { attributes, users, stepUp, languages, profileFields, mustVerify, confirmable, changes, throttle, events }: Dependencies
): ChangeProfile {
  function read (body: Record<string, unknown>, stored: StoredIdentifier[]): Asked & { errors: FieldErrors } {
    const named = attributes.filter(({ name }) => body[name] !== undefined)
    const removed = named.map(({ name }) => name).filter((name) => body[name] === null || body[name] === '')
    const { identifiers, errors } = readIdentifiers(attributes, named.filter(({ name }) => !removed.includes(name)), body)
    const { name, problem } = body['name'] === undefined ? {} : readUserName(body['name'])
    if (problem !== undefined) errors['name'] = [problem]
    const locale = readLocale(body['locale'], languages)
    if (locale === 'unknown') errors['locale'] = ['not_offered']
    const { patch, errors: wrong } = profileFields?.read(body['profile']) ?? { errors: {} }
    Object.assign(errors, wrong)
    if (name === undefined && named.length === 0 && locale === undefined && !patch && Object.keys(errors).length === 0) {
      const more = profileFields ? ['profile'] : []
      errors['body'] = [{ code: 'nothing_to_change', fields: ['name', 'locale', ...more, ...attributes.map((one) => one.name)] }]
    }
    const before = new Map(stored.map(({ attribute, value }) => [attribute, value]))
    const isLater = ({ attribute, value }: Identifier) => confirmable.includes(attribute) && before.get(attribute) !== value
    return {
      name, locale: locale === 'unknown' ? undefined : locale, profile: patch, removed, errors,
      now: identifiers.filter((identifier) => !isLater(identifier)),
      later: identifiers.filter(isLater).map((identifier) => ({ identifier, before: before.get(identifier.attribute) ?? null }))
    }
  }

  /** @returns null when the change may go on */
  async function prove ({ userId, sessionId, authTime, body: { current_password: password } }: Request): Promise<ProfileOutcome | null> {
    const outcome = await stepUp({ userId, sessionId, authTime, password: password === undefined ? undefined : String(password) })
    if (outcome === 'too_old') return { isTooOld: true }
    return outcome === 'proven' ? null : { errors: { current_password: ['wrong_password'] } }
  }

  async function refuse (why: 'taken' | 'last' | 'required' | 'stale' | 'often', { now, removed }: Asked, userId: string): Promise<ProfileOutcome> {
    const named = (names: string[], code: 'last_identifier' | 'required' | 'changed_often') => Object.fromEntries(names.map((name) => [name, [code]]))
    if (why === 'taken') return { errors: takenErrors(await users.taken(now, userId)) }
    if (why === 'last') return { errors: named(removed, 'last_identifier') }
    if (why === 'required') return { errors: named(removed.filter((name) => mustVerify?.includes(name)), 'required') }
    if (why === 'often') return { errors: named([...now.map(({ attribute }) => attribute), ...removed], 'changed_often') }
    return { errors: { current_password: ['changed_meanwhile'] } }
  }

  function tell ({ name, locale, profile }: Asked, made: IdentifierChange[], { userId, caller }: Request): void {
    const { given = {}, removed = [] } = profile ?? {}
    const fields = [
      ...(name === undefined ? [] : ['name']), ...(locale === undefined ? [] : ['locale']),
      ...[...Object.keys(given), ...removed].map((field) => `profile.${field}`)
    ]
    if (fields.length > 0) events.emit('profile.changed', { userId, fields, ...originOf(caller) })
    for (const change of made) tellChange(events, change, { userId, caller })
  }

  return async (request) => {
    const { userId, sessionId, body, caller, preferences, link } = request
    const { errors, ...asked } = read(body, await users.identifiers(userId))
    const { name, locale, now, later, removed } = asked
    if (link?.errors && later.some(({ identifier }) => isMail(attributes, identifier))) Object.assign(errors, link.errors)
    if (Object.keys(errors).length > 0) return { errors }
    const user = await users.findById(userId)
    const refused = now.length + later.length + removed.length > 0 ? await prove(request) : null
    if (refused) return refused
    if (!user) return { errors: { current_password: ['wrong_password'] } }

    const changer = { userId, boundTo: boundToSession(sessionId), caller, preferences }
    const direct = [...now.map(({ attribute }) => attribute), ...removed]
    // A change that takes effect at once tells whether somebody else has the value
    if (direct.length + later.length > 0) await throttle.identifierChange(userId)
    const prepared = await changes?.prepare({ changer, wanted: later, direct, link: link?.link })
    let made: IdentifierChange[] = []
    const configured = attributes.map((attribute) => attribute.name)
    let lacking: FieldErrors = {}
    const merge = (stored: Record<string, unknown>) => {
      const applied = profileFields!.apply(stored, asked.profile!)
      lacking = applied.errors
      return Object.keys(lacking).length > 0 ? null : applied.profile
    }
    const profile = asked.profile && merge
    const isHeld = (change: IdentifierChange) =>
      !canBeProven(attributes, change) || change.before?.verified === true || prepared?.isTold(change) === true
    const change = { userId, passwordStamp: user.passwordStamp, name, locale, profile, identifiers: now, removed, configured, isHeld }
    const changed = await users.changeProfile({ ...change, required: mustVerify }, async (transaction, changes) => {
      made = changes
      await prepared?.write(transaction, changes)
    })
    if (changed === 'profile') return { errors: lacking }
    if (typeof changed === 'string') return await refuse(changed, asked, userId)
    tell(asked, made, request)
    return { user: changed, pending: await changes?.pending(userId) ?? [] }
  }
}

export function tellChange (
  events: Pick<Events, 'emit'>,
  { attribute, before, after }: IdentifierChange,
  { userId, caller }: { userId: string, caller: Caller }
): void {
  const change = before === null ? 'added' : after === null ? 'removed' : 'changed'
  events.emit('identifier.changed', { userId, attribute, change, ...originOf(caller) })
}

/** @returns undefined when none is given, null for that of the browser */
function readLocale (given: unknown, languages: readonly string[]): string | null | undefined {
  if (given === undefined) return undefined
  if (given === null || given === '') return null
  try {
    const { language, baseName } = new Intl.Locale(String(given))
    return languages.includes(language) ? baseName : 'unknown'
  } catch {
    return 'unknown'
  }
}

/** User names cannot. */
function canBeProven (attributes: Attributes, { attribute }: IdentifierChange): boolean {
  return attributes.some(({ name, channel }) => name === attribute && channel !== null)
}

function isMail (attributes: Attributes, { attribute }: Identifier): boolean {
  return attributes.some(({ name, channel }) => name === attribute && channel === 'mail')
}

import { MAX_USER_NAME, readName } from '../names/name.ts'
import { SAME_FORM, type FormId } from '../crypto/form-secrets.ts'
import type { FieldError, FieldErrors } from '../http/field-errors.ts'
import { HttpError } from '../http/http-error.ts'
import { hashSecret } from '../crypto/secrets.ts'
import { originOf, type Events } from '../events/events.ts'
import type { Invited, LoadInvitations } from '../invitations/invitations.ts'
import type { Authenticate, Caller, SignedIn } from '../oauth/ports.ts'
import type { Link } from '../verification/links.ts'
import type { Preferences } from '../verification/recipient.ts'
import type { Attributes, Identifier } from './attributes.ts'
import { requiredErrors } from './login-candidates.ts'
import { readIdentifiers } from './read-identifiers.ts'
import type { PasswordPolicy } from '../passwords/policy.ts'
import type { PasswordRefusal } from './password-refusal.ts'
import type { Profile, Users } from './ports.ts'
import type { ProfileFields } from './profile-fields.ts'
import type { AskHost } from './before-register.ts'
import type { PrepareRegisteredMail } from './registered-mail.ts'
import type { WaitingRegistration } from './waiting-registration.ts'

/**
 * `again`: the same form created this user a moment ago, and its sender has proven the password. `authSession`: the account waits for the
 * verification of its address, or there is none, since the address has one already; nothing tells which.
 */
export type Registration =
  | { user: Profile, again?: SignedIn, errors?: never, authSession?: never }
  | { user?: never, again?: never, errors: FieldErrors, authSession?: never }
  | { user?: never, again?: never, errors?: never, authSession: string }

/** Who registers, and how. */
export type Registrant = {
  /** For the audit log. */
  caller?: Caller | undefined
  /** Identifies a form of our page. */
  form?: FormId | undefined
  /** Language of the mails to the user; the default language without one. */
  locale?: string | undefined
  /** Languages of the browser, and where a mail leads to. */
  preferences?: Preferences | undefined
  link?: Link | undefined
  /** The registration in whose place this one comes, with another address. `first`: of several. */
  replaces?: { first: string, free: () => Promise<boolean> } | undefined
}

export type Register = (body: Record<string, unknown>, registrant?: Registrant) => Promise<Registration>

type Dependencies = {
  attributes: Attributes
  users: Pick<Users, 'profile' | 'taken' | 'madeByForm' | 'create' | 'createNobody'>
  passwordPolicy: PasswordPolicy
  /** Where a provider is required. */
  passwordRefusal?: PasswordRefusal | undefined
  /** When there are forms. */
  authenticate?: Authenticate
  /** Where people can be invited. */
  invitations?: LoadInvitations
  /** Nobody registers without an invitation. */
  invitationOnly?: boolean
  /** Where an address must be verified. */
  waiting?: WaitingRegistration
  /** The version of the terms that people accept, where there are any. */
  termsVersion?: string | undefined
  /** Of the option `profile`. */
  profileFields?: Pick<ProfileFields, 'apply' | 'read'> | undefined
  /** Where mails are sent. */
  prepareMail?: PrepareRegisteredMail | undefined
  /** Asks the host whether somebody may register. */
  askHost?: AskHost | undefined
  /** None for the command line and for tests. */
  events?: Pick<Events, 'emit'>
}

/** What a user is created from. */
type Entered = { name: string | null, password: string, identifiers: Identifier[], profile?: Record<string, unknown> | undefined }

/**
 * Creates a user with a password and at least one attribute; attributes are top-level properties of the body. Submitting the same form
 * twice is one registration.
 * @throws Overloaded, TooManyAttempts, HttpError LK_INVITATION_REQUIRED, HttpError LK_INVALID_TOKEN for a bad invitation,
 * HttpError LK_REGISTRATION_UNAVAILABLE when a hook of the host fails
 */
export function createRegister ({
  attributes, users, passwordPolicy, passwordRefusal, authenticate, invitations, invitationOnly = false, waiting, termsVersion,
  profileFields, prepareMail, askHost, events
}: Dependencies): Register {
  /**
   * Repeating a registration requires the browser, the form and the password; none of them is sufficient alone. The password is verified
   * and counted as in a login.
   */
  async function madeBefore (
    { name, password, identifiers, profile }: Entered,
    { form, caller }: Registrant
  ): Promise<Registration | null> {
    const [identifier] = identifiers
    if (!form || !identifier || !caller || !authenticate) return null
    if (!await users.madeByForm(identifier, hashOf(form, name, identifiers, profile), SAME_FORM)) return null
    const known = await authenticate([identifier], password, caller)
    const user = known && await users.profile(known.userId)
    return user && { user, again: { userId: user.id, passwordStamp: known.passwordStamp } }
  }

  /** @returns null without an invitation, undefined for one that is not valid */
  async function invitedBy ({ invitation: token = '' }: Record<string, unknown>): Promise<Invited | null | undefined> {
    const known = token === '' || token === null ? null : await invitations?.()
    if (known) return await known.find(String(token)) ?? undefined
    if (invitationOnly) throw new HttpError('LK_INVITATION_REQUIRED')
    return null
  }

  async function read (body: Record<string, unknown>, invited: Invited | null | undefined): Promise<Entered & { errors: FieldErrors }> {
    const { identifiers, errors } = identifiersFrom(attributes, invited ? withInvited(body, invited) : body)
    if (invited && !identifiers.some((identifier) => isSame(identifier, invited.identifier))) {
      errors[invited.identifier.attribute] = ['not_invited']
    }
    for (const { attribute, value } of identifiers) {
      const refusal = passwordRefusal?.(value)
      if (refusal) errors[attribute] = [refusal]
    }
    if (waiting && !identifiers.some(({ attribute }) => attribute === waiting.address)) errors[waiting.address] ??= ['required']
    const password = String(body['password'] ?? '')
    const weaknesses = password === '' ? ['required' as const] : await passwordPolicy.check(password)
    if (weaknesses.length > 0) errors['password'] = weaknesses
    const { name = null, problem } = readUserName(body['name'])
    if (problem !== undefined) errors['name'] = [problem]
    // A checkbox sends a text
    if (termsVersion !== undefined && String(body['terms_accepted']) !== 'true') errors['terms_accepted'] = ['not_accepted']
    const { patch = { given: {}, removed: [] }, errors: wrong } = profileFields?.read(body['profile'] ?? {}) ?? { errors: {} }
    const { profile, errors: lacking = {} } = profileFields?.apply({}, patch) ?? {}
    Object.assign(errors, lacking, wrong)
    return { name, password, identifiers, profile, errors }
  }

  function tell (user: Profile, { caller }: Registrant, invited: Invited | null = null): void {
    const origin = originOf(caller)
    events?.emit('user.registered', { userId: user.id, ...origin })
    if (!invited) return
    const { attribute } = invited.identifier
    events?.emit('identifier.verified', { userId: user.id, attribute, cleaned: false, removed: [], ...origin })
  }

  /** An address that is taken takes the same statements and the same time as a new one. */
  async function registerWaiting (
    entered: Entered,
    registrant: Registrant,
    { isPublic, waitingOf, start, startedBy }: WaitingRegistration
  ): Promise<Registration> {
    const { name, password, identifiers, profile } = entered
    const { form, locale, replaces } = registrant
    if (replaces && !await replaces.free()) return { errors: {} }
    const submitted = form && { form, entered: [JSON.stringify([name, identifiers, profile]), password] }
    const started = submitted ? await startedBy(submitted) : null
    if (started !== null) return { authSession: started }

    const waits = waitingOf(identifiers)
    const { id, address } = waits
    const others = identifiers.filter(({ attribute }) => attribute !== address.attribute)
    const registration = { id, first: replaces?.first ?? id, name, others, profile, locale, termsVersion }
    const starting = { address, registration, registrant, submitted }
    const taken = await users.taken(identifiers)
    const told = taken.filter(isPublic)
    if (told.length > 0) return { errors: takenErrors(told) }

    // Asked for a new address, too: it takes the same statements
    const before = await madeBefore(entered, registrant)
    if (before?.user) return { authSession: await start({ ...starting, userId: before.user.id }) }

    const madeByForm = form && hashOf(form, name, identifiers, profile)
    // What belongs to somebody else is left out: it is as private as the address
    const own = identifiers.filter(({ attribute }) => attribute === address.attribute || !taken.includes(attribute))
    const entry = { name, password, identifiers: own, profile, madeByForm, locale, termsVersion, waiting: waits }
    const isTaken = taken.includes(address.attribute)
    const user = isTaken ? await users.createNobody(entry) : await users.create(entry)
    if (user) tell(user, registrant)
    // Another registration was quicker, perhaps by the same form
    const made = user || isTaken ? null : await madeBefore(entered, registrant)
    const late = user || isTaken || made ? [] : (await users.taken(identifiers)).filter(isPublic)
    if (late.length > 0) return { errors: takenErrors(late) }
    return { authSession: await start({ ...starting, userId: user?.id ?? made?.user?.id ?? null }) }
  }

  return async (body, registrant = {}) => {
    const { form, locale } = registrant
    const invited = await invitedBy(body)
    const { errors, ...entered } = await read(body, invited)
    const { name, password, identifiers, profile } = entered
    const refuse = async (taken: string[]): Promise<Registration> => {
      const before = await madeBefore(entered, registrant)
      // Somebody else may have accepted it meanwhile
      if (!before && invited && !await invitedBy(body)) refuseInvitation()
      return before ?? { errors: takenErrors(taken) }
    }
    // A form that is submitted twice has redeemed its invitation
    if (invited === undefined) return await madeBefore(entered, registrant) ?? refuseInvitation()
    if (Object.keys(errors).length > 0) return { errors }
    const refused = await askHost?.({ name, identifiers, isInvited: invited !== null, caller: registrant.caller })
    if (refused) return { errors: refused }
    if (waiting && !invited) return await registerWaiting(entered, registrant, waiting)
    const taken = await users.taken(identifiers)
    if (taken.length > 0) return await refuse(taken)

    const madeByForm = form && hashOf(form, name, identifiers, profile)
    const entry = { name, password, identifiers, profile, madeByForm, locale, termsVersion, invitation: invited?.hash }
    // A registration that is refused for want of time must not use up the mail of the next one
    const prepare = prepareMail && (() => prepareMail({ name, identifiers, proven: invited?.identifier ?? null }, registrant))
    const user = await users.create(entry, prepare)
    if (!user) return await refuse(await users.taken(identifiers))
    tell(user, registrant, invited)
    return { user }
  }
}

function refuseInvitation (): never {
  throw new HttpError('LK_INVALID_TOKEN')
}

/** The invited address need not be sent again. */
function withInvited (body: Record<string, unknown>, { identifier: { attribute, display } }: Invited): Record<string, unknown> {
  const given = body[attribute]
  return given === undefined || given === null || given === '' ? { ...body, [attribute]: display } : body
}

function isSame (one: Identifier, other: Identifier): boolean {
  return one.attribute === other.attribute && one.value === other.value
}

/** Identifies a form with what was entered in it, but for the password. */
function hashOf (form: FormId, name: string | null, identifiers: Identifier[], profile?: object): Uint8Array {
  const entered = identifiers.map(({ attribute, value }) => [attribute, value])
  return hashSecret(JSON.stringify([Buffer.from(form).toString('base64url'), name, ...entered, ...(profile ? [profile] : [])]))
}

/** The name is optional: an empty one is treated as absent. */
export function readUserName (given: unknown): { name: string | null, problem?: never } | { name?: never, problem: FieldError } {
  return typeof given === 'string' && given.trim() !== '' ? readName(given, MAX_USER_NAME) : { name: null }
}

function identifiersFrom (attributes: Attributes, body: Record<string, unknown>): { identifiers: Identifier[], errors: FieldErrors } {
  const given = attributes.filter(({ name }) => body[name] !== undefined && body[name] !== null && body[name] !== '')
  return given.length === 0 ? { identifiers: [], errors: requiredErrors(attributes) } : readIdentifiers(attributes, given, body)
}

export function takenErrors (names: string[]): FieldErrors {
  return Object.fromEntries(names.map((name) => [name, ['taken']]))
}

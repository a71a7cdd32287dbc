import { Type, type Static, type TSchema } from 'typebox'
import { MAX_USER_NAME } from '../names/name.ts'
import type { CharacterKind, PasswordRules } from '../passwords/policy.ts'
import type { Attributes } from '../users/attributes.ts'
import type { Profile } from '../users/ports.ts'
import type { ProfileFields } from '../users/profile-fields.ts'

/** Of the option `profile`. */
type Fields = Pick<ProfileFields, 'fields'> | undefined

const Timestamp = Type.String({ format: 'date-time', examples: ['2026-11-24T13:00:00.000Z'] })

/** Attributes are top-level properties under their own names. */
export const User = Type.Object({
  id: Type.String({ format: 'uuid', examples: ['01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'] }),
  name: Type.Union([Type.String(), Type.Null()], { examples: ['Ada Lovelace'] }),
  locale: Type.Union([Type.String(), Type.Null()], { description: 'Language of pages and messages', examples: ['de'] }),
  created_at: Timestamp,
  pending: Type.Optional(Type.Record(Type.String(), Type.String(), {
    description: 'New values of login attributes that their owner must confirm first', examples: [{ email: 'ada@new.example' }]
  }))
}, {
  additionalProperties: Type.Union([Type.String(), Type.Null(), Type.Boolean()]),
  examples: [{
    id: '01a20dc8-810d-76f8-8b1d-e68fcfd5f89b', name: 'Ada Lovelace', email: 'ada@example.com', locale: 'de',
    created_at: '2026-11-24T13:00:00.000Z'
  }]
})
export type User = Static<typeof User> & { profile?: Profile['profile'] }

/** With the fields of the profile. Each may be absent: a schema may have got a member that a user does not have yet. */
export function userSchema (profile: Fields): typeof User {
  if (!profile) return User
  const members = Object.fromEntries(profile.fields.map(({ name, schema }) => [name, Type.Optional(schema)]))
  const properties = { ...User.properties, profile: Type.Optional(Type.Object(members)) }
  return { ...User, properties }
}

/** Members of a request; `profileLater` leaves their check to the profile's own rules. */
function profileMember (profile: Fields, isPatch: boolean): Record<string, TSchema> {
  if (!profile) return {}
  const members = Object.fromEntries(profile.fields.map(({ name, schema, isRequired }) => {
    if (!isPatch) return [name, isRequired ? schema : Type.Optional(schema)]
    return [name, Type.Optional(isRequired ? schema : Type.Union([schema, Type.Null()], { description: 'Null removes it' }))]
  }))
  const member = Type.Object(members, { additionalProperties: false })
  return { profile: !isPatch && profile.fields.some(({ isRequired }) => isRequired) ? member : Type.Optional(member) }
}

const KINDS: Record<CharacterKind, string> = {
  mixedCase: 'uppercase and lowercase letters', letters: 'a letter', symbols: 'a symbol', numbers: 'a number'
}

export function newPassword ({ minLength, kinds }: PasswordRules) {
  const needed = kinds.map((kind) => KINDS[kind]).join(', ')
  const description = `At least ${minLength} characters${needed && `, with ${needed}`}; not a common one`
  return { description, examples: ['correct horse battery staple'] }
}

/** Member of a registration, and field of the page. */
export const TERMS_ACCEPTED = 'terms_accepted'

/** At least one attribute, and a password. */
export function registerBody (attributes: Attributes, rules: PasswordRules, termsVersion?: string, profile?: Fields) {
  const fields: Record<string, TSchema> = Object.fromEntries(attributes.map(({ name, title, schema }) => {
    const { examples } = schema as { examples?: unknown[] }
    return [name, Type.Optional(Type.String({ description: title, ...(examples && { examples }) }))]
  }))
  return Type.Object({
    ...fields,
    ...profileMember(profile, false),
    name: Type.Optional(Type.String({ maxLength: MAX_USER_NAME, examples: ['Ada Lovelace'] })),
    invitation: Type.Optional(Type.String({ description: 'From the link of an invitation', examples: ['lk_ot_6Qp0…'] })),
    verification_url: Type.Optional(Type.String({
      description: 'Page of VERIFICATION_URLS that the mail leads to', examples: ['https://app.example.com/verify']
    })),
    ...(termsVersion !== undefined && {
      [TERMS_ACCEPTED]: Type.Optional(Type.Boolean({
        description: `Required, and true: the user has accepted version ${termsVersion} of the terms (\`op_tos_uri\` of the metadata)`, examples: [true]
      }))
    }),
    password: Type.String(newPassword(rules))
  }, { additionalProperties: true })
}

/** The properties to change. */
export function profileBody (attributes: Attributes, profile?: Fields) {
  const fields = Object.fromEntries(attributes.map(({ name, title, schema }) => {
    const { examples } = schema as { examples?: unknown[] }
    return [
      name,
      Type.Optional(
        Type.Union([Type.String(), Type.Null()], {
          description: `${title}; null removes it, as long as another remains`,
          ...(examples && { examples })
        })
      )
    ]
  }))
  return Type.Object({
    ...fields,
    ...profileMember(profile, true),
    name: Type.Optional(Type.Union([Type.String({ maxLength: MAX_USER_NAME }), Type.Null()], { examples: ['Ada Lovelace'] })),
    locale: Type.Optional(Type.Union([Type.String({ maxLength: 35 }), Type.Null()], {
      description: 'Language of pages and messages; null: that of the browser', examples: ['de']
    })),
    current_password: Type.Optional(Type.String({
      minLength: 1, description: 'To change a login attribute when the login is older than 10 minutes', examples: ['correct horse battery staple']
    })),
    verification_url: Type.Optional(Type.String({
      description: 'Page of VERIFICATION_URLS that the mail to a new address leads to', examples: ['https://app.example.com/verify']
    }))
  }, { additionalProperties: true })
}

export function passwordBody (rules: PasswordRules) {
  return Type.Object({
    current_password: Type.String({ minLength: 1 }),
    new_password: Type.String({ minLength: 1, ...newPassword(rules) })
  }, { additionalProperties: true, examples: [{ current_password: 'the one of today', new_password: 'correct horse battery staple' }] })
}

export const HistoryPageQuery = Type.Object({
  before: Type.Optional(Type.String({ format: 'uuid', description: '`next` of the page before' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 }))
})

export const HistoryPage = Type.Object({
  entries: Type.Array(Type.Object({
    id: Type.String({ format: 'uuid' }),
    type: Type.String({ description: 'Name of the event' }),
    reason: Type.Union([Type.String(), Type.Null()], {
      description: 'Why, such as `wrong_password`; of a login that was incomplete, what was missing: `email_verification` or `restoration`'
    }),
    client: Type.Union([Type.String(), Type.Null()], { description: 'Name of the application' }),
    ip: Type.Union([Type.String(), Type.Null()]),
    user_agent: Type.Union([Type.String(), Type.Null()]),
    created_at: Timestamp
  })),
  next: Type.Union([Type.String({ format: 'uuid' }), Type.Null()])
}, {
  examples: [{
    entries: [{
      id: '01a20dc8-810d-76f8-8b1d-e68fcfd5f89b', type: 'login.succeeded', reason: null, client: 'Shop', ip: '203.0.113.7',
      user_agent: 'Mozilla/5.0', created_at: '2026-11-24T13:00:00.000Z'
    }],
    next: null
  }]
})

/** Sections by name; each may get more members. */
export const AccountExport = Type.Object({}, {
  additionalProperties: true,
  examples: [{
    user: { id: '01a20dc8-810d-76f8-8b1d-e68fcfd5f89b', name: 'Ada Lovelace', identifiers: [{ attribute: 'email', value: 'ada@example.com' }] },
    sessions: [], applications: [], personal_access_tokens: [], history: []
  }]
})

type Shown = { attribute: string, display: string }

/** The wire form of a user, with what waits for a confirmation. */
export function userBody ({ id, name, locale, profile, identifiers, createdAt }: Profile, pending: readonly Shown[] = []): User {
  const byAttribute = (given: readonly Shown[]) => Object.fromEntries(given.map(({ attribute, display }) => [attribute, display]))
  return {
    ...byAttribute(identifiers), id, name, locale, created_at: createdAt.toISOString(), ...(profile && { profile }),
    ...(pending.length > 0 && { pending: byAttribute(pending) })
  }
}

export const InvitationBody = Type.Object({
  email: Type.String({ examples: ['ada@example.com'] }),
  locale: Type.Optional(Type.String({ maxLength: 35, description: 'Language of the mail; default: DEFAULT_LANGUAGE', examples: ['de'] }))
}, { additionalProperties: true })

export const Invitation = Type.Object({
  email: Type.String({ examples: ['ada@example.com'] }),
  expires_at: Type.String({ format: 'date-time', examples: ['2026-12-01T13:00:00.000Z'] }),
  url: Type.Optional(Type.String({
    description: 'Where the server cannot send mail: the link to hand over', examples: ['https://id.example.com/register?invitation=lk_ot_6Qp0…']
  }))
})

/** The address is to be verified. */
export const Waiting = Type.Object({
  message: Type.String({ examples: ['Check your mailbox: a mail is on its way.'] }),
  auth_session: Type.String({ description: 'For the code in the mail', examples: ['lk_as_6Qp0…'] })
})

/** Of what is sensitive: needed when the login is older than 10 minutes. */
export const CurrentPassword = Type.Optional(Type.String({
  minLength: 1, description: 'Counts as a login of this moment; needed when the login is older than 10 minutes', examples: ['correct horse battery staple']
}))

export const StepUpBody = Type.Object({ current_password: CurrentPassword }, {
  additionalProperties: true, examples: [{ current_password: 'correct horse battery staple' }]
})

export const DeletionScheduled = Type.Object({
  message: Type.String({ examples: ['Your account will be deleted. You are logged out everywhere.'] }),
  restorable_until: Type.String({ format: 'date-time', description: 'Until then a login can restore it', examples: ['2026-12-13T13:00:00.000Z'] })
})

export const RestoreBody = Type.Object({
  auth_session: Type.String({ minLength: 1, description: 'Of the refused login', examples: ['lk_as_6Qp0…'] })
}, { additionalProperties: true, examples: [{ auth_session: 'lk_as_6Qp0…' }] })

import { Type, type TSchema } from 'typebox'

/**
 * An e-mail address: ASCII local part, any domain (stored in its IDNA form), at most 254 characters (RFC 5321 section 4.5.3.1.3).
 */
export const EmailSchema = Type.String({
  format: 'email', maxLength: 254, normalizer: 'email', title: 'e-mail address', examples: ['ada@example.com']
})

/** A phone number as typed, 6 to 25 characters; stored as E.164. National formats need `login.defaultCountry`. */
export const PhoneSchema = Type.String({
  minLength: 6, maxLength: 25, normalizer: 'phone', title: 'phone number with its country code', examples: ['+49 170 1234567']
})

/** A user name that cannot be confused with an e-mail address or a phone number. */
export const UsernameSchema = Type.String({
  pattern: '^[a-z][a-z0-9._-]{2,31}$',
  normalizer: 'plain',
  title: 'user name of 3 to 32 letters, digits, dots, dashes or underscores that starts with a letter',
  examples: ['ada']
})

/** The attributes available to LOGIN_ATTRIBUTES. */
export const readyAttributes: Record<string, TSchema> = Object.assign(Object.create(null), {
  email: EmailSchema, phone: PhoneSchema, username: UsernameSchema
})

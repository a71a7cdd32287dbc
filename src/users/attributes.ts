import { domainToASCII } from 'node:url'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { ConfigError } from '../config/config-error.ts'
import { renamed } from '../config/deprecated.ts'
import { boundedPattern } from '../runtime/bounded-pattern.ts'
import { isNational, phoneNormalizer, tidyPhone } from './phone.ts'
import type { Profile } from './ports.ts'

/** An attribute's value: `value` is compared and unique, `display` is shown. */
export type Identifier = { attribute: string, value: string, display: string }

export type Attribute = {
  name: string
  schema: TSchema
  /** The name shown in messages. */
  title: string
  /** How its owner is reached, and so the identifier verified; null for one that nothing can be sent to. */
  channel: 'mail' | 'sms' | null
  /** The identifier that a text stands for under this attribute, or null when it cannot be one. */
  parse: (text: unknown) => Identifier | null
  /** What is missing from a text that is almost valid, if known. */
  lacks: (text: unknown) => 'country' | undefined
}

export type Attributes = readonly Attribute[]

/** Turns typed text into the single spelling that is compared; null when it is invalid. */
export type Normalizer = (cleaned: string) => string | null

/** How text of one kind is parsed. */
type Kind = {
  normalize: Normalizer
  /** Applied first: removes what is not part of the value, such as characters copied along with it. */
  tidy: (text: string) => string
  lacks: (cleaned: string) => 'country' | undefined
}

// Names with another meaning in request bodies, in which attributes are top-level properties
const RESERVED = new Set(['id', 'name', 'password', 'current_password', 'new_password', 'scope', 'client_id', 'client_secret', 'grant_type',
  'refresh_token', 'created_at', 'prototype', 'invitation', 'terms', 'pending', 'locale', 'profile', 'verification_url'])

// Control, format, private-use and unassigned characters, line and paragraph separators, lone surrogates, fillers, variation selectors
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u
const LOCAL_PART = /^(?=.{1,64}$)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
// Node parses a domain as the host of a URL: it drops what follows these characters, and turns numbers into addresses
const URL_SYNTAX = /[/?#\\%:@[\]]/
const IPV4 = /^[0-9.]+$/
// RFC 5321 section 4.1.2: Node leaves characters in a domain that would begin another address, or a comment, in a header
const DOMAIN = /^(?=.{1,253}$)(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*$/
/** UTF-16 units of an identifier. */
export const MAX_IDENTIFIER = 255

/** Compiles `login.attributes` in their order. */
export async function createAttributes (
  login: { attributes: Record<string, TSchema>, defaultCountry?: string | undefined }
): Promise<Attributes> {
  const attributes: Attribute[] = []
  for (const [name, schema] of Object.entries(login.attributes)) {
    if (RESERVED.has(name) || name in Object.prototype) {
      throw new ConfigError([{ name: 'login.attributes', message: `cannot contain ${name}: the name is reserved, choose another` }])
    }
    attributes.push(createAttribute(name, schema, await kindOf(name, schema, login.defaultCountry)))
  }
  return attributes
}

/** Every attribute that a value given as `username` may belong to, in configured order. */
export function candidatesFor (attributes: Attributes, text: unknown): Identifier[] {
  return attributes.flatMap((attribute) => attribute.parse(text) ?? [])
}

/** Another attribute under which the value could also be parsed, so that it would not identify one user. */
export function ambiguousWith (attributes: Attributes, identifier: Identifier): Attribute | undefined {
  return attributes.find(({ name, parse }) =>
    name !== identifier.attribute && (parse(identifier.display) ?? parse(identifier.value)) !== null
  )
}

function createAttribute (name: string, schema: TSchema, { normalize, tidy, lacks }: Kind): Attribute {
  const check = compile(name, schema)
  const keepsCase = normalizerOf(name, schema) === undefined
  // Comparison ignores case, so a pattern in upper case may match either spelling
  const cleanedOf = (text: unknown) => typeof text === 'string' ? clean(tidy(text)) : null
  const spellings = (cleaned: string, value: string) => keepsCase ? [cleaned, value, cleaned.toUpperCase()] : [cleaned, value]
  return {
    name,
    schema,
    title: titleOf(name, schema),
    channel: channelOf(name, schema),
    parse (text) {
      const cleaned = cleanedOf(text)
      const value = cleaned === null ? null : normalize(cleaned)
      const fitting = cleaned === null || value === null ? undefined : spellings(cleaned, value).find(check)
      if (value === null || fitting === undefined) return null
      return { attribute: name, value, display: keepsCase ? fitting : value }
    },
    lacks (text) {
      const cleaned = cleanedOf(text)
      return cleaned === null ? undefined : lacks(cleaned)
    }
  }
}

function compile (name: string, schema: TSchema): (value: string) => boolean {
  try {
    if (typeof schema !== 'object') throw new TypeError(`it is a ${typeof schema}`)
    const { pattern, ...rest } = schema as TSchema & { pattern?: string | RegExp }
    const validator = Compile(rest)
    const matches = pattern === undefined ? () => true : boundedPattern(pattern)
    return (value) => validator.Check(value) && matches(value)
  } catch (cause) {
    throw new ConfigError([{ name: `login.attributes.${name}`, message: `is not a TypeBox schema: ${(cause as Error).message}` }])
  }
}

async function kindOf (name: string, schema: TSchema, defaultCountry?: string): Promise<Kind> {
  const normalizer = normalizerOf(name, schema) ?? 'plain'
  const asTyped = { tidy: (text: string) => text, lacks: () => undefined }
  if (normalizer === 'email') return { ...asTyped, normalize: email }
  // Whatever is mailed to is an address that no header and no host takes for another, or for several
  if (normalizer === 'plain') return { ...asTyped, normalize: channelOf(name, schema) === 'mail' ? mailable : plain }
  if (normalizer === 'phone') {
    const lacks = (cleaned: string) => defaultCountry === undefined && isNational(cleaned) ? 'country' : undefined
    return { tidy: tidyPhone, lacks, normalize: await phoneNormalizer(defaultCountry) }
  }
  throw new ConfigError([{ name: `login.attributes.${name}`, message: 'has an unknown normalizer; there are email, phone and plain' }])
}

function normalizerOf (name: string, schema: TSchema): unknown {
  const { normalizer, normaliser } = schema as { normalizer?: unknown, normaliser?: unknown }
  return renamed(`login.attributes.${name}`, ['normalizer', normalizer], ['normaliser', normaliser])
}

function channelOf (name: string, schema: TSchema): Attribute['channel'] {
  if (normalizerOf(name, schema) === 'phone') return 'sms'
  return normalizerOf(name, schema) === 'email' || (schema as { format?: unknown }).format === 'email' ? 'mail' : null
}

function titleOf (name: string, schema: TSchema): string {
  const { title, pattern } = schema as { title?: string, pattern?: string }
  return title ?? (pattern ? `${name} that matches ${pattern}` : name)
}

/** NFKC and trimmed; null when empty, too long for an index or containing invisible characters. */
export function clean (text: string): string | null {
  if (text.length > MAX_IDENTIFIER * 2) return null
  const cleaned = text.normalize('NFKC').trim()
  return cleaned === '' || cleaned.length > MAX_IDENTIFIER || INVISIBLE.test(cleaned) ? null : cleaned
}

export const plain: Normalizer = (cleaned) => cleaned.toLowerCase().normalize('NFKC')

const mailable: Normalizer = (cleaned) => email(cleaned) === null ? null : plain(cleaned)

/** ASCII local part, IDNA domain (RFC 5891). */
export const email: Normalizer = (cleaned) => {
  const at = cleaned.lastIndexOf('@')
  const local = cleaned.slice(0, at).toLowerCase()
  const domain = readDomain(cleaned.slice(at + 1))
  return at > 0 && LOCAL_PART.test(local) && domain !== null ? `${local}@${domain}` : null
}

/** The domain of e-mail addresses in lower-case ASCII (IDNA), or null when it is none. */
export function readDomain (text: string): string | null {
  const domain = text.toLowerCase()
  const ascii = URL_SYNTAX.test(domain) ? '' : domainToASCII(domain)
  return DOMAIN.test(ascii) && !IPV4.test(ascii) ? ascii : null
}

/** What authenticators show to tell accounts apart: the first login attribute that the user has, or their name. */
export function labelOf (attributes: Attributes, { name, identifiers }: Pick<Profile, 'name' | 'identifiers'>): string {
  const [first] = attributes.flatMap(({ name: attribute }) => identifiers.find((each) => each.attribute === attribute) ?? [])
  return first?.display ?? name ?? ''
}

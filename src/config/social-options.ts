import { Type, type Static } from 'typebox'
import type { ReadProfile } from '../social/ports.ts'

const closed = { additionalProperties: false }

const ADDRESS = '^https?://[^\\s/?#@]+(/[^\\s#]*)?$'
// RFC 6749 section 3.3
const SCOPE = '^[\\x21\\x23-\\x5B\\x5D-\\x7E]+$'

/** Providers that are known: what each takes besides the members that all take. How they work is in src/social/presets.ts. */
export const PRESETS = {
  google: [],
  apple: ['teamId', 'keyId', 'privateKey'],
  microsoft: ['tenant'],
  github: [],
  facebook: [],
  gitlab: ['issuer'],
  linkedin: [],
  discord: [],
  slack: [],
  x: [],
  twitch: [],
  bitbucket: []
} as const satisfies Record<string, readonly string[]>

export type PresetName = keyof typeof PRESETS

const presetNames = Object.keys(PRESETS) as PresetName[]
const endpoint = (description: string) => Type.Optional(Type.String({ pattern: ADDRESS, description }))

/** A provider; `suffix` is the end of its variable, as in SOCIAL_GOOGLE_CLIENT_ID. */
export const SocialProvider = Type.Object({
  clientId: Type.Optional(Type.String({ suffix: 'CLIENT_ID', minLength: 1, description: 'Id of your application at the provider' })),
  clientSecret: Type.Optional(Type.String({
    suffix: 'CLIENT_SECRET', secret: true, minLength: 1, description: 'Secret of your application at the provider; without one it is a public client'
  })),
  preset: Type.Optional(Type.Unsafe<PresetName>({
    type: 'string', enum: presetNames, suffix: 'PRESET',
    description: `Which known provider it is, if its name does not say so: ${presetNames.join(', ')}`
  })),
  tenant: Type.Optional(Type.String({
    suffix: 'TENANT', pattern: '^(common|organizations|consumers|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$',
    description: 'Microsoft: id of the directory whose users are let in, or `common`, `organizations` or `consumers`; default: `common`'
  })),
  teamId: Type.Optional(Type.String({ suffix: 'TEAM_ID', pattern: '^[A-Za-z0-9]{1,40}$', description: 'Apple: id of your team, such as 9F3K2L7QXW' })),
  keyId: Type.Optional(Type.String({ suffix: 'KEY_ID', pattern: '^[A-Za-z0-9]{1,40}$', description: 'Apple: id of the key for Sign in with Apple' })),
  privateKey: Type.Optional(Type.String({
    suffix: 'PRIVATE_KEY', secret: true, minLength: 1, description: 'Apple: the key itself, the text of the file AuthKey_….p8; line breaks may be written as \\n'
  })),
  issuer: Type.Optional(Type.String({
    suffix: 'ISSUER', pattern: '^https?://[^\\s/?#@]+(/[^\\s?#]*)?$',
    description: 'OpenID provider, such as https://login.example.com, exactly as its metadata spells it'
  })),
  authorizationEndpoint: endpoint('OAuth 2.0 provider without OpenID: where users log in, such as https://login.example.com/oauth/authorize'),
  tokenEndpoint: endpoint('OAuth 2.0 provider: where codes are redeemed'),
  introspectionEndpoint: endpoint('OAuth 2.0 provider: says for which application an access token was issued (RFC 7662); without it none is accepted of an app'),
  profileEndpoints: Type.Optional(Type.Record(Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_]*$' }), Type.String({ pattern: ADDRESS }), {
    ...closed, description: 'OAuth 2.0 provider: addresses that answer JSON about the user to an access token, by name; one is `user`'
  })),
  authMethod: Type.Optional(Type.Union([Type.Literal('client_secret_basic'), Type.Literal('client_secret_post')], {
    description: 'OAuth 2.0 provider: how the secret is sent to the token endpoint; default: `client_secret_basic`'
  })),
  profile: Type.Optional(Type.Unsafe<ReadProfile>({
    description: 'OAuth 2.0 provider: your function that is given the answers of `profileEndpoints` by name, and returns `{ subject, email, emailVerified, name, locale }`'
  })),
  responseMode: Type.Optional(Type.Union([Type.Literal('query'), Type.Literal('form_post')], {
    suffix: 'RESPONSE_MODE', description: 'How a provider of your own answers: in the address (`query`, the default), or by a form that the browser posts (`form_post`)'
  })),
  label: Type.Optional(Type.String({ suffix: 'LABEL', pattern: '\\S', maxLength: 60, description: 'Name on buttons' })),
  scopes: Type.Optional(Type.Array(Type.String({ pattern: SCOPE }), {
    suffix: 'SCOPES', description: 'Scopes that are requested, instead of those of the preset'
  })),
  params: Type.Optional(Type.Record(Type.String(), Type.String(), {
    description: 'More parameters of the authorization request, such as { prompt: "select_account" }'
  })),
  audiences: Type.Optional(Type.Array(Type.String({ minLength: 1 }), {
    suffix: 'AUDIENCES', description: 'Client ids of your mobile apps at the provider, whose tokens are accepted as well'
  })),
  redirectUris: Type.Optional(Type.Array(Type.String({ minLength: 1 }), {
    suffix: 'REDIRECT_URIS', description: 'Redirect URIs of your apps at the provider, whose codes are accepted; a loopback address with any port'
  })),
  domains: Type.Optional(Type.Array(Type.String(), {
    suffix: 'DOMAINS', description: 'Domains of e-mail addresses, such as northwind.com: the provider vouches for addresses of these only, and the login page leads their users to it'
  })),
  required: Type.Optional(Type.Boolean({
    suffix: 'REQUIRED', description: 'Whether users of its `domains` log in there only, and passwords are refused; `on` or `off` as a variable, true or false as an option'
  })),
  keepTokens: Type.Optional(Type.Boolean({
    suffix: 'KEEP_TOKENS', description: 'Whether its access and refresh tokens are kept, sealed, for `app.latchkey.providerTokens`; `on` or `off` as a variable, true or false as an option'
  })),
  logout: Type.Optional(Type.Boolean({
    suffix: 'LOGOUT', description: 'OpenID provider: whether a logout on the pages of this server goes on to the logout of the provider; `on` or `off` as a variable, true or false as an option'
  })),
  use: Type.Optional(Type.Union([Type.Literal('both'), Type.Literal('login'), Type.Literal('register')], {
    suffix: 'USE', description: 'Whom it lets in: users who have an account here (`login`: none is created), new ones alone (`register`), or `both`, the default'
  }))
}, closed)

export type SocialProvider = Static<typeof SocialProvider>
export type SocialMember = keyof SocialProvider

export const SocialOptions = Type.Record(Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,31}$' }), SocialProvider, {
  ...closed,
  default: {},
  description: 'Providers that users log in with, by name, such as { google: { clientId, clientSecret } }: docs/social-login.md. As variables SOCIAL_GOOGLE_CLIENT_ID, SOCIAL_GOOGLE_CLIENT_SECRET and so on'
})

/** The variable of a member that has one. */
export function socialVariable (provider: string, member: SocialMember): string | undefined {
  const { suffix } = SocialProvider.properties[member] as { suffix?: string }
  return suffix === undefined ? undefined : `SOCIAL_${provider.toUpperCase().replaceAll('-', '_')}_${suffix}`
}

/** The preset of a provider, if it has one. */
export function presetOf (name: string, { preset }: Pick<SocialProvider, 'preset'>): PresetName | undefined {
  return preset ?? presetNames.find((known) => known === name)
}

import { Type } from 'typebox'
import { errors } from './errors.ts'
import { ById } from './management.ts'

const html = (description: string) => ({ description, content: { 'text/html': { schema: Type.String() } } })

/** 303 to the next step. */
const seeOther = Type.Null({ description: 'Redirect to the next step' })

/** Requests that accept HTML receive an error page, others this JSON. */
const failures = errors(400, 401, 403, 422, 429, 503)

export const showPage = { 200: html('The page'), 303: seeOther, ...failures }
export const afterForm = { 200: html('A page: the next step, or a form that goes on to the application'), 303: seeOther, ...failures }
export const form = { consumes: ['application/x-www-form-urlencoded'] }

const Text = Type.Optional(Type.String())

/** Parameters of the protocol, which validates them itself and answers with its own errors. */
export const OpenParams = Type.Record(Type.String(), Type.Any())

const Said = (description: string, ...examples: string[]) =>
  Type.Optional(Type.String({ description, ...(examples.length > 0 && { examples }) }))

/**
 * The same parameters individually, for readers and code generators, since OpenAPI cannot describe a query with arbitrary names. With
 * `checkedByProtocol`.
 */
export const AuthorizeQuery = Type.Object({
  response_type: Said('`code`', 'code'),
  client_id: Said('Client id of the application', 'lk_client_5f0c…'),
  redirect_uri: Said('Where the response is sent; may be left out if the client has only one redirect URI', 'https://app.example.com/callback'),
  scope: Said('Scopes, separated by spaces', 'openid email'),
  state: Said('Returned unchanged'),
  code_challenge: Said('PKCE (RFC 7636)'),
  code_challenge_method: Said('`S256`', 'S256'),
  response_mode: Said('`query` or `form_post`', 'query'),
  resource: Type.Optional(
    Type.Union([Type.String(), Type.Array(Type.String())], { description: 'Servers that the token is for (RFC 8707)' })
  ),
  nonce: Said('Returned in the ID token'),
  claims: Said('Individual claims, as JSON (OpenID Connect Core section 5.5)'),
  prompt: Said('`none`, `login`, `consent`, `select_account`, separated by spaces'),
  max_age: Said('Maximum number of seconds since the login', '3600'),
  acr_values: Said('Wanted authentication context classes, such as `mfa`; a user who has a second factor is always asked for it', 'mfa'),
  login_hint: Said('Login identifier of the expected user', 'ada@example.com'),
  id_token_hint: Said('An ID token of the expected user'),
  ui_locales: Said('Preferred languages, separated by spaces', 'de en')
}, { additionalProperties: true })

export const LogoutQuery = Type.Object({
  id_token_hint: Said('The last ID token of the user'),
  client_id: Said('Client id of the application', 'lk_client_5f0c…'),
  post_logout_redirect_uri: Said('Where to redirect after the logout; must be registered with the client', 'https://app.example.com/'),
  state: Said('Returned unchanged'),
  ui_locales: Said('Preferred languages, separated by spaces', 'de en')
}, { additionalProperties: true })

export const LoginQuery = Type.Object({
  return_to: Text,
  login_hint: Text,
  prompt: Type.Optional(Type.String({ description: '`login` requires a new login even if a user is logged in' })),
  step: Type.Optional(Type.String({ description: '`password`, with `LOGIN_IDENTIFIER_FIRST`: asks for the password of `login_hint`' })),
  ui_locales: Text
}, { additionalProperties: true })

export const LoginForm = Type.Object({
  username: Type.Optional(Type.String({ examples: ['ada@example.com'] })),
  password: Type.Optional(Type.String({ examples: ['correct horse battery staple'] })),
  prompt: Type.Optional(Type.String({ description: 'As of the page', examples: ['login'] })),
  remember: Type.Optional(Type.String({ description: 'Stay logged in for longer', examples: ['on'] })),
  return_to: Type.Optional(Type.String({ description: 'A path on this server', examples: ['/account'] })),
  _csrf: Type.Optional(Type.String({ description: 'Hidden field of the page', examples: ['8Jk2…'] }))
}, { additionalProperties: true })

export const SecondFactorForm = Type.Object({
  code: Type.Optional(Type.String({ maxLength: 100, examples: ['123456'] })),
  factor: Type.Optional(Type.String({ description: 'Kind of the code; if left out, its form tells', examples: ['totp'] })),
  return_to: Text,
  _csrf: Type.Optional(Type.String({ description: 'Hidden field of the page', examples: ['8Jk2…'] }))
}, { additionalProperties: true, examples: [{ code: '123456', _csrf: '8Jk2…' }] })

export const RegisterQuery = Type.Object({
  return_to: Text,
  invitation: Type.Optional(Type.String({ description: 'From the link of an invitation', examples: ['lk_ot_6Qp0…'] })),
  ui_locales: Text
}, { additionalProperties: true })

export const RegisterForm = Type.Record(Type.String(), Type.String())

const Csrf = Type.Optional(Type.String({ description: 'Hidden field of the page', examples: ['8Jk2…'] }))

export const DeviceQuery = Type.Object({
  user_code: Type.Optional(Type.String({ description: 'Code that the device shows', examples: ['WDJB-MJHT'] })),
  ui_locales: Text
}, { additionalProperties: true })

export const DeviceForm = Type.Object({
  user_code: Type.Optional(Type.String({ examples: ['WDJB-MJHT'] })),
  decision: Type.Optional(Type.String({ description: '`allow` or `deny`, on the second page', examples: ['allow'] })),
  shown_to: Type.Optional(
    Type.String({ description: 'Hidden field of the second page: id of the user who decides', examples: ['01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'] })
  ),
  _csrf: Csrf
}, { additionalProperties: true })

const Ask = Type.Optional(Type.String({ description: 'Asks first: leads to the page whose form ends it', examples: ['1'] }))

export const OnlyCsrf = Type.Object({ _csrf: Csrf }, { additionalProperties: true, examples: [{ _csrf: '8Jk2…' }] })
export const LanguageQuery = Type.Object({ ui_locales: Text }, { additionalProperties: true })
export const RestoreQuery = Type.Object({ return_to: Text, ui_locales: Text }, { additionalProperties: true })
export const RestoreForm = Type.Object({
  decision: Type.Optional(Type.String({ description: '`restore` or `leave`', examples: ['restore'] })), return_to: Text, _csrf: Csrf
}, { additionalProperties: true, examples: [{ decision: 'restore', _csrf: '8Jk2…' }] })

/** An entry with access to the account. */
export const EndForm = Type.Object({
  id: ById.properties.id,
  ask: Ask,
  _csrf: Csrf
}, { additionalProperties: true })

export const EndOthersForm = Type.Object({
  id: Type.Optional(Type.String({ description: 'Ignored', examples: [''] })), ask: Ask, _csrf: Csrf
}, { additionalProperties: true })
export const EndQuery = Type.Object({ id: Text, ui_locales: Text }, { additionalProperties: true })

export const ChangePasswordForm = Type.Object({
  current_password: Type.Optional(Type.String({ examples: ['the one of today'] })),
  new_password: Type.Optional(Type.String({ examples: ['correct horse battery staple'] })),
  _csrf: Csrf
}, { additionalProperties: true })
export const ProviderParams = Type.Object({ provider: Type.String({ description: 'Name of the provider in the configuration', examples: ['google'] }) })
export const RedirectQuery = Type.Object({
  return_to: Type.Optional(Type.String({ description: 'A path on this server; with `client` a redirect URI of the client instead', examples: ['/account'] })),
  client: Said('Short name of a client with proxy routes, for whose application the login is', 'web'),
  scope: Said('With `client`: scopes of the login, separated by spaces', 'orders:read'),
  prompt: Type.Optional(Type.String({ description: '`login` requires a new login even if a user is logged in' })),
  login_hint: Said('Who is expected at the provider', 'ada@example.com'),
  ui_locales: Text
}, { additionalProperties: true })
/** RFC 6749 sections 4.1.2 and 4.1.2.1, RFC 9207. Checked with the login that they answer. */
export const CallbackQuery = Type.Object({}, { additionalProperties: true })
export const PostedAnswer = Type.Object({
  state: Said('From the request to the provider', 'lk_ot_6Qp0…'),
  code: Said('Authorization code of the provider', 'c6a2…'),
  error: Said('Why there is no code', 'user_cancelled_authorize'),
  iss: Said('Issuer (RFC 9207)', 'https://login.example.com'),
  user: Said('What Apple says about the user at the first login, as JSON', '{"name":{"firstName":"Ada","lastName":"Lovelace"}}')
}, { additionalProperties: true })
export const ContinueQuery = Type.Object({
  state: Type.Optional(Type.String({ description: 'From the address that the page leads to', examples: ['lk_ot_6Qp0…'] }))
}, { additionalProperties: true })
export const LinkIdentityForm = Type.Object({
  provider: Type.Optional(Type.String({ examples: ['google'] })), _csrf: Csrf
}, { additionalProperties: true })
export const UnlinkIdentityForm = Type.Object({
  provider: Type.Optional(Type.String({ examples: ['google'] })),
  subject: Type.Optional(Type.String({ description: 'Who the user is at the provider', examples: ['248289761001'] })),
  _csrf: Csrf
}, { additionalProperties: true })
/** `name`, or each login attribute under its own name and `current_password`. */
export const ProfileForm = Type.Record(Type.String(), Type.String(), {
  examples: [{ name: 'Ada Lovelace', email: 'ada@example.com', current_password: 'the one of today', _csrf: '8Jk2…' }]
})

/** `code_<attribute>`, or `send`, or `cancel`. */
export const ConfirmForm = Type.Record(Type.String(), Type.String(), {
  examples: [{ attribute: 'email', code_email: '123456', _csrf: '8Jk2…' }]
})

export const HistoryQuery = Type.Object({
  before: Type.Optional(Type.String({ description: 'Id of the entry after which the page begins' })), ui_locales: Text
}, { additionalProperties: true })

/** `name`, `days` (`0` means no expiry), and `scope:<name>` for each scope. */
export const TokenForm = Type.Record(Type.String(), Type.String(), {
  examples: [{ name: 'Nightly backup', days: '90', 'scope:orders:read': 'on', _csrf: '8Jk2…' }]
})

export const ForgotQuery = Type.Object({
  sent: Type.Optional(Type.String({ description: 'After the form' })), ui_locales: Text
}, { additionalProperties: true })

export const ForgotForm = Type.Object({
  email: Type.Optional(Type.String({ description: 'Login identifier of any kind', examples: ['ada@example.com'] })), _csrf: Csrf
}, { additionalProperties: true, examples: [{ email: 'ada@example.com', _csrf: '8Jk2…' }] })

const LinkToken = Type.Optional(Type.String({ description: 'Token of the link', examples: ['lk_ot_6Qp0…'] }))

export const ResetQuery = Type.Object({
  token: LinkToken,
  done: Type.Optional(Type.String({ description: 'After the form' })),
  removed: Type.Optional(Type.String({ description: 'The account has just lost its password, by a verification' })),
  undone: Type.Optional(Type.String({ description: 'The same, since a change was undone' })),
  ui_locales: Text
}, { additionalProperties: true })

export const ResetForm = Type.Object({
  token: LinkToken,
  password: Type.Optional(Type.String({ examples: ['correct horse battery staple'] })),
  removed: Text,
  undone: Text,
  _csrf: Csrf
}, { additionalProperties: true, examples: [{ token: 'lk_ot_6Qp0…', password: 'correct horse battery staple', _csrf: '8Jk2…' }] })

export const UndoQuery = Type.Object({
  token: LinkToken,
  done: Type.Optional(Type.String({ description: 'After the form' })),
  ui_locales: Text
}, { additionalProperties: true })

export const UndoForm = Type.Object({ token: LinkToken, _csrf: Csrf }, { additionalProperties: true, examples: [{ token: 'lk_ot_6Qp0…', _csrf: '8Jk2…' }] })

export const VerifyQuery = Type.Object({
  token: LinkToken,
  sent: Type.Optional(Type.String({ description: 'After a mail was sent' })),
  done: Type.Optional(Type.String({ description: 'After the verification' })),
  return_to: Text,
  ui_locales: Text
}, { additionalProperties: true })

export const TermsQuery = Type.Object({ return_to: Text }, { additionalProperties: true })

export const TermsForm = Type.Object({
  terms_accepted: Type.Optional(Type.String({ description: '`true`: the checkbox', examples: ['true'] })),
  return_to: Text,
  _csrf: Csrf
}, { additionalProperties: true })

/** With `token` or `code`, or else a mail is sent. */
export const VerifyForm = Type.Object({
  token: LinkToken,
  code: Type.Optional(Type.String({ examples: ['123456'] })),
  password: Type.Optional(Type.String({ description: 'With a link, in a browser that is not logged in', examples: ['correct horse battery staple'] })),
  without: Type.Optional(Type.String({ description: 'With a link: removes the password' })),
  send: Text,
  address: Type.Optional(Type.String({ description: 'With the password, after a registration: another address', examples: ['ada@example.com'] })),
  email: Type.Optional(Type.String({ description: 'Login identifier of a guest', examples: ['ada@example.com'] })),
  return_to: Text,
  _csrf: Csrf
}, { additionalProperties: true, examples: [{ token: 'lk_ot_6Qp0…', _csrf: '8Jk2…' }] })

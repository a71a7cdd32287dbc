import { Type } from 'typebox'
import { errors } from './errors.ts'

const html = (description: string) => ({ description, content: { 'text/html': { schema: Type.String() } } })

/** 303 to the next step. */
const seeOther = Type.Null({ description: 'On to the next step, in `Location`' })

/** Browsers get a page, programs this JSON. */
const failures = errors(400, 401, 403, 422, 429, 503)

export const showPage = { 200: html('The page'), 303: seeOther, ...failures }
export const afterForm = { 200: html('A page: the next step, or a form that goes on to the application'), 303: seeOther, ...failures }
export const form = { consumes: ['application/x-www-form-urlencoded'] }

const Text = Type.Optional(Type.String())

/** Protocol parameters: checked by the protocol, which answers in its own words. */
export const OpenParams = Type.Record(Type.String(), Type.Any())

export const LoginQuery = Type.Object({
  return_to: Text,
  login_hint: Text,
  prompt: Type.Optional(Type.String({ description: '`login` asks who is logged in already, too' })),
  ui_locales: Text
}, { additionalProperties: true })

export const LoginForm = Type.Object({
  username: Type.Optional(Type.String({ examples: ['ada@example.com'] })),
  password: Type.Optional(Type.String({ examples: ['correct horse battery staple'] })),
  remember: Type.Optional(Type.String({ description: 'Stay logged in for longer', examples: ['on'] })),
  return_to: Type.Optional(Type.String({ description: 'A path on this server', examples: ['/account'] })),
  _csrf: Type.Optional(Type.String({ description: 'Hidden field of the page', examples: ['8Jk2…'] }))
}, { additionalProperties: true })

export const RegisterQuery = Type.Object({ return_to: Text, ui_locales: Text }, { additionalProperties: true })

export const RegisterForm = Type.Record(Type.String(), Type.String())

export const DeviceQuery = Type.Object({
  user_code: Type.Optional(Type.String({ description: 'What the device shows', examples: ['WDJB-MJHT'] })),
  ui_locales: Text
}, { additionalProperties: true })

const Csrf = Type.Optional(Type.String({ description: 'Hidden field of the page', examples: ['8Jk2…'] }))

export const DeviceForm = Type.Object({
  user_code: Type.Optional(Type.String({ examples: ['WDJB-MJHT'] })),
  decision: Type.Optional(Type.String({ description: '`allow` or `deny`, on the second page', examples: ['allow'] })),
  shown_to: Type.Optional(Type.String({ description: 'Hidden field of the second page: who decides', examples: ['01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'] })),
  _csrf: Csrf
}, { additionalProperties: true })

/** One thing that has access to the account. */
export const EndForm = Type.Object({ id: Type.String({ minLength: 1, maxLength: 100, examples: ['01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'] }), _csrf: Csrf }, { additionalProperties: true })

/** `name`, `days` (`0` is for ever), and `scope:<name>` for each scope. */
export const TokenForm = Type.Record(Type.String(), Type.String(), { examples: [{ name: 'Nightly backup', days: '90', 'scope:orders:read': 'on', _csrf: '8Jk2…' }] })

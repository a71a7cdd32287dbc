import { Type, type TObject, type TSchema } from 'typebox'
import type { Attributes } from '../users/attributes.ts'

export const ProxyParams = Type.Object({
  client: Type.String({ description: 'Slug of a client with proxy routes', examples: ['web'] })
})

/** `username` or an attribute under its own name, a password, and optionally fewer scopes than the client's defaults. */
export function loginBody (attributes: Attributes, prefix: string): TObject {
  const fields: Record<string, TSchema> = { password: Type.String({ examples: ['correct horse battery staple'] }) }
  if (!prefix.includes('.')) {
    fields[`${prefix}username`] = Type.Optional(Type.String({ description: 'Value of any login attribute' }))
    for (const { name, title, schema } of attributes) {
      const { examples } = schema as { examples?: unknown[] }
      fields[prefix + name] = Type.Optional(Type.String({ description: title, ...(examples && { examples }) }))
    }
  }
  fields['scope'] = Type.Optional(Type.String({ description: 'Fewer scopes than the defaults of the client, separated by spaces' }))
  return Type.Object(fields, { additionalProperties: true, examples: [loginExample(attributes, prefix)] })
}

function loginExample ([first]: Attributes, prefix: string): object {
  const { examples: [value] = ['…'] } = first!.schema as { examples?: unknown[] }
  const steps = (prefix + first!.name).split('.')
  return { ...steps.reduceRight<object>((inner, step) => ({ [step]: inner }), value as object), password: 'correct horse battery staple' }
}

/** An empty body is treated as `{}`, since the cookie contains the token. */
export const RefreshBody = Type.Object({
  refresh_token: Type.Optional(Type.String({ minLength: 1, description: 'If left out, the cookie `refreshToken` is used' })),
  scope: Type.Optional(Type.String({ description: 'Fewer scopes, for this access token only' }))
}, { additionalProperties: true, examples: [{ refresh_token: 'lk_rt_AaINyIENdviLHeaLD51Z…' }] })

export const ChallengeBody = Type.Object({
  auth_session: Type.String({ maxLength: 100, description: 'Of the login that was answered by `LK_INSUFFICIENT_AUTHORIZATION`', examples: ['lk_as_6Qp0…'] }),
  factor: Type.Optional(Type.String({ maxLength: 100, description: 'One of `factors` of that answer; if left out, the form of the code tells', examples: ['totp'] })),
  code: Type.String({ minLength: 1, maxLength: 100, description: 'Of the authenticator app, or a recovery code', examples: ['123456'] })
}, { examples: [{ auth_session: 'lk_as_6Qp0…', factor: 'totp', code: '123456' }] })

export const Message = Type.Object({ message: Type.String({ examples: ['Token revoked successfully.'] }) })

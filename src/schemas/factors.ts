import { Type, type Static } from 'typebox'
import { StepUpBody } from './account.ts'
import { nullable } from './nullable.ts'

/** A second factor that works. */
export const Factor = Type.Object({
  id: Type.String({ examples: ['01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'] }),
  kind: Type.String({ description: '`totp`: an authenticator app', examples: ['totp'] }),
  name: nullable(Type.String({ examples: ['My phone'] })),
  created_at: Type.String({ examples: ['2026-11-30T09:00:00.000Z'] }),
  last_used_at: nullable(Type.String({ examples: ['2026-11-30T09:00:00.000Z'] }))
})
export type Factor = Static<typeof Factor>

const RecoveryCodes = Type.Array(Type.String({ examples: ['k7mq-2xwp-9rtc-hb4e'] }), {
  description: 'Each is valid once in place of a second factor. They are shown here and never again'
})

export const FactorList = Type.Object({
  factors: Type.Array(Factor),
  recovery_codes_left: Type.Integer({ examples: [10] })
})

const Name = Type.Optional(Type.String({ maxLength: 400, description: 'For the user, to tell several apart', examples: ['My phone'] }))

export const TotpBody = Type.Object({ ...StepUpBody.properties, name: Name }, { additionalProperties: true, examples: [{ name: 'My phone' }] })

export const NewTotp = Type.Object({
  id: Type.String({ examples: ['01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'] }),
  secret: Type.String({ description: 'In base32, to be typed into the app', examples: ['JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'] }),
  uri: Type.String({ description: 'The same, for a QR code', examples: ['otpauth://totp/Northwind:ada%40example.com?issuer=Northwind&secret=JBSWY3DP…'] })
})

export const ConfirmBody = Type.Object({
  id: Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$', description: 'Of the factor that was begun', examples: ['01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'] }),
  code: Type.String({ minLength: 1, maxLength: 100, description: 'That the app shows now', examples: ['123456'] })
}, { examples: [{ id: '01a20dc8-810d-76f8-8b1d-e68fcfd5f89b', code: '123456' }] })

export const Confirmed = Type.Object({ factor: Factor, recovery_codes: Type.Optional(RecoveryCodes) })
export const NewRecoveryCodes = Type.Object({ recovery_codes: RecoveryCodes })
export const FactorParams = Type.Object({ id: Type.String({ examples: ['01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'] }) })

import { Type } from 'typebox'
import type { PasswordRules } from '../passwords/policy.ts'
import { newPassword } from './account.ts'

const FrontEndPage = (what: string, example: string) => Type.Optional(Type.String({
  description: `Page of your front end that the mail leads to, one of ${what}; default: that of the app in \`App-Identifier\`, or ours`, examples: [example]
}))

const AuthSessionText = Type.Optional(Type.String({
  description: 'Of the login that was refused with `LK_EMAIL_NOT_VERIFIED`', examples: ['lk_as_6Qp0…']
}))

/** Which front end sends the request. */
export const AppHeaders = Type.Object({
  'app-identifier': Type.Optional(Type.String({ description: 'Name of the front end in the option `apps`; default: `web`' }))
}, { additionalProperties: true })

export const ForgotBody = Type.Object({
  email: Type.String({ description: 'Login identifier of the account, of any kind', minLength: 1, examples: ['ada@example.com'] }),
  reseturl: FrontEndPage('`RESET_URLS`', 'https://app.example.com/reset-password')
}, { additionalProperties: true, examples: [{ email: 'ada@example.com', reseturl: 'https://app.example.com/reset-password' }] })

const RESET = { email: 'ada@example.com', token: 'lk_ot_6Qp0…', password: 'correct horse battery staple' }

/** @param confirmed whether the password must be repeated */
export function resetBody (rules: PasswordRules, { confirmed }: { confirmed: boolean }) {
  const repeated = Type.String({ description: confirmed ? 'The password again' : 'The password again, which is compared if it is there' })
  return Type.Object({
    email: Type.String({ description: 'Login identifier of the account, as in the link', minLength: 1, examples: ['ada@example.com'] }),
    token: Type.String({ description: 'Token of the link', minLength: 1, examples: ['lk_ot_6Qp0…'] }),
    password: Type.String({ minLength: 1, ...newPassword(rules) }),
    password_confirmation: confirmed ? repeated : Type.Optional(repeated)
  }, { additionalProperties: true, examples: [{ ...RESET, ...(confirmed && { password_confirmation: RESET.password }) }] })
}

export const NotifyBody = Type.Object({
  email: Type.Optional(Type.String({
    description: 'Login identifier of the account, of any kind; without a token and an `auth_session`', examples: ['ada@example.com']
  })),
  auth_session: AuthSessionText,
  verification_url: FrontEndPage('`VERIFICATION_URLS`', 'https://app.example.com/verify')
}, { additionalProperties: true, examples: [{ email: 'ada@example.com' }] })

export const NotifyPhoneBody = Type.Object({ auth_session: AuthSessionText }, { additionalProperties: true, examples: [{ auth_session: 'lk_as_6Qp0…' }] })

export const CodeBody = Type.Object({
  code: Type.String({ description: 'Six digits', minLength: 1, examples: ['123456'] }),
  auth_session: AuthSessionText
}, { additionalProperties: true, examples: [{ code: '123456', auth_session: 'lk_as_6Qp0…' }] })

export const VerifyParams = Type.Object({
  id: Type.String({ description: 'Id of the user', examples: ['01a20dc8-810d-76f8-8b1d-e68fcfd5f89b'] }),
  hash: Type.String({ description: 'Token of the link', examples: ['lk_ot_6Qp0…'] })
})

export const VerifyBody = Type.Object({
  auth_session: AuthSessionText,
  password: Type.Optional(Type.String({
    description: 'Of the account, instead of a token or an `auth_session`', examples: ['correct horse battery staple']
  }))
}, { additionalProperties: true, examples: [{ password: 'correct horse battery staple' }] })

export const Verified = Type.Object({
  password_removed: Type.Optional(Type.Boolean({
    description: 'It was the first proof, from outside of the account: whoever registered it may not have been the owner, so the password is gone. The owner sets another by `/v1/password/forgot`'
  }))
}, { examples: [{}] })

/** The same whether or not there is such a user. */
export const Requested = Type.Object({ message: Type.String({ examples: ['If the account exists, a mail is on its way.'] }) })

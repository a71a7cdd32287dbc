import { Type } from 'typebox'

const addresses = (env: string, description: string) =>
  Type.Array(Type.String({ pattern: '^[A-Za-z][A-Za-z0-9+.-]*:[^\\s\\\\#]+$' }), { env, default: [], description })

const FrontEndApp = Type.Object({
  verificationUrl: Type.Optional(Type.String({ description: 'Page that a mail for verification leads to' })),
  resetUrl: Type.Optional(Type.String({ description: 'Page that a mail for a new password leads to' }))
}, { additionalProperties: false })

/** Pages of front ends that links in mails lead to; without any they lead to the pages of this server. */
export const frontEndOptions = {
  verificationUrls: addresses(
    'VERIFICATION_URLS',
    'Pages of your front ends that may be named as `verification_url`, separated by commas, such as https://app.example.com/verify'
  ),
  resetUrls: addresses(
    'RESET_URLS',
    'Pages of your front ends that may be named as `reseturl`, separated by commas, such as https://app.example.com/reset-password'
  ),
  apps: Type.Record(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' }), FrontEndApp, {
    additionalProperties: false,
    default: {},
    description: 'Front ends by the name that they send as `App-Identifier`, `web` by default: `verificationUrl` and `resetUrl`, the pages that their mails lead to'
  })
}

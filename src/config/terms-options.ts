import { Type } from 'typebox'

const WEB_ADDRESS = '^https?://[^\\s\\\\<>"]+$'

/** What people accept when they register. */
export const TermsOptions = Type.Object({
  version: Type.Optional(Type.String({
    env: 'TERMS_VERSION', minLength: 1, maxLength: 100,
    description: 'Version of the terms that people accept when they register, such as 2026-11; needs TERMS_URL. It is stored with the time'
  })),
  url: Type.Optional(Type.String({
    env: 'TERMS_URL', pattern: WEB_ADDRESS, description: 'Page with the terms; also `op_tos_uri` in the metadata'
  })),
  privacyUrl: Type.Optional(Type.String({
    env: 'PRIVACY_URL', pattern: WEB_ADDRESS, description: 'Page with the privacy policy; also `op_policy_uri` in the metadata'
  }))
}, { additionalProperties: false, default: {} })

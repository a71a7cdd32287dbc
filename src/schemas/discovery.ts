import { Type, type Static } from 'typebox'

const Url = Type.String()
const Names = Type.Array(Type.String())

/** RFC 8414 section 2, OpenID Connect Discovery section 3. Optional members require the pages. */
export const Metadata = Type.Object({
  issuer: Type.String({ examples: ['https://id.example.com'] }),
  authorization_endpoint: Type.Optional(Url),
  token_endpoint: Url,
  device_authorization_endpoint: Type.Optional(Url),
  jwks_uri: Url,
  userinfo_endpoint: Url,
  revocation_endpoint: Url,
  introspection_endpoint: Url,
  end_session_endpoint: Type.Optional(Url),
  scopes_supported: Names,
  response_types_supported: Names,
  response_modes_supported: Type.Optional(Names),
  grant_types_supported: Names,
  token_endpoint_auth_methods_supported: Names,
  revocation_endpoint_auth_methods_supported: Names,
  introspection_endpoint_auth_methods_supported: Names,
  code_challenge_methods_supported: Type.Optional(Names),
  authorization_response_iss_parameter_supported: Type.Optional(Type.Boolean()),
  subject_types_supported: Names,
  id_token_signing_alg_values_supported: Names,
  claims_supported: Names,
  acr_values_supported: Names,
  claims_parameter_supported: Type.Optional(Type.Boolean()),
  request_parameter_supported: Type.Optional(Type.Boolean()),
  request_uri_parameter_supported: Type.Optional(Type.Boolean()),
  prompt_values_supported: Type.Optional(Names),
  ui_locales_supported: Type.Optional(Names),
  op_policy_uri: Type.Optional(Url),
  op_tos_uri: Type.Optional(Url)
})
export type Metadata = Static<typeof Metadata>

/** RFC 9728 section 2 */
export const ProtectedResource = Type.Object({
  resource: Type.String({ examples: ['https://id.example.com'] }),
  authorization_servers: Names,
  jwks_uri: Url,
  scopes_supported: Names,
  bearer_methods_supported: Names
})

/** OpenID Connect Core section 5.3.2 */
export const UserInfo = Type.Object({ sub: Type.String() }, {
  additionalProperties: Type.Union([Type.String(), Type.Number(), Type.Boolean()]),
  examples: [{ sub: '01a20dc8-810d-76f8-8b1d-e68fcfd5f89b', email: 'ada@example.com', email_verified: false }]
})

import { PROMPTS } from '../oauth/authorize/request.ts'
import type { Config } from '../config/config.ts'
import type { Metadata } from '../schemas/discovery.ts'
import { userInfoEndpoint } from '../oauth/resources.ts'
import { withLanguages } from '../views/texts/index.ts'
import { ACR_VALUES } from './acr.ts'
import { OIDC_SCOPES, SUPPORTED_CLAIMS } from './claims.ts'

const AUTH_METHODS = ['client_secret_basic', 'client_secret_post']

/** RFC 8414 section 2 and OpenID Connect Discovery section 3; derived from the configuration, never from a request. */
export function createMetadata (
  { issuer, scopes, languages, routes, registration, terms, factors }: Pick<
    Config, 'issuer' | 'scopes' | 'languages' | 'routes' | 'registration' | 'terms' | 'factors'
  >,
  grantTypes: string[]
): Metadata {
  return {
    issuer,
    token_endpoint: `${issuer}/v1/oauth/token`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    userinfo_endpoint: userInfoEndpoint(issuer),
    revocation_endpoint: `${issuer}/v1/oauth/revoke`,
    introspection_endpoint: `${issuer}/v1/oauth/introspect`,
    scopes_supported: [...Object.keys(OIDC_SCOPES).filter((scope) => scope !== 'address'), ...Object.keys(scopes)],
    response_types_supported: routes.pages ? ['code'] : [],
    grant_types_supported: grantTypes,
    token_endpoint_auth_methods_supported: [...AUTH_METHODS, 'none'],
    revocation_endpoint_auth_methods_supported: [...AUTH_METHODS, 'none'],
    introspection_endpoint_auth_methods_supported: AUTH_METHODS,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'ES256'],
    claims_supported: SUPPORTED_CLAIMS,
    acr_values_supported: factors === 'on' ? [...ACR_VALUES] : ACR_VALUES.slice(0, 1),
    ...(terms.privacyUrl !== undefined && { op_policy_uri: terms.privacyUrl }),
    ...(terms.url !== undefined && { op_tos_uri: terms.url }),
    ...(routes.pages && pagesMetadata({ issuer, languages, registration }))
  }
}

/** What requires the pages. */
function pagesMetadata ({ issuer, languages, registration }: Pick<Config, 'issuer' | 'languages' | 'registration'>): Partial<Metadata> {
  return {
    authorization_endpoint: `${issuer}/v1/oauth/authorize`,
    device_authorization_endpoint: `${issuer}/v1/oauth/device/code`,
    end_session_endpoint: `${issuer}/v1/oauth/logout`,
    response_modes_supported: ['query', 'form_post'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    claims_parameter_supported: true,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    prompt_values_supported: PROMPTS.filter((prompt) => prompt !== 'create' || registration === 'open'),
    ui_locales_supported: Object.keys(withLanguages(languages))
  }
}

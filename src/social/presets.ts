import type { PresetName, SocialProvider } from '../config/social-options.ts'
import { oauth2Presets } from './oauth2-presets.ts'
import { openIdPresets } from './openid-presets.ts'
import type { OAuth2Provider, OpenIdProvider, ReadClaims, UpstreamClaims } from './ports.ts'

type PresetBase = {
  label: string
  scopes: string[]
  params?: Record<string, string>
  pkce?: false
  /** With what counts as verified there. */
  read: (claims: UpstreamClaims) => ReadClaims
}

export type OpenIdPreset = PresetBase & Pick<OpenIdProvider, 'nonce' | 'conform'> & {
  kind: 'openid'
  issuer: (option: SocialProvider) => string
  issuerTemplate?: (option: SocialProvider) => string | undefined
  isTenant?: (option: SocialProvider) => OpenIdProvider['isTenant']
}

export type OAuth2Preset = PresetBase & { kind: 'oauth2' } &
  Pick<OAuth2Provider, 'authorizationEndpoint' | 'tokenEndpoint' | 'introspectionEndpoint' | 'profileEndpoints' | 'authMethod'>

/** Sign in with Apple is not among them: it posts its answer across sites, and its client secret is a token that we would have to sign. */
export const presets: Record<PresetName, OpenIdPreset | OAuth2Preset> = { ...openIdPresets, ...oauth2Presets }

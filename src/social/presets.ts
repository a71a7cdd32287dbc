import type { PresetName, SocialProvider } from '../config/social-options.ts'
import { oauth2Presets } from './oauth2-presets.ts'
import { openIdPresets } from './openid-presets.ts'
import type { ClientKey, OAuth2Provider, OpenIdProvider, ReadClaims, UpstreamClaims } from './ports.ts'

type PresetBase = {
  label: string
  scopes: string[]
  params?: Record<string, string>
  /** Parameters of the authorization request with which it gives a refresh token. */
  refreshParams?: Record<string, string>
  pkce?: false
  responseMode?: 'form_post' | undefined
  /** With what counts as verified there. */
  read: (claims: UpstreamClaims) => ReadClaims
}

export type OpenIdPreset = PresetBase & Pick<OpenIdProvider, 'nonce' | 'conform' | 'posted'> & {
  kind: 'openid'
  issuer: (option: SocialProvider) => string
  issuerTemplate?: (option: SocialProvider) => string | undefined
  isTenant?: (option: SocialProvider) => OpenIdProvider['isTenant']
  clientKey?: (option: SocialProvider) => ClientKey
}

export type OAuth2Preset = PresetBase & { kind: 'oauth2' } &
  Pick<OAuth2Provider, 'authorizationEndpoint' | 'tokenEndpoint' | 'introspectionEndpoint' | 'profileEndpoints' | 'authMethod'>

export const presets: Record<PresetName, OpenIdPreset | OAuth2Preset> = { ...openIdPresets, ...oauth2Presets }

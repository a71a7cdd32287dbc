import type { ConfiguredProvider } from '../config/social.ts'
import { presetOf } from '../config/social-options.ts'
import type { OAuth2Provider, OpenIdProvider, Provider, ReadClaims, UpstreamClaims } from './ports.ts'
import { presets, type OAuth2Preset, type OpenIdPreset } from './presets.ts'
import { readOpenId, toProfile } from './read-claims.ts'
import { tokenChecks } from './token-checks.ts'

type Preset = OpenIdPreset | OAuth2Preset

/** What is configured, by name and in this order; a preset says the rest. */
export function createProviders (social: Record<string, ConfiguredProvider>): Map<string, Provider> {
  return new Map(Object.entries(social).map(([name, option]) => {
    const preset = presetOf(name, option)
    if (preset === undefined) return [name, toProvider(name, option, generic(name, option))]
    const tokenCheck = tokenChecks[preset]?.(option)
    return [name, { ...toProvider(name, option, presets[preset]), ...(tokenCheck && { tokenCheck }) }]
  }))
}

function generic (name: string, option: ConfiguredProvider): Preset {
  const label = name.charAt(0).toUpperCase() + name.slice(1)
  const { issuer, authorizationEndpoint, tokenEndpoint, introspectionEndpoint, profileEndpoints, authMethod = 'client_secret_basic', profile } = option
  const responseMode = option.responseMode === 'form_post' ? option.responseMode : undefined
  if (issuer !== undefined) {
    return {
      kind: 'openid', label, issuer: () => issuer, scopes: ['openid', 'profile', 'email'], responseMode, read: (claims) => readOpenId(claims)
    }
  }
  return {
    kind: 'oauth2',
    label,
    responseMode,
    authorizationEndpoint: authorizationEndpoint!,
    tokenEndpoint: tokenEndpoint!,
    ...(introspectionEndpoint !== undefined && { introspectionEndpoint }),
    profileEndpoints: profileEndpoints!,
    authMethod,
    scopes: [],
    read: (claims) => atOnce(profile!(claims)) ?? {}
  }
}

function toProvider (name: string, option: ConfiguredProvider, preset: Preset): Provider {
  const { clientId, clientSecret, label = preset.label, scopes = preset.scopes, params, audiences = [], redirectUris = [], domains = [], use = 'both' } = option
  const keepTokens = option.keepTokens === true
  const base = {
    name, label, clientId, clientSecret, audiences, redirectUris, use,
    params: { ...preset.params, ...(keepTokens && preset.refreshParams), ...params },
    ...(keepTokens && { keepTokens }),
    ...(option.logout === true && { logout: option.logout }),
    ...(preset.pkce === false && { pkce: preset.pkce }),
    ...(preset.responseMode && { responseMode: preset.responseMode }),
    read: readWith(preset.read, domains)
  }
  return preset.kind === 'openid'
    ? { ...base, ...openId(preset, option), scopes: [...new Set(['openid', ...scopes])] }
    : { ...base, ...oauth2(preset), scopes }
}

/** A promise would be neither read nor, when it is rejected, caught. */
function atOnce<Value> (value: Value): Value {
  if (!(value instanceof Promise)) return value
  value.catch(() => {})
  throw new TypeError('profile returns a promise')
}

type OfOpenId = 'kind' | 'issuer' | 'issuerTemplate' | 'isTenant' | 'nonce' | 'clientKey' | 'posted' | 'conform'

function openId (preset: OpenIdPreset, option: ConfiguredProvider): Pick<OpenIdProvider, OfOpenId> {
  const { kind, issuer, issuerTemplate, nonce, clientKey, posted, conform } = preset
  const [template, isTenant] = [issuerTemplate?.(option), preset.isTenant?.(option)]
  return {
    kind, issuer: issuer(option),
    ...(template !== undefined && { issuerTemplate: template }), ...(isTenant && { isTenant }),
    ...(nonce === false && { nonce }), ...(clientKey && { clientKey: clientKey(option) }),
    ...(posted && { posted }), ...(conform && { conform })
  }
}

type OfOAuth2 = 'kind' | 'authorizationEndpoint' | 'tokenEndpoint' | 'introspectionEndpoint' | 'profileEndpoints' | 'authMethod'

function oauth2 (preset: OAuth2Preset): Pick<OAuth2Provider, OfOAuth2> {
  const { kind, authorizationEndpoint, tokenEndpoint, introspectionEndpoint, profileEndpoints: { user, ...others }, authMethod } = preset
  return {
    kind, authorizationEndpoint, tokenEndpoint, profileEndpoints: { user: user!, ...others }, authMethod,
    ...(introspectionEndpoint !== undefined && { introspectionEndpoint })
  }
}

function readWith (read: (claims: UpstreamClaims) => ReadClaims, domains: readonly string[]): Provider['read'] {
  return (claims) => toProfile(read(claims), domains)
}

import type { UpstreamClaims } from './ports.ts'
import type { OpenIdPreset } from './presets.ts'
import { objectOf, readOpenId } from './read-claims.ts'

const OPENID = ['openid', 'profile', 'email']
const ENTRA = 'https://login.microsoftonline.com'
// The tenant of all personal accounts
const PERSONAL = '9188040d-6c67-4c5b-b112-36a304b66dad'
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Google is authoritative for its own mailboxes and those of Workspace; with other addresses an account was only opened once. */
const google: OpenIdPreset = {
  kind: 'openid',
  label: 'Google',
  issuer: () => 'https://accounts.google.com',
  scopes: OPENID,
  refreshParams: { access_type: 'offline' },
  read: (claims) => readOpenId(claims, claims['email_verified'] === true && (isGmail(claims['email']) || isText(claims['hd'])))
}

/**
 * `email` is whatever an administrator of any tenant has written there, so that only `xms_edov` counts: the tenant has proven that the
 * domain is its own. `sub` is unique within a tenant.
 */
const microsoft: OpenIdPreset = {
  kind: 'openid',
  label: 'Microsoft',
  issuer: ({ tenant = 'common' }) => `${ENTRA}/${tenant.toLowerCase()}/v2.0`,
  issuerTemplate: ({ tenant = 'common' }) => GUID.test(tenant) ? undefined : `${ENTRA}/{tenantid}/v2.0`,
  // An id token that comes from an app may be one of any tenant that the registration allows
  isTenant: ({ tenant }) => tenant === 'organizations'
    ? (tid) => tid !== PERSONAL
    : tenant === 'consumers' ? (tid) => tid === PERSONAL : undefined,
  scopes: OPENID,
  read (claims) {
    const { tid, sub, xms_edov: domainVerified } = claims
    const subject = typeof tid === 'string' && GUID.test(tid) && isText(sub) ? `${tid.toLowerCase()}:${sub}` : undefined
    // Microsoft writes the same truth in several ways
    return { ...readOpenId(claims, [true, 'true', 1, '1'].some((yes) => yes === domainVerified)), subject }
  }
}

const gitlab: OpenIdPreset = {
  kind: 'openid',
  label: 'GitLab',
  issuer: ({ issuer = 'https://gitlab.com' }) => issuer,
  scopes: OPENID,
  read: (claims) => readOpenId(claims)
}

/** Neither PKCE nor a nonce: the request is bound by `state` alone. */
const linkedin: OpenIdPreset = {
  kind: 'openid',
  label: 'LinkedIn',
  issuer: () => 'https://www.linkedin.com/oauth',
  scopes: OPENID,
  pkce: false,
  nonce: false,
  read: (claims) => ({ ...readOpenId(claims, isTrue(claims['email_verified'])), locale: linkedinLocale(claims['locale']) })
}

/** Ids of users are guaranteed to be unique only together with that of their workspace. PKCE is for apps without a secret. */
const slack: OpenIdPreset = {
  kind: 'openid',
  label: 'Slack',
  issuer: () => 'https://slack.com',
  scopes: OPENID,
  pkce: false,
  read (claims) {
    const { 'https://slack.com/team_id': team, sub } = claims
    return { ...readOpenId(claims), subject: isText(team) && isText(sub) ? `${team}:${sub}` : undefined }
  }
}

// Twitch sends these only when they are requested
const TWITCH = { email: null, email_verified: null, preferred_username: null }

const twitch: OpenIdPreset = {
  kind: 'openid',
  label: 'Twitch',
  issuer: () => 'https://id.twitch.tv/oauth2',
  scopes: ['openid', 'user:read:email'],
  params: { claims: JSON.stringify({ id_token: TWITCH, userinfo: TWITCH }) },
  // Its scopes are an array
  conform: ({ scope, ...answer }) => Array.isArray(scope) ? { ...answer, scope: scope.join(' ') } : { ...answer, ...(scope !== undefined && { scope }) },
  read: (claims) => ({ ...readOpenId(claims), name: claims['preferred_username'] })
}

/**
 * The answer is posted when a name or an address is requested. The name is in the first one only, and not in the id token. Addresses of its
 * relay are verified like others. It knows no PKCE; the nonce binds the code to the request.
 */
const apple: OpenIdPreset = {
  kind: 'openid',
  label: 'Apple',
  issuer: () => 'https://appleid.apple.com',
  clientKey: ({ teamId = '', keyId = '', privateKey = '' }) => ({ teamId, keyId, privateKey }),
  scopes: ['openid', 'email', 'name'],
  responseMode: 'form_post',
  pkce: false,
  posted: (params) => ({ name: appleName(params.get('user')) }),
  read: (claims) => readOpenId(claims, isTrue(claims['email_verified']))
}

export const openIdPresets = { google, apple, microsoft, gitlab, linkedin, slack, twitch }

function isGmail (email: unknown): boolean {
  return typeof email === 'string' && /@gmail\.com$/i.test(email)
}

function isText (value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isTrue (value: unknown): boolean {
  return value === true || value === 'true'
}

/** JSON, and given once: what cannot be read is no reason to refuse the login. */
function appleName (user: string | null): string | null {
  try {
    const { firstName, lastName } = objectOf(objectOf(JSON.parse(user ?? '')).name)
    return [firstName, lastName].filter(isText).join(' ')
  } catch {
    return null
  }
}

/** An object in some of its answers. */
function linkedinLocale (locale: unknown): unknown {
  const { language, country } = (typeof locale === 'object' && locale !== null ? locale : {}) as UpstreamClaims
  return isText(language) ? `${language}${isText(country) ? `-${country}` : ''}` : locale
}

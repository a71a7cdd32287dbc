import type { UpstreamClaims } from './ports.ts'
import type { OAuth2Preset } from './presets.ts'
import { objectOf } from './read-claims.ts'

/** Verified is the primary address if GitHub says so of it. */
const github: OAuth2Preset = {
  kind: 'oauth2',
  label: 'GitHub',
  authorizationEndpoint: 'https://github.com/login/oauth/authorize',
  tokenEndpoint: 'https://github.com/login/oauth/access_token',
  profileEndpoints: { user: 'https://api.github.com/user', emails: 'https://api.github.com/user/emails' },
  authMethod: 'client_secret_post',
  scopes: ['read:user', 'user:email'],
  read (claims) {
    const user = objectOf(claims['user'])
    const primary = objectsOf(claims['emails']).find((email) => email['primary'] === true)
    return {
      subject: user['id'], email: primary?.['email'], emailVerified: primary?.['verified'] === true, name: user['name'] ?? user['login']
    }
  }
}

/** Says nothing about whether an address is verified. */
const facebook: OAuth2Preset = {
  kind: 'oauth2',
  label: 'Facebook',
  authorizationEndpoint: 'https://www.facebook.com/dialog/oauth',
  tokenEndpoint: 'https://graph.facebook.com/oauth/access_token',
  profileEndpoints: { user: 'https://graph.facebook.com/me?fields=id,name,email' },
  authMethod: 'client_secret_post',
  scopes: ['public_profile', 'email'],
  read (claims) {
    const { id: subject, email, name } = objectOf(claims['user'])
    return { subject, email, emailVerified: false, name }
  }
}

const discord: OAuth2Preset = {
  kind: 'oauth2',
  label: 'Discord',
  authorizationEndpoint: 'https://discord.com/oauth2/authorize',
  tokenEndpoint: 'https://discord.com/api/oauth2/token',
  profileEndpoints: { user: 'https://discord.com/api/users/@me' },
  authMethod: 'client_secret_post',
  scopes: ['identify', 'email'],
  read (claims) {
    const { id: subject, email, verified, global_name: name, username, locale } = objectOf(claims['user'])
    return { subject, email, emailVerified: verified === true, name: name ?? username, locale }
  }
}

/** The address was confirmed at some time, which is not to say that it is theirs now. */
const x: OAuth2Preset = {
  kind: 'oauth2',
  label: 'X',
  authorizationEndpoint: 'https://x.com/i/oauth2/authorize',
  tokenEndpoint: 'https://api.x.com/2/oauth2/token',
  profileEndpoints: { user: 'https://api.x.com/2/users/me?user.fields=confirmed_email' },
  authMethod: 'client_secret_basic',
  // The endpoint of the profile requires both of the first two
  scopes: ['users.read', 'tweet.read', 'users.email'],
  read (claims) {
    const { id: subject, confirmed_email: email, name } = objectOf(objectOf(claims['user'])['data'])
    return { subject, email, emailVerified: false, name }
  }
}

const bitbucket: OAuth2Preset = {
  kind: 'oauth2',
  label: 'Bitbucket',
  authorizationEndpoint: 'https://bitbucket.org/site/oauth2/authorize',
  tokenEndpoint: 'https://bitbucket.org/site/oauth2/access_token',
  profileEndpoints: { user: 'https://api.bitbucket.org/2.0/user', emails: 'https://api.bitbucket.org/2.0/user/emails' },
  authMethod: 'client_secret_basic',
  scopes: ['account', 'email'],
  read (claims) {
    const { uuid: subject, display_name: name } = objectOf(claims['user'])
    const primary = objectsOf(objectOf(claims['emails'])['values']).find((email) => email['is_primary'] === true)
    return { subject, email: primary?.['email'], emailVerified: primary?.['is_confirmed'] === true, name }
  }
}

export const oauth2Presets = { github, facebook, discord, x, bitbucket }

function objectsOf (value: unknown): UpstreamClaims[] {
  return Array.isArray(value) ? value.map(objectOf) : []
}

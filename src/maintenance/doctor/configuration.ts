import type { ConfigError } from '../../config/config-error.ts'
import type { Config } from '../../config/config.ts'
import { isLoopback } from '../../http/origin.ts'
import { fail, listed, ok, warn, type Check } from './check.ts'

const DAY = 86_400

export function checkConfiguration (config: Config): Check[] {
  return [
    ok(
      'configuration',
      `valid; the issuer is ${config.issuer}${config.followsPort ? '; options that an app passes in code are not known here' : ''}`
    ),
    appUrl(config),
    passwordGrant(config),
    rateLimit(config),
    cors(config),
    tokenLifetime(config)
  ]
}

/** One line for each mistake in a configuration that cannot be used. */
export function misconfiguration ({ problems }: ConfigError): Check[] {
  return problems.map(({ name, message }) => ({ name: 'configuration', status: 'fail', message: `${name} ${message}` }))
}

function appUrl ({ appUrl }: Config): Check {
  const { protocol, hostname } = new URL(appUrl)
  if (protocol === 'https:') return ok('app-url', `${appUrl} is https`)
  if (isLoopback(hostname)) return ok('app-url', `${appUrl} is for development on this machine`)
  return fail(
    'app-url',
    `${appUrl} is not https: passwords and tokens are not encrypted, and cookies are not Secure`,
    'put TLS in front of the server and set APP_URL to its https address'
  )
}

function passwordGrant ({ passwordGrant }: Config): Check {
  if (passwordGrant === 'off') return ok('password-grant', 'off')
  return ok(
    'password-grant',
    'on, for first-party clients with a secret only; RFC 9700 section 2.4 forbids it to others. PASSWORD_GRANT=off removes it'
  )
}

function rateLimit ({ rateLimit }: Config): Check {
  if (rateLimit === 'on') return ok('rate-limit', 'on')
  return warn('rate-limit', 'off: nothing limits guessing of passwords', 'set RATE_LIMIT=on; off is for load tests')
}

function cors ({ corsOrigins }: Config): Check {
  const open = corsOrigins.filter((origin) => origin.startsWith('http://') && !isLoopback(new URL(origin).hostname))
  if (open.length === 0) return ok('cors', corsOrigins.length === 0 ? 'no other origins' : listed(corsOrigins))
  return warn('cors', `no https in ${listed(open)}: an attacker on the network can act as that page`, 'set CORS_ORIGINS to https origins')
}

function tokenLifetime ({ accessTokenTtl, refreshTokenTtl, sessionTtl }: Config): Check {
  if (accessTokenTtl > DAY) {
    return warn(
      'token-lifetime',
      `access tokens are valid for ${days(accessTokenTtl)}; a stolen one stays valid that long unless it is revoked`,
      'lower ACCESS_TOKEN_TTL; an hour is usual'
    )
  }
  if (refreshTokenTtl > sessionTtl) {
    return warn('token-lifetime', 'a session ends before its refresh token would', 'lower REFRESH_TOKEN_TTL or raise SESSION_TTL')
  }
  return ok('token-lifetime', `access tokens ${accessTokenTtl} s, sessions ${days(refreshTokenTtl)} idle and ${days(sessionTtl)} in all`)
}

function days (seconds: number): string {
  const count = Math.round(seconds / DAY * 10) / 10
  return `${count} day${count === 1 ? '' : 's'}`
}

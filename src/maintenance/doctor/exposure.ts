import type { Config } from '../../config/config.ts'
import { parseDatabaseUrl } from '../../database/connection.ts'
import { trustsEverybody } from '../../http/trusted-proxies.ts'
import { isLoopback } from '../../http/origin.ts'
import { ok, warn, type Check } from './check.ts'

/** Who can reach the server, and which proxies it trusts. */
export function checkExposure (config: Config): Check[] {
  return [proxy(config), metrics(config), databaseTls(config)]
}

function proxy ({ appUrl, host, trustProxy }: Config): Check {
  const { protocol, hostname } = new URL(appUrl)
  if (trustsEverybody(trustProxy)) {
    return warn(
      'proxy',
      `TRUST_PROXY is ${trustProxy}: the address that limits, logs and sessions see is whatever a visitor writes into X-Forwarded-For`,
      'set TRUST_PROXY to the number of proxies in front of the server, or to their addresses'
    )
  }
  if (trustProxy === false && protocol === 'https:') {
    return warn(
      'proxy',
      'TRUST_PROXY is off, but something in front of the server terminates TLS: all users seem to come from its address and share its limits',
      'set TRUST_PROXY to the number of proxies in front of the server, or to their addresses'
    )
  }
  if (!isLoopback(host) && isLoopback(hostname)) {
    return warn(
      'proxy',
      `the server listens on ${host}, but APP_URL is ${appUrl}: tokens and links contain an address that others cannot reach`,
      'set APP_URL to the public address'
    )
  }
  return ok('proxy', trustProxy === false ? 'no proxy is trusted' : `TRUST_PROXY is ${trustProxy}`)
}

function metrics ({ host, metricsToken, appUrl, routes }: Config): Check {
  if (!routes.metrics) return ok('metrics', '/metrics is off')
  if (metricsToken !== undefined) return ok('metrics', '/metrics requires METRICS_TOKEN')
  if (isLoopback(host) && isLoopback(new URL(appUrl).hostname)) return ok('metrics', '/metrics is open, on this machine only')
  return warn('metrics', '/metrics is open to everybody who reaches the server', 'set METRICS_TOKEN')
}

function databaseTls ({ databaseUrl }: Config): Check {
  if (databaseUrl === undefined) return ok('database-tls', 'the embedded database is on this machine')
  const { options: { host = 'localhost' }, tls: { mode, options } } = parseDatabaseUrl(databaseUrl)
  // A socket, this machine, or a host name without dots, as in container networks
  const isNear = host.startsWith('/') || isLoopback(host) || !/[.:]/.test(host)
  if (isNear && ['disable', 'allow', 'prefer'].includes(mode)) return ok('database-tls', `not required for ${host}`)
  if (mode === 'disable' || mode === 'allow') {
    return warn('database-tls', `off: traffic to ${host} is not encrypted`, 'add ?sslmode=verify-full to DATABASE_URL')
  }
  if (mode === 'prefer') {
    return warn(
      'database-tls',
      `only if ${host} offers it: an attacker on the network can prevent its use`,
      'add ?sslmode=verify-full to DATABASE_URL'
    )
  }
  return ok('database-tls', options.rejectUnauthorized === false ? 'on, without checking the certificate' : 'on')
}

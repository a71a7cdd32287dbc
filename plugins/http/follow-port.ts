import type { AddressInfo } from 'node:net'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import type { Address, Place } from '../../src/config/address.ts'
import { settingName } from '../../src/config/names.ts'
import type { Config } from '../../src/config/config.ts'

type Bound = AddressInfo | string | null
type Named = Pick<Config, 'appUrl' | 'followsPort' | 'sources'>

/** Where a plugin stands in its host. */
export function placeOf (host: FastifyInstance): Place {
  return { mount: host.prefix, https: Boolean(host.initialConfig.https) }
}

/** A server without APP_URL is reached at the port that it listens on, which is known only once it listens. */
export function followPort (
  host: FastifyInstance,
  address: Pick<Address, 'followsPort' | 'listensOn'>,
  then: (bound: Bound) => void = () => {}
): void {
  if (!address.followsPort) return
  host.server.once('listening', () => {
    const bound = host.server.address()
    if (bound !== null && typeof bound === 'object') address.listensOn(bound.port)
    then(bound)
  })
}

/** Logs which address tokens and links contain, and how to change it. */
export function tellAddress ({ appUrl, sources }: Named, bound: Bound, log: FastifyBaseLogger): void {
  const name = settingName(sources, 'appUrl', 'APP_URL')
  if (bound === null || typeof bound === 'string') {
    log.warn(
      {},
      `The server listens on ${bound ?? 'something'} without a port, but tokens and links contain ${appUrl}: set ${name} to the address that browsers use`
    )
  } else if (isLocal(bound)) log.info({}, `Tokens and links contain ${appUrl}: set ${name} if the public address is another`)
  else {
    log.warn(
      {},
      `Tokens and links contain ${appUrl}, which does not lead to ${bound.address}: set ${name} to the address that browsers use, such as ${urlOf(bound, appUrl)}`
    )
  }
}

/**
 * Warns once when an application requests the metadata at another address than the one in tokens: applications compare the two (OpenID
 * Connect Discovery section 4.3).
 */
export function warnOfOtherHost (config: Named): (request: FastifyRequest) => void {
  let told = !config.followsPort
  return ({ headers: { host }, log }) => {
    if (told || host === undefined || host === new URL(config.appUrl).host) return
    told = true
    log.warn(
      { host },
      `An application requested the metadata at another address than ${config.appUrl}, which is in tokens and links, and may reject it: set ${settingName(config.sources, 'appUrl', 'APP_URL')} to the address that applications use`
    )
  }
}

function isLocal ({ address }: AddressInfo): boolean {
  return /^(0\.0\.0\.0|::|::1|127\.0\.0\.1)$/.test(address)
}

function urlOf ({ address, port }: AddressInfo, appUrl: string): string {
  return `${new URL(appUrl).protocol}//${address.includes(':') ? `[${address}]` : address}:${port}`
}

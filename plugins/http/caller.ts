import type { FastifyRequest } from 'fastify'
import { readAddress } from '../../src/http/address.ts'
import type { Caller } from '../../src/oauth/ports.ts'
import { deviceOf } from '../browser/device-cookie.ts'

const MAX_USER_AGENT = 400
/** A proxy apart from the server says whose request it passes on. */
export const CLIENT_IP_HEADER = 'x-latchkey-client-ip'

/** Where a request comes from, as it is kept with the session. NUL cannot be stored, and longer agents say nothing more. */
export function callerOf (request: Pick<FastifyRequest, 'ip' | 'socket' | 'headers'>): Caller {
  const { headers } = request
  const toldIp = headers[CLIENT_IP_HEADER]
  return {
    ip: addressOf(request),
    userAgent: headers['user-agent']?.slice(0, MAX_USER_AGENT).toWellFormed(),
    device: deviceOf(request),
    toldIp: (typeof toldIp === 'string' && readAddress(toldIp)) || undefined
  }
}

/**
 * What a trusted proxy says, if that is an address, else the peer's. Who comes through a Unix socket has none, unless a proxy there says
 * it.
 */
export function addressOf ({ ip, socket }: { ip?: string, socket?: { remoteAddress?: string | undefined } }): string {
  return readAddress(ip) ?? readAddress(socket?.remoteAddress) ?? 'unknown'
}

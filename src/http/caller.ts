import type { FastifyRequest } from 'fastify'
import { readAddress } from './address.ts'
import type { Caller } from '../oauth/ports.ts'
import { deviceOf } from '../throttle/known-devices.ts'

const MAX_USER_AGENT = 400
/** A remote client proxy sends the address of its own caller in this header. */
export const CLIENT_IP_HEADER = 'x-latchkey-client-ip'

/** The origin of a request, as it is stored with the session. Longer user agents are cut off. */
export function callerOf (request: Pick<FastifyRequest, 'ip' | 'socket' | 'headers'>): Caller {
  const { headers } = request
  const toldIp = headers[CLIENT_IP_HEADER]
  return {
    ip: addressOf(request),
    userAgent: headers['user-agent']?.slice(0, MAX_USER_AGENT).toWellFormed(),
    device: deviceOf(headers),
    forwardedIp: (typeof toldIp === 'string' && readAddress(toldIp)) || undefined
  }
}

/** The address that a trusted proxy reports, if it is one, else that of the peer. A Unix socket has no peer address. */
export function addressOf ({ ip, socket }: { ip?: string, socket?: { remoteAddress?: string | undefined } }): string {
  return readAddress(ip) ?? readAddress(socket?.remoteAddress) ?? 'unknown'
}

import type { IncomingHttpHeaders } from 'node:http'
import { isIPv4, isIPv6 } from 'node:net'
import type { Caller } from '../oauth/ports.ts'
import { deviceOf } from '../throttle/known-devices.ts'

/** The parts of a request that tell its address. */
type Peer = { ip?: string, socket?: { remoteAddress?: string | undefined } }

const MAX_USER_AGENT = 400
/** A remote client proxy sends the address of its own caller in this header. */
export const CLIENT_IP_HEADER = 'x-latchkey-client-ip'

const MAX_ADDRESS = 100
// RFC 7239 section 6: brackets around IPv6, and a port, which may be obfuscated
const NODE = /^(?:\[([0-9A-Fa-f:.]+(?:%[^\]\s]*)?)\]|([0-9.]+))(?::(?:\d{1,5}|_[A-Za-z0-9._-]+))?$/
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/
// Of 16 bits in an IPv6 address
const GROUPS = 8

/** The origin of a request, as it is stored with the session. Longer user agents are cut off. */
export function callerOf (request: Peer & { headers: IncomingHttpHeaders }): Caller {
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
export function addressOf ({ ip, socket }: Peer): string {
  return readAddress(ip) ?? readAddress(socket?.remoteAddress) ?? 'unknown'
}

/**
 * The address in a header or of a socket, normalized: without port, quotes and zone, and IPv4-mapped addresses as IPv4.
 * @returns null when it is not an address
 */
export function readAddress (text: string | undefined): string | null {
  if (text === undefined || text.length > MAX_ADDRESS) return null
  if (isIPv4(text)) return text
  const node = text.trim().replace(/^"(.*)"$/, '$1')
  const [, ipv6, ipv4] = NODE.exec(node) ?? []
  const [address = ''] = (ipv6 ?? ipv4 ?? node).split('%')
  if (isIPv4(address)) return address
  return isIPv6(address) ? canonical(address) : null
}

/** RFC 5952; dual-stack sockets write IPv4 as ::ffff:192.0.2.1. */
function canonical (ipv6: string): string {
  const address = new URL(`http://[${ipv6}]`).hostname.slice(1, -1)
  const [, high, low] = MAPPED.exec(address) ?? []
  if (high === undefined || low === undefined) return address
  const [left, right] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return [left >> 8, left & 255, right >> 8, right & 255].join('.')
}

/**
 * The network of one subscriber: an IPv4 address, or the /64 of an IPv6 address. Text that is not an address is returned unchanged.
 * @param address as `addressOf` and `readAddress` return it
 */
export function networkOf (address: string): string {
  return isIPv6(address) ? `${groupsOf(address).slice(0, 4).join(':')}::/64` : address
}

/** All eight groups of a normalized address. */
function groupsOf (address: string): string[] {
  const [left, right] = address.split('::').map((half) => half.split(':').filter(Boolean))
  if (!right) return left!
  return [...left!, ...Array.from({ length: GROUPS - left!.length - right.length }, () => '0'), ...right]
}

import { isIPv4, isIPv6 } from 'node:net'

const MAX_LENGTH = 100
// RFC 7239 section 6: brackets around IPv6, and a port, which may be obfuscated
const NODE = /^(?:\[([0-9A-Fa-f:.]+(?:%[^\]\s]*)?)\]|([0-9.]+))(?::(?:\d{1,5}|_[A-Za-z0-9._-]+))?$/
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/

/**
 * The address in a header or of a socket, normalized: without port, quotes and zone, and IPv4-mapped addresses as IPv4.
 * @returns null when it is not an address
 */
export function readAddress (text: string | undefined): string | null {
  if (text === undefined || text.length > MAX_LENGTH) return null
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

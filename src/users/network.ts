import { isIP } from 'node:net'

const GROUPS = 8

/** What one subscriber has: an IPv4 address, or the /64 of an IPv6 address. What is no address stays as it is. */
export function networkOf (ip: string): string {
  const [address = ''] = ip.split('%')
  if (isIP(address) !== 6) return ip
  const groups = groupsOf(address)
  const [high, low] = groups.slice(6).map((group) => Number.parseInt(group, 16)) as [number, number]
  // ::ffff:192.0.2.1, as sockets that listen on both kinds write IPv4
  if (groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff') return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  return `${groups.slice(0, 4).join(':')}::/64`
}

/** All eight, from the one form that URLs have for an address. */
function groupsOf (address: string): string[] {
  const [left, right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::').map((half) => half.split(':').filter(Boolean))
  if (!right) return left!
  return [...left!, ...Array.from({ length: GROUPS - left!.length - right.length }, () => '0'), ...right]
}

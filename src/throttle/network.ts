import { isIPv6 } from 'node:net'
import { readAddress } from '../http/address.ts'

const GROUPS = 8

/** The network of one subscriber: an IPv4 address, or the /64 of an IPv6 address. Text that is not an address is returned unchanged. */
export function networkOf (ip: string): string {
  const address = readAddress(ip) ?? ip
  return isIPv6(address) ? `${groupsOf(address).slice(0, 4).join(':')}::/64` : address
}

/** All eight groups of a normalized address. */
function groupsOf (address: string): string[] {
  const [left, right] = address.split('::').map((half) => half.split(':').filter(Boolean))
  if (!right) return left!
  return [...left!, ...Array.from({ length: GROUPS - left!.length - right.length }, () => '0'), ...right]
}

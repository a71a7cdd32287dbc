import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { readAddress } from './caller.ts'

/** The option `trustProxy`: no proxy, every proxy, a number of proxies before the server, or their addresses and networks. */
export type TrustProxy = boolean | number | string

/** Called by Fastify for each address of the chain, starting with the nearest. */
export type Trusts = (address: string | undefined, hop: number) => boolean

type Network = { address: string, family: 'ipv4' | 'ipv6', prefix: number }

const WORDS: Record<string, string[]> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']
}
// The largest private networks: 10.0.0.0/8 and fc00::/7
const LARGEST = { ipv4: 8, ipv6: 7 }
const BITS = { ipv4: 32, ipv6: 128 }
const MAPPED_BITS = 96
/** A longer chain of proxies is a mistake. */
const MANY = 10

/** @throws RangeError that names what is neither an address nor a network */
export function createTrusts (trustProxy: TrustProxy): false | Trusts {
  if (typeof trustProxy === 'boolean') return trustProxy && (() => true)
  // Only the nearest hops, which the operator has set up
  if (typeof trustProxy === 'number') return (_address, hop) => hop < trustProxy
  const list = new BlockList()
  for (const { address, prefix, family } of networksOf(trustProxy)) list.addSubnet(address, prefix, family)
  const holds = (address: string) => list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
  const onThisMachine = holds('127.0.0.1')
  return (text) => {
    // A client of a Unix socket has no address, and is on this machine
    if (text === undefined) return onThisMachine
    const address = readAddress(text)
    return address !== null && holds(address)
  }
}

/** Whether the left-most address is trusted, which the visitor can choose. */
export function trustsEverybody (trustProxy: TrustProxy): boolean {
  if (typeof trustProxy === 'number') return trustProxy > MANY
  if (typeof trustProxy === 'boolean') return trustProxy
  return networksOf(trustProxy).some(({ family, prefix }) => prefix < LARGEST[family])
}

function networksOf (text: string): Network[] {
  return text.split(',').map((item) => item.trim()).flatMap((item) => WORDS[item] ?? [item]).map(readNetwork)
}

function readNetwork (text: string): Network {
  const [written = '', range] = text.split('/')
  const address = readAddress(written)
  const requested = isIPv6(written) ? 'ipv6' : 'ipv4'
  const bits = range === undefined ? BITS[requested] : prefixOf(range, requested)
  const family = address !== null && isIPv4(address) ? 'ipv4' : 'ipv6'
  // IPv4-mapped IPv6 is matched as IPv4
  const prefix = family === requested ? bits : bits - MAPPED_BITS
  if (address === null || !(prefix >= 0 && bits <= BITS[requested])) throw new RangeError(`${text} is neither an address nor a network`)
  return { address, family, prefix }
}

/**
 * Parses `8`, or 255.0.0.0.
 * @returns NaN for other text
 */
function prefixOf (range: string, family: Network['family']): number {
  if (/^\d{1,3}$/.test(range)) return Number(range)
  if (family !== 'ipv4' || !isIPv4(range)) return Number.NaN
  const mask = range.split('.').map((byte) => Number(byte).toString(2).padStart(8, '0')).join('')
  return /^1*0*$/.test(mask) ? mask.replaceAll('0', '').length : Number.NaN
}

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { parse as uuidToBytes, stringify as bytesToUuid } from 'uuid'
import type { DerivedKeys } from '../crypto/app-key.ts'
import { cookiesNamed, setCookie } from '../http/cookies.ts'

/** A device on which a user has logged in before. `passedFactor`: with a second factor, which whoever has only the password cannot. */
export type Device = { userId: string, id: Buffer, passedFactor: boolean }

export type KnownDevices = {
  /** @returns null for a text that we did not sign */
  read: (text: string | undefined) => Device | null
  /** The same device when it belongs to this user, otherwise a new one. @param passedFactor with this login; once passed, it stays so */
  renew: (userId: string, device: Device | null, passedFactor?: boolean) => string
}

// user id ‖ 128 random bits ‖ HMAC-SHA-256
const USER = 16
const ID = USER + 16
const LENGTH = ID + 32
const TEXT = /^[A-Za-z0-9_-]{86}$/
/** What is signed after the bytes themselves. */
const PASSED_FACTOR = 'second factor'

const COOKIE = 'lkDevice'
/** Carries the same value for clients without cookies: backends and remote client proxies. */
export const DEVICE_HEADER = 'x-latchkey-device'
const YEAR = 365 * 86_400

/** The device that a request presents: the cookie, or else the header. Its signature is not checked. */
export function deviceOf (headers: IncomingHttpHeaders): string | undefined {
  const cookie = cookiesNamed(headers.cookie, COOKIE).find(looksLikeDevice)
  if (cookie !== undefined) return cookie
  const header = headers[DEVICE_HEADER]
  return looksLikeDevice(header) ? header : undefined
}

/** A cookie for the routes on which users log in: `path` under the issuer. */
export function createDeviceCookie (issuer: string, path: string) {
  const { pathname, protocol } = new URL(issuer)
  const options = {
    path: pathname.replace(/\/$/, '') + path, httpOnly: true, sameSite: 'lax' as const, secure: protocol === 'https:', maxAge: YEAR
  }
  return { set: (reply: Parameters<typeof setCookie>[0], device: string): void => { setCookie(reply, COOKIE, device, options) } }
}

/** @returns whether a text could be a device, and is worth passing on */
function looksLikeDevice (text: unknown): text is string {
  return typeof text === 'string' && TEXT.test(text)
}

/** Proof of an earlier login. It gives no access, but a known device is not slowed down by others who guess its user's password. */
export function createKnownDevices (keys: DerivedKeys): KnownDevices {
  function read (text: string | undefined): Device | null {
    if (!looksLikeDevice(text)) return null
    const bytes = Buffer.from(text, 'base64url')
    const signature = bytes.subarray(ID)
    if (bytes.length !== LENGTH) return null
    const isSigned = (mark: string) => keys.some((key) => timingSafeEqual(mac(key, bytes, mark), signature))
    const passedFactor = isSigned(PASSED_FACTOR)
    return passedFactor || isSigned('') ? { userId: bytesToUuid(bytes.subarray(0, USER)), id: bytes.subarray(USER, ID), passedFactor } : null
  }

  function renew (userId: string, device: Device | null, passedFactor = false): string {
    const own = device?.userId === userId ? device : null
    const id = own?.id ?? randomBytes(ID - USER)
    const bytes = Buffer.concat([uuidToBytes(userId), id])
    return Buffer.concat([bytes, mac(keys[0]!, bytes, passedFactor || own?.passedFactor ? PASSED_FACTOR : '')]).toString('base64url')
  }

  return { read, renew }
}

function mac (key: Buffer, bytes: Buffer, mark: string): Buffer {
  return createHmac('sha256', key).update(bytes.subarray(0, ID)).update(mark).digest()
}

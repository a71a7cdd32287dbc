import type { FastifyReply, FastifyRequest } from 'fastify'
import { looksLikeDevice } from '../../src/throttle/known-devices.ts'
import { cookiesNamed, setCookie } from '../../src/http/cookies.ts'

const DEVICE_COOKIE = 'lkDevice'
/** Carries the same value for clients without cookies: backends and remote client proxies. */
export const DEVICE_HEADER = 'x-latchkey-device'

const YEAR = 365 * 86_400

/** A cookie for the routes on which users log in: `path` under the issuer. */
export function createDeviceCookie (issuer: string, path: string) {
  const { pathname, protocol } = new URL(issuer)
  const options = {
    path: pathname.replace(/\/$/, '') + path, httpOnly: true, sameSite: 'lax' as const, secure: protocol === 'https:', maxAge: YEAR
  }
  return { set: (reply: FastifyReply, device: string): void => { setCookie(reply, DEVICE_COOKIE, device, options) } }
}

export function deviceOf ({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const cookie = cookiesNamed(headers.cookie, DEVICE_COOKIE).find(looksLikeDevice)
  if (cookie !== undefined) return cookie
  const header = headers[DEVICE_HEADER]
  return looksLikeDevice(header) ? header : undefined
}

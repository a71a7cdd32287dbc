import type { FastifyReply, FastifyRequest } from 'fastify'
import { HttpError } from '../../src/http/http-error.ts'
import { cookiesNamed, setCookie } from '../../src/http/cookies.ts'
import type { ClientProxy } from '../client-proxy.ts'
import { createDeviceCookie } from '../../src/throttle/known-devices.ts'
import type { Services } from '../../src/compose/services.ts'

export const REFRESH_COOKIE = 'refreshToken'

export type RefreshCookie = {
  set: (reply: FastifyReply, slug: string, token: string, maxAge: number) => void
  clear: (reply: FastifyReply, slug: string) => void
}

/** A cookie for the proxy routes of one client only; Secure when the issuer is https. */
export function createRefreshCookie (issuer: string): RefreshCookie {
  const { pathname, protocol } = new URL(issuer)
  const base = pathname.replace(/\/$/, '')
  const options = (slug: string) => ({
    path: `${base}/v1/clients/${encodeURIComponent(slug)}`, httpOnly: true, sameSite: 'lax' as const, secure: protocol === 'https:'
  })
  return {
    set: (reply, slug, token, maxAge) => { setCookie(reply, REFRESH_COOKIE, token, { ...options(slug), maxAge }) },
    clear: (reply, slug) => { setCookie(reply, REFRESH_COOKIE, '', { ...options(slug), maxAge: 0, expires: new Date(0) }) }
  }
}

/** Sends the tokens of a login or a refresh, with the cookies of the proxies. @param address of the proxies */
export function createProxyAnswer (address: string): ClientProxy['answer'] {
  const cookie = createRefreshCookie(address)
  const deviceCookie = createDeviceCookie(address, '/v1/clients')
  return (reply, { slug, tokenInBody }, { body, refreshTokenExpiresIn, device }) => {
    if (body.refresh_token !== undefined) cookie.set(reply, slug, body.refresh_token, refreshTokenExpiresIn ?? 0)
    if (device !== undefined) deviceCookie.set(reply, device)
    const { refresh_token: _inCookie, ...rest } = body
    return reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' }).send(tokenInBody ? body : rest)
  }
}

/**
 * The refresh token of a request; the body takes precedence over the cookie. Among several cookies of the name, only the one that we issued
 * is used: the others belong to other apps on the domain.
 * @throws 400 when two of them were issued here, since one must have been planted
 */
export function refreshTokenOf ({ body, headers }: FastifyRequest, isOurs: (token: string) => boolean): string | undefined {
  const { refresh_token: fromBody } = (body ?? {}) as { refresh_token?: string }
  if (fromBody !== undefined) return fromBody
  const [first, ...others] = new Set(cookiesNamed(headers.cookie, REFRESH_COOKIE).filter((value) => value !== ''))
  if (first === undefined || others.length === 0) return first
  const ours = [first, ...others].filter(isOurs)
  if (ours.length > 1) throw new HttpError('LK_TWO_COOKIES')
  return ours[0] ?? first
}

/** Clears the cookies of the proxies that may hold tokens of a client: its own, and those that the configuration assigns to it. */
export type ClearLoginCookies = (reply: FastifyReply, clientId: string | null) => Promise<void>

export function createClearLoginCookies ({ config, clients }: Pick<Services, 'config' | 'clients'>): ClearLoginCookies {
  const cookie = createRefreshCookie(config.issuer)
  return async (reply, clientId) => {
    const named = Object.entries(config.clients).filter(([, { id }]) => id === clientId).map(([slug]) => slug)
    const { slug } = (clientId && await clients.find(clientId)) || {}
    for (const name of new Set([...named, ...(slug ? [slug] : [])])) cookie.clear(reply, name)
  }
}

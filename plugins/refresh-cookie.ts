import type { FastifyReply, FastifyRequest } from 'fastify'

export const REFRESH_COOKIE = 'refreshToken'

export type RefreshCookie = {
  set: (reply: FastifyReply, slug: string, token: string, maxAge: number) => void
  clear: (reply: FastifyReply, slug: string) => void
}

/** Sent back to the proxy routes of one client only; Secure when the issuer is https. */
export function createRefreshCookie (issuer: string): RefreshCookie {
  const { pathname, protocol } = new URL(issuer)
  const base = pathname.replace(/\/$/, '')
  const options = (slug: string) => ({
    path: `${base}/v1/clients/${encodeURIComponent(slug)}`, httpOnly: true, sameSite: 'lax' as const, secure: protocol === 'https:'
  })
  return {
    set: (reply, slug, token, maxAge) => { reply.setCookie(REFRESH_COOKIE, token, { ...options(slug), maxAge }) },
    clear: (reply, slug) => { reply.setCookie(REFRESH_COOKIE, '', { ...options(slug), maxAge: 0, expires: new Date(0) }) }
  }
}

/** The body wins over the cookie. @throws 400 for two cookies of the name: one of them was planted */
export function refreshTokenOf (request: FastifyRequest): string | undefined {
  const { refresh_token: fromBody } = (request.body ?? {}) as { refresh_token?: string }
  if (fromBody !== undefined) return fromBody
  const cookies = (request.headers.cookie ?? '').split(';').filter((pair) => pair.trim().startsWith(`${REFRESH_COOKIE}=`))
  if (cookies.length > 1) throw Object.assign(new Error('Two cookies named refreshToken were sent'), { statusCode: 400, code: 'LK_TWO_COOKIES' })
  return request.cookies[REFRESH_COOKIE] || undefined
}

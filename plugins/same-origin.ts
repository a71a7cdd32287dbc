import type { FastifyRequest } from 'fastify'

/** Refuses posts from other sites (login and refresh CSRF): `Origin` must be ours or allowed, and without it the browser must not say cross-site. */
export function sameOrigin (appUrl: string, allowed: readonly string[]) {
  const origins = new Set([new URL(appUrl).origin, ...allowed.map((url) => new URL(url).origin)])
  return async ({ headers, body }: FastifyRequest): Promise<void> => {
    const { origin } = headers
    const foreign = origin === undefined ? headers['sec-fetch-site'] === 'cross-site' : !origins.has(origin)
    if (foreign) throw Object.assign(new Error('This origin may not call; the operator can add it to CORS_ORIGINS'), { statusCode: 403, code: 'LK_FOREIGN_ORIGIN' })
    // A form of another site could send it without asking first
    const isForm = headers['content-type']?.toLowerCase().startsWith('application/json') === false
    if (body !== undefined && isForm) throw Object.assign(new Error('Send the body as application/json'), { statusCode: 415, code: 'LK_JSON_ONLY' })
  }
}

/**
 * `Sec-Fetch-Site` cannot be forged by a page, and knows the address that the browser has open, whatever APP_URL is;
 * without it `Origin` must be ours. `silent` is the answer for those who send neither: yes where a token is asked for, too.
 */
export function sameSite (appUrl: string, { allowed = [], silent }: { allowed?: readonly string[], silent: boolean }) {
  const origins = new Set([appUrl, ...allowed].map((url) => new URL(url).origin))
  return ({ headers: { origin, 'sec-fetch-site': site } }: Pick<FastifyRequest, 'headers'>): boolean => {
    if (origin !== undefined && origins.has(origin)) return true
    return site === undefined ? silent && origin === undefined : site === 'same-origin' || site === 'none'
  }
}

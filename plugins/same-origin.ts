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

import type { FastifyRequest } from 'fastify'
import { jsonOnly } from './guard-errors.ts'

type Options = {
  /** Origins beside that of APP_URL, as browsers send them. */
  allowed?: readonly string[]
  /** The answer for who sends neither header: yes where nothing is done by a cookie, or a token is asked for, too. */
  silent: boolean
}

/**
 * Whether a page of ours sent a request, and not one of another site (login and refresh CSRF). A browser sets `Sec-Fetch-Site`, a page cannot, and it
 * knows the address that is open, whatever APP_URL is: `same-origin` and `none` are ours. Else `Origin`, when it is sent, must be ours or allowed; without
 * both it is an old browser, or a program.
 */
export function sameSite (appUrl: string, { allowed = [], silent }: Options) {
  const origins = new Set([new URL(appUrl).origin, ...allowed])
  return ({ headers: { origin, 'sec-fetch-site': site } }: Pick<FastifyRequest, 'headers'>): boolean => {
    if (site === 'same-origin' || site === 'none') return true
    if (origin !== undefined) return origins.has(origin)
    return site === undefined && silent
  }
}

/** For routes of an API that are called without a token: refuses pages of other sites, and what they could send without asking first. */
export function sameOrigin (appUrl: string, allowed: readonly string[]) {
  const isOwn = sameSite(appUrl, { allowed, silent: true })
  return async (request: FastifyRequest): Promise<void> => {
    if (!isOwn(request)) throw Object.assign(new Error('This origin may not call; the operator can add it to CORS_ORIGINS'), { statusCode: 403, code: 'LK_FOREIGN_ORIGIN' })
    const { body, headers } = request
    if (body !== undefined && !isJson(headers['content-type'])) throw jsonOnly()
  }
}

/** A form can be sent by any page, without asking first. What has no type has no body. */
export function isJson (contentType: string | undefined): boolean {
  return contentType === undefined || /^application\/json\s*(;|$)/i.test(contentType)
}

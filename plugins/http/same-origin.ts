import type { FastifyRequest } from 'fastify'
import { following } from '../../src/config/address.ts'
import { settingName } from '../../src/config/names.ts'
import type { Config } from '../../src/config/config.ts'
import { HttpError } from '../../src/http/http-error.ts'
import { jsonOnly } from '../guard/errors.ts'

/** Where our pages are, and how to name what may be set. */
export type Site = Pick<Config, 'appUrl' | 'sources'>

type Options = {
  /** Origins beside that of APP_URL, as browsers send them. */
  allowed?: readonly string[]
  /** The answer for who sends neither header: yes where nothing is done by a cookie, or a token is asked for, too. */
  silent: boolean
}

/**
 * Whether a page of ours sent a request, and not one of another site (login and refresh CSRF). A browser sets `Sec-Fetch-Site`, a page
 * cannot, and it knows the address that is open, whatever APP_URL is: `same-origin` and `none` are ours. Else `Origin`, when it is sent,
 * must be ours or allowed; without both it is an old browser, or a program.
 */
export function sameSite (config: Pick<Site, 'appUrl'>, { allowed = [], silent }: Options) {
  // Our own follows the port
  const origins = following(() => config.appUrl, (appUrl) => new Set([new URL(appUrl).origin, ...allowed]))
  return ({ headers: { origin, 'sec-fetch-site': site } }: Pick<FastifyRequest, 'headers'>): boolean => {
    if (site === 'same-origin' || site === 'none') return true
    if (origin !== undefined) return origins().has(origin)
    return site === undefined && silent
  }
}

/** For routes of an API that are called without a token: refuses pages of other sites, and what they could send without asking first. */
export function sameOrigin (site: Site, allowed: readonly string[]) {
  const isOwn = sameSite(site, { allowed, silent: true })
  return async (request: FastifyRequest): Promise<void> => {
    if (!isOwn(request)) throw foreignOrigin(site, request.headers.origin, { others: true })
    const { body, headers } = request
    if (body !== undefined && !isJson(headers['content-type'])) throw jsonOnly()
  }
}

/** What a refusal says to set, and to what. @param others whether pages of CORS_ORIGINS would pass */
export function foreignText ({ appUrl, sources }: Site, origin: string | undefined, { others }: { others: boolean }): string {
  const [ours, allowed] = [settingName(sources, 'appUrl', 'APP_URL'), settingName(sources, 'corsOrigins', 'CORS_ORIGINS')]
  // Whatever else was sent as Origin is not repeated
  if (origin === undefined || !/^[a-z][a-z0-9+.-]*:\/\/[a-z0-9.:[\]_-]+$/i.test(origin)) {
    return `This does not come from a page of this server, whose address is ${appUrl} (${ours})${others ? `, nor of an origin in ${allowed}` : ''}`
  }
  const fixes = [
    ...(/^https?:/i.test(origin) ? [`if people open this server at ${origin}, set ${ours} to that`] : []),
    ...(others ? [`to let pages of another site call, add ${origin} to ${allowed}`] : [])
  ]
  return [`This comes from a page of ${origin}, and the address of this server is ${appUrl}`, ...fixes].join('; ')
}

export function foreignOrigin (site: Site, origin: string | undefined, options: { others: boolean }): HttpError {
  return new HttpError('LK_FOREIGN_ORIGIN', { message: foreignText(site, origin, options) })
}

/** A form can be sent by any page, without asking first. What has no type has no body. */
export function isJson (contentType: string | undefined): boolean {
  return contentType === undefined || /^application\/json\s*(;|$)/i.test(contentType)
}

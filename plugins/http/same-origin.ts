import type { FastifyRequest } from 'fastify'
import { following } from '../../src/config/address.ts'
import { settingName } from '../../src/config/names.ts'
import type { Config } from '../../src/config/config.ts'
import { HttpError } from '../../src/http/http-error.ts'
import { jsonOnly } from '../guard/errors.ts'

/** The address of our pages, and the names of its settings for error messages. */
export type Site = Pick<Config, 'appUrl' | 'sources'>

type Options = {
  /** Origins allowed beside that of APP_URL, in the form that browsers send. */
  allowed?: readonly string[]
  /** Whether a request with neither header passes: true where no cookie has an effect, or where a token is required as well. */
  silent: boolean
}

/**
 * Whether a page of ours sent a request, rather than a page of another site (login and refresh CSRF). `Sec-Fetch-Site` decides if present:
 * browsers set it, pages cannot, and it refers to the address in the browser, whatever APP_URL is. `same-origin` and `none` pass. Otherwise
 * `Origin`, if present, must be ours or allowed. A request with neither comes from an old browser or a program.
 */
export function sameSite (config: Pick<Site, 'appUrl'>, { allowed = [], silent }: Options) {
  // Our own origin changes when the port becomes known
  const origins = following(() => config.appUrl, (appUrl) => new Set([new URL(appUrl).origin, ...allowed]))
  return ({ headers: { origin, 'sec-fetch-site': site } }: Pick<FastifyRequest, 'headers'>): boolean => {
    if (site === 'same-origin' || site === 'none') return true
    if (origin !== undefined) return origins().has(origin)
    return site === undefined && silent
  }
}

/**
 * The one place that refuses a request of another site.
 * @param options `form` for a form of our pages, which has an error code of its own
 * @returns a function that throws 403
 */
export function refuseOtherSites (site: Site, { form = false, ...options }: Options & { form?: boolean }) {
  const isOwn = sameSite(site, options)
  return (request: Pick<FastifyRequest, 'headers'>): void => {
    if (isOwn(request)) return
    const message = foreignText(site, request.headers.origin, { others: options.allowed !== undefined })
    throw new HttpError(form ? 'LK_FORGED_FORM' : 'LK_FOREIGN_ORIGIN', { message })
  }
}

/** For API routes without a token: refuses pages of other sites, and content types that they can send without a CORS preflight. */
export function sameOrigin (site: Site, allowed: readonly string[]) {
  const refuseOthers = refuseOtherSites(site, { allowed, silent: true })
  return async (request: FastifyRequest): Promise<void> => {
    refuseOthers(request)
    const { body, headers } = request
    if (body !== undefined && !isJson(headers['content-type'])) throw jsonOnly()
  }
}

/** Says which setting to change, and to which value. @param others whether pages of CORS_ORIGINS would pass */
function foreignText ({ appUrl, sources }: Site, origin: string | undefined, { others }: { others: boolean }): string {
  const [ours, allowed] = [settingName(sources, 'appUrl', 'APP_URL'), settingName(sources, 'corsOrigins', 'CORS_ORIGINS')]
  // An Origin that is not well-formed is not repeated
  if (origin === undefined || !/^[a-z][a-z0-9+.-]*:\/\/[a-z0-9.:[\]_-]+$/i.test(origin)) {
    return `This does not come from a page of this server, whose address is ${appUrl} (${ours})${others ? `, nor of an origin in ${allowed}` : ''}`
  }
  const fixes = [
    ...(/^https?:/i.test(origin) ? [`if people open this server at ${origin}, set ${ours} to that`] : []),
    ...(others ? [`to let pages of another site call, add ${origin} to ${allowed}`] : [])
  ]
  return [`This comes from a page of ${origin}, and the address of this server is ${appUrl}`, ...fixes].join('; ')
}

/** Any page can submit a form without a CORS preflight, but not JSON. A request without a content type has no body. */
export function isJson (contentType: string | undefined): boolean {
  return contentType === undefined || /^application\/json\s*(;|$)/i.test(contentType)
}

import type { Config } from '../config/config.ts'
import type { FieldErrors } from '../http/field-errors.ts'
import { readFrontEndUrl, withQuery } from '../http/front-end-url.ts'
import { HttpError } from '../http/http-error.ts'

/** What a link carries. */
export type LinkSecret = { userId: string, token: string, address: string }

/** The address that a mail leads to. Made when the mail is, since the issuer may follow the port. */
export type Link = (secret: LinkSecret) => string

export type LinkChoice = { link: Link, errors?: never } | { errors: FieldErrors, link?: never }

type Requested = {
  /** A page of a front end that the request names. */
  url?: string | undefined
  /** The front end that sends the request: header `App-Identifier`. */
  app?: string | string[] | undefined
}

export type Links = {
  /** Our own pages. */
  own: { verification: Link, reset: Link }
  /** Undoes a change: our page, or that of the usual front end; undefined where there is neither. */
  undo: Link | undefined
  /** @throws HttpError 400 for an unknown app */
  verification: (requested?: Requested) => LinkChoice
  /** @throws HttpError 400 for an unknown app */
  reset: (requested?: Requested) => LinkChoice
}

/** The front end that is meant when a request names none. */
const DEFAULT_APP = 'web'

export const FORGOT_PAGE = '/password/forgot'
export const VERIFY_PAGE = '/email/verify'
export const RESET_PAGE = '/password/reset'
export const UNDO_PAGE = '/email/undo'

type Options = Pick<Config, 'verificationUrls' | 'resetUrls' | 'apps' | 'routes'> & { readonly issuer: string }

/**
 * Where mails lead to: a page that the operator has configured, or our own. Nothing of a link is from the request: it only chooses among
 * configured addresses (no open redirect, no poisoning by the Host header).
 */
export function createLinks (config: Options): Links {
  const { verificationUrls, resetUrls, apps, routes } = config

  function appOf (app: Requested['app'] = DEFAULT_APP): Options['apps'][string] {
    if (typeof app === 'string' && Object.hasOwn(apps, app)) return apps[app]!
    if (app === DEFAULT_APP) return {}
    throw new HttpError('LK_UNKNOWN_APP')
  }

  /** Undefined for one that the operator has not configured. */
  const configured = (urls: readonly string[], given: string) => {
    const url = readFrontEndUrl(given)
    return url !== null && urls.some((known) => readFrontEndUrl(known) === url) ? url : undefined
  }

  const own: Links['own'] = {
    verification: ({ token }) => withQuery(config.issuer + VERIFY_PAGE, { token }),
    reset: ({ token }) => withQuery(config.issuer + RESET_PAGE, { token })
  }
  const ownPage = (field: string, link: Link): LinkChoice => routes.pages ? { link } : { errors: { [field]: ['required'] } }

  function undoLink (): Link | undefined {
    const page = apps[DEFAULT_APP]?.verificationUrl
    if (routes.pages) return ({ token }) => withQuery(config.issuer + UNDO_PAGE, { token })
    if (page === undefined) return undefined
    return ({ userId, token }) => withQuery(page, { verification_url: `${config.issuer}/v1${UNDO_PAGE}/${userId}/${token}` })
  }

  return {
    own,
    undo: undoLink(),
    verification ({ url, app } = {}) {
      const { verificationUrl } = appOf(app)
      const api = ({ userId, token }: LinkSecret) => `${config.issuer}/v1/email/verify/${userId}/${token}`
      if (url !== undefined) {
        const page = configured(verificationUrls, url)
        // Each generation of the guide has its own name
        return page === undefined ? notConfigured('verification_url') : { link: (secret) => withQuery(page, { url: api(secret) }) }
      }
      if (verificationUrl !== undefined) return { link: (secret) => withQuery(verificationUrl, { verification_url: api(secret) }) }
      return ownPage('verification_url', own.verification)
    },
    reset ({ url, app } = {}) {
      const { resetUrl } = appOf(app)
      const page = url === undefined ? resetUrl : configured(resetUrls, url)
      if (page !== undefined) return { link: ({ token, address }) => withQuery(page, { token, email: address }) }
      if (url !== undefined) return notConfigured('reseturl')
      return ownPage('reseturl', own.reset)
    }
  }
}

function notConfigured (field: string): LinkChoice {
  return { errors: { [field]: ['not_configured'] } }
}

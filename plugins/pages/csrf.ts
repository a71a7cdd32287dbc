import csrf from '@fastify/csrf-protection'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { FormId } from '../../src/crypto/form-secrets.ts'
import { hashSecret } from '../../src/crypto/secrets.ts'
import { HttpError } from '../../src/http/http-error.ts'
import type { Csrf } from '../../src/views/page.ts'
import { cookiePath } from '../browser/cookie.ts'
import { cookiesNamed, setCookie } from '../../src/http/cookies.ts'
import { refuseOtherSites, type Site } from '../http/same-origin.ts'

export const CSRF_FIELD = '_csrf'
/** Error codes of forms that the user can submit again. */
export const STALE_FORM = 'LK_STALE_FORM'
export const NO_COOKIE = 'LK_NO_COOKIE'
/** 18 random bytes, in the format of @fastify/csrf. */
const SECRET = /^[\w-]{24}$/

export type CsrfProtection = {
  /** An id of this browser: a hash of the cookie for its forms, which is set if missing. */
  browserOf: (reply: FastifyReply) => Uint8Array
  /** The hidden field of a form, and its cookie. */
  field: (reply: FastifyReply) => Csrf
  /**
   * An id of the form that was submitted, unique among all forms of all browsers: a hash of the cookie and the hidden field, which is new
   * for each page. Call it after `check`.
   */
  formOf: (request: FastifyRequest) => FormId | undefined
  /** @throws 403 for a form of another site, or without the token of this browser */
  check: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
}

/**
 * What the plugin needs of a reply and a request. Those of Fastify are not passed, because a host may sign, encode or rename its cookies.
 */
type Jar = { cookies: Record<string, string | undefined> }
type CsrfRequest = Jar & Pick<FastifyRequest, 'body' | 'headers' | 'log'>
type Parts = {
  generateCsrf: (this: { request: Jar, setCookie: (name: string, value: string, options: object) => void }) => string
  csrfProtection: (request: CsrfRequest, reply: { send: (error: Error) => void }, next: () => void) => void
}

/** @fastify/csrf-protection with a cookie of our own, beside one that the host may have. */
export async function createCsrf (config: Site): Promise<CsrfProtection> {
  const refuseOthers = refuseOtherSites(config, { silent: true, form: true })
  const secure = config.appUrl.startsWith('https:')
  const cookie = secure ? '__Host-latchkey-csrf' : 'latchkey-csrf'
  const path = cookiePath(config.appUrl)
  const parts = {} as Parts
  const collect = (name: keyof Parts, part: never) => { parts[name] = part }
  await csrf({ decorate: collect, decorateReply: collect } as unknown as FastifyInstance, { cookieKey: cookie })
  // Several forms on one page share one cookie
  const jars = new WeakMap<FastifyReply, Jar>()
  // Another app on the domain may have a cookie of the same name. A value in another format is ignored: it would otherwise lock users out
  const secretOf = ({ headers }: Pick<FastifyRequest, 'headers'>) =>
    cookiesNamed(headers.cookie, cookie).find((value) => SECRET.test(value))
  const jarOf = (request: Pick<FastifyRequest, 'headers'>): Jar => ({ cookies: { [cookie]: secretOf(request) } })

  function field (reply: FastifyReply): Csrf {
    const jar = jars.get(reply) ?? jarOf(reply.request)
    jars.set(reply, jar)
    const set = (name: string, value: string) => {
      jar.cookies[name] = value
      // Lax, because a form opened from another site must find the cookie of earlier forms
      setCookie(reply, name, value, { path, httpOnly: true, sameSite: 'lax', secure })
    }
    return { name: CSRF_FIELD, value: parts.generateCsrf.call({ request: jar, setCookie: set }) }
  }

  async function check (request: FastifyRequest): Promise<void> {
    refuseOthers(request)
    const { body, headers, log } = request
    parts.csrfProtection({ body, headers, log, ...jarOf(request) }, { send: (cause) => { throw unproven(request, cause) } }, () => {})
  }

  function unproven (request: FastifyRequest, cause: Error): Error {
    return new HttpError(secretOf(request) === undefined ? NO_COOKIE : STALE_FORM, { cause })
  }

  function browserOf (reply: FastifyReply): Uint8Array {
    field(reply)
    return hashSecret(jars.get(reply)!.cookies[cookie]!)
  }

  function formOf (request: FastifyRequest): FormId | undefined {
    const { [CSRF_FIELD]: value } = (request.body ?? {}) as { [CSRF_FIELD]?: unknown }
    return typeof value === 'string' && value !== '' ? hashSecret(JSON.stringify([jarOf(request).cookies[cookie], value])) : undefined
  }

  return { browserOf, field, formOf, check }
}

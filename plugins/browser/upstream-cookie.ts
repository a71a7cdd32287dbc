import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { cookiesNamed, setCookie } from '../../src/http/cookies.ts'
import { cookiePath } from './cookie.ts'

const FORM = /^[A-Za-z0-9_-]{43}$/
/** Seconds: those of a login at a provider. */
const MAX_AGE = 600

/**
 * Holds a secret of the browser that starts a login at a provider; the answer of the provider is accepted from that browser only. Where the
 * answer is posted, a second one holds its key: the first one does not come with a request of another site.
 */
export type UpstreamCookie = {
  read: (request: FastifyRequest) => string | undefined
  /** The secret of the browser, a new one if it has none. It is the same for all tabs. */
  keep: (request: FastifyRequest, reply: FastifyReply) => string
  readAnswer: (request: FastifyRequest) => string | undefined
  /** For the browser that has posted an answer. */
  keepAnswer: (reply: FastifyReply, key: string) => void
}

export function createUpstreamCookie ({ appUrl }: { appUrl: string }): UpstreamCookie {
  const secure = appUrl.startsWith('https:')
  const name = secure ? '__Host-latchkey-upstream' : 'latchkey-upstream'
  // Sent with the redirect from the provider, which is a navigation
  const options = { path: cookiePath(appUrl), httpOnly: true, sameSite: 'lax' as const, secure, maxAge: MAX_AGE }
  const find = (name: string) => ({ headers }: FastifyRequest) => cookiesNamed(headers.cookie, name).find((value) => FORM.test(value))
  const read = find(name)
  return {
    read,
    readAnswer: find(`${name}-answer`),
    keepAnswer: (reply, key) => setCookie(reply, `${name}-answer`, key, options),
    keep (request, reply) {
      const secret = read(request) ?? randomBytes(32).toString('base64url')
      setCookie(reply, name, secret, options)
      return secret
    }
  }
}

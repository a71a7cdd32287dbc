import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { cookiesNamed, setCookie } from '../../src/http/cookies.ts'
import { cookiePath } from './cookie.ts'

const FORM = /^[A-Za-z0-9_-]{43}$/
/** Seconds: those of a login at a provider. */
const MAX_AGE = 600

/** Holds a secret of the browser that starts a login at a provider; the answer of the provider is accepted from that browser only. */
export type UpstreamCookie = {
  read: (request: FastifyRequest) => string | undefined
  /** The secret of the browser, a new one if it has none. It is the same for all tabs. */
  keep: (request: FastifyRequest, reply: FastifyReply) => string
}

export function createUpstreamCookie ({ appUrl }: { appUrl: string }): UpstreamCookie {
  const secure = appUrl.startsWith('https:')
  const name = secure ? '__Host-latchkey-upstream' : 'latchkey-upstream'
  // Sent with the redirect from the provider, which is a navigation
  const options = { path: cookiePath(appUrl), httpOnly: true, sameSite: 'lax' as const, secure, maxAge: MAX_AGE }
  const read = ({ headers }: FastifyRequest) => cookiesNamed(headers.cookie, name).find((value) => FORM.test(value))
  return {
    read,
    keep (request, reply) {
      const secret = read(request) ?? randomBytes(32).toString('base64url')
      setCookie(reply, name, secret, options)
      return secret
    }
  }
}

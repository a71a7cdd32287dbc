import type { FastifyReply, FastifyRequest } from 'fastify'
import { cookiesNamed, setCookie } from '../../src/http/cookies.ts'
import { MAX_AUTH_SESSION } from '../../src/sessions/auth-sessions.ts'
import { cookiePath } from './cookie.ts'

const FORM = /^lk_as_[\w-]+$/
/** Seconds: those of an auth session. */
const MAX_AGE = 600

/** Keeps an auth session in the browser in which the password was entered. */
export type AuthCookie = {
  read: (request: FastifyRequest) => string | undefined
  set: (reply: FastifyReply, authSession: string) => void
  clear: (reply: FastifyReply) => void
}

export function createAuthCookie ({ appUrl }: { appUrl: string }): AuthCookie {
  const secure = appUrl.startsWith('https:')
  const name = secure ? '__Host-latchkey-auth' : 'latchkey-auth'
  const options = { path: cookiePath(appUrl), httpOnly: true, sameSite: 'lax' as const, secure }
  return {
    read: ({ headers }) => cookiesNamed(headers.cookie, name).find((value) => value.length <= MAX_AUTH_SESSION && FORM.test(value)),
    set: (reply, authSession) => setCookie(reply, name, authSession, { ...options, maxAge: MAX_AGE }),
    clear: (reply) => setCookie(reply, name, '', { ...options, maxAge: 0, expires: new Date(0) })
  }
}

import csrf from '@fastify/csrf-protection'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Csrf } from '../../src/views/page.ts'
import { sameSite } from '../same-origin.ts'

export const CSRF_FIELD = '_csrf'

export type CsrfProtection = {
  /** The hidden field of a form, and its cookie. */
  field: (reply: FastifyReply) => Csrf
  /** @throws 403 for a post of another site, or without the token of this browser */
  check: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
}

type Parts = {
  generateCsrf: (this: FastifyReply) => string
  csrfProtection: (request: FastifyRequest, reply: { send: (error: Error) => void }, next: () => void) => void
}

/** @fastify/csrf-protection with a cookie of our own, beside the one that a host may have. */
export async function createCsrf (appUrl: string): Promise<CsrfProtection> {
  const isOwn = sameSite(appUrl, { silent: true })
  const secure = appUrl.startsWith('https:')
  const parts = {} as Parts
  const collect = (name: keyof Parts, part: never) => { parts[name] = part }
  // Lax: a form that was opened from another site must find the cookie of the forms before it
  await csrf({ decorate: collect, decorateReply: collect } as unknown as FastifyInstance, {
    cookieKey: secure ? '__Host-latchkey-csrf' : 'latchkey-csrf',
    cookieOpts: { path: '/', httpOnly: true, sameSite: 'lax', secure }
  })

  async function check (request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (!isOwn(request)) throw refusal('The form was sent from another site')
    parts.csrfProtection(request, { send: (cause) => { throw refusal('The form does not carry the token of this browser', cause) } }, () => {})
  }

  return { field: (reply) => ({ name: CSRF_FIELD, value: parts.generateCsrf.call(reply) }), check }
}

function refusal (message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { statusCode: 403, code: 'LK_FORGED_FORM' })
}

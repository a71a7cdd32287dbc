import type { FastifyRequest } from 'fastify'

/** Whether a browser is loading a page: the request accepts HTML. */
export function wantsHtml ({ headers }: FastifyRequest): boolean {
  return headers.accept !== undefined && /\btext\/html\b/i.test(headers.accept)
}

import type { FastifyRequest } from 'fastify'

/** A browser that shows a page, rather than a program. */
export function wantsHtml ({ headers }: FastifyRequest): boolean {
  return headers.accept !== undefined && /\btext\/html\b/i.test(headers.accept)
}

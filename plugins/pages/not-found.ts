import type { FastifyInstance } from 'fastify'
import { securityHeaders } from '../http/security-headers.ts'
import { wantsHtml } from '../http/wants-html.ts'
import { internals } from '../internals.ts'
import { PAGE_HEADERS } from './headers.ts'

/** The 404 of the standalone server: a page for requests that accept HTML, otherwise JSON. */
export async function answerNotFound (app: FastifyInstance): Promise<void> {
  const services = internals(app)
  const { basePath, appUrl, routes } = services.config
  const kit = routes.pages ? await (await import('./kit.ts')).createKit(services) : null
  app.setNotFoundHandler({ preHandler: securityHeaders(appUrl, PAGE_HEADERS) }, async (request, reply) => {
    reply.code(404).header('cache-control', 'no-store')
    const page = kit?.page(request)
    if (kit && page && wantsHtml(request)) return await kit.send(reply, 'error', { ...page, ...page.texts.errors.notFound })
    const path = request.url.split('?')[0]
    return reply.send({
      statusCode: 404, code: 'LK_NOT_FOUND', error: 'Not Found',
      message: `There is no ${request.method} ${path}${routes.docs ? `; see ${basePath}/docs` : ''}`
    })
  })
}

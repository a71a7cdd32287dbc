import { timingSafeEqual } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errors } from '../../src/schemas/errors.ts'
import { hashSecret } from '../../src/crypto/secrets.ts'
import { HttpError } from '../../src/http/http-error.ts'
import { internals } from '../../plugins/internals.ts'

const metrics: FastifyPluginAsyncTypebox = async (app) => {
  const { metricsToken } = internals(app).config

  app.get('/metrics', {
    // Served under overload as well, when metrics matter most
    config: { pressureHandler: () => {} },
    schema: {
      tags: ['Operations'],
      summary: 'Prometheus metrics',
      description: 'Requires the bearer token METRICS_TOKEN if it is set.',
      produces: ['text/plain'],
      response: { 200: Type.String(), ...errors(401) }
    }
  }, async ({ headers }, reply) => {
    const sent = /^bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1]
    const allowed = metricsToken === undefined || (sent !== undefined && timingSafeEqual(hashSecret(sent), hashSecret(metricsToken)))
    if (!allowed) {
      reply.header('www-authenticate', 'Bearer realm="metrics"')
      throw new HttpError('LK_UNAUTHENTICATED', { message: 'Send METRICS_TOKEN as bearer token' })
    }
    return reply
      .header('content-type', app.metricsRegistry.contentType)
      .header('cache-control', 'no-store')
      .send(await app.metricsRegistry.metrics())
  })
}

export default metrics

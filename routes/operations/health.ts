import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Health, Readiness, Welcome } from '../../src/schemas/health.ts'
import { internals } from '../../plugins/internals.ts'

/** An overloaded process is still alive and ready: restarting it, or moving its load to others, would make matters worse. */
const evenWhenBusy = { pressureHandler: () => {} }

const health: FastifyPluginAsyncTypebox = async (app) => {
  const { config, database: { pool }, revocation: { feed } } = internals(app)

  app.get('/v1', {
    schema: { tags: ['Operations'], summary: 'What answers here', response: { 200: Welcome } }
  }, async () => ({
    message: `Welcome to ${config.brand.name} (API V1)`,
    issuer: config.issuer,
    ...(config.routes.docs && { documentation: `${config.issuer}/docs` })
  }))

  app.get('/health', {
    config: evenWhenBusy,
    schema: { tags: ['Operations'], summary: 'Check that the process is running', response: { 200: Health } }
  }, async () => ({ status: 'ok' as const }))

  app.get('/ready', {
    config: evenWhenBusy,
    schema: {
      tags: ['Operations'], summary: 'Check that the database answers and the revocation data is fresh',
      response: { 200: Readiness, 503: Readiness }
    }
  }, async (_request, reply) => {
    const database = await pool.query('SELECT 1').then(() => true, () => false)
    const revocations = feed.age() <= config.revocation.maxStaleness
    const ready = database && revocations
    if (!ready) reply.code(503).header('retry-after', 2)
    return { ready, database, revocations }
  })
}

export default health

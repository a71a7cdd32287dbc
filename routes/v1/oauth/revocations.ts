import { PassThrough } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { REVOCATIONS_READ } from '../../../src/oauth/scopes.ts'
import { errors } from '../../../src/schemas/errors.ts'
import { followEvents } from '../../../src/revocation/events.ts'

const revocations: FastifyPluginAsyncTypebox = async (app) => {
  const open = new Set<PassThrough>()
  let closing = false
  // Streams never end by themselves; the server could not close
  app.addHook('preClose', async () => {
    closing = true
    for (const stream of open) stream.end()
  })

  app.get('/revocations', {
    onRequest: app.authGuard('api', { scopes: [REVOCATIONS_READ], clients: true }),
    schema: {
      tags: ['OAuth'],
      summary: 'Follow revocations (server-sent events)',
      description: 'For guards in other services. First `snapshot`, then `revocations`, each an array; `heartbeat` carries the age of what this server knows, in seconds.',
      produces: ['text/event-stream'],
      response: { 200: Type.Unsafe<PassThrough>({ type: 'string' }), ...errors(401, 403, 503) }
    }
  }, async (_request, reply) => {
    const stream = new PassThrough()
    const stop = followEvents(app.latchkey, (text) => stream.writable && stream.write(text))
    open.add(stream)
    if (closing) stream.end()
    stream.once('close', () => {
      stop()
      open.delete(stream)
    })
    return reply.headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }).send(stream)
  })
}

export default revocations

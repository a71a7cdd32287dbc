import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { callerOf } from '../../../src/http/caller.ts'
import { ownerGuard } from '../../../plugins/guard/owner-guard.ts'
import { errors } from '../../../src/schemas/errors.ts'
import { ById, RotateBody, RotatedSecret } from '../../../src/schemas/management.ts'
import { HttpError } from '../../../src/http/http-error.ts'
import { internals } from '../../../plugins/internals.ts'

const clientSecret: FastifyPluginAsyncTypebox = async (app) => {
  const { account, clients } = internals(app)

  app.post('/clients/:id/secret', {
    onRequest: ownerGuard(app),
    // All fields have defaults
    preValidation: async (request) => { request.body ??= {} },
    schema: {
      tags: ['Management'],
      summary: 'Create a new secret for a client of the user',
      description: 'The old secret stays valid for `overlap` seconds, so that the application keeps working while its secret is replaced.',
      params: ById,
      body: RotateBody,
      response: { 201: RotatedSecret, ...errors(400, 401, 403, 404, 415, 422, 503) }
    }
  }, async (request, reply) => {
    const { userId } = await account.findOwner(request.auth)
    const { id } = request.params
    const rotated = await clients.management.rotateSecret(userId, id, request.body.overlap ?? 0, callerOf(request))
    if (!rotated) throw new HttpError('LK_NOT_FOUND', { message: 'You have no such client with a secret' })
    const { secret, previousSecretUntil } = rotated
    return reply.code(201).header('cache-control', 'no-store').send({
      client_id: id, client_secret: secret, previous_secret_until: previousSecretUntil?.toISOString() ?? null
    })
  })
}

export default clientSecret

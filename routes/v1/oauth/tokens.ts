import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { validate as isUuid } from 'uuid'
import { callerOf } from '../../../src/http/caller.ts'
import { ownerGuard } from '../../../plugins/guard/owner-guard.ts'
import { errors } from '../../../src/schemas/errors.ts'
import { AccessList, ById, EndExcept } from '../../../src/schemas/management.ts'
import { accessJson } from '../../../src/schemas/management-json.ts'
import { HttpError } from '../../../src/http/http-error.ts'
import { internals } from '../../../plugins/internals.ts'

const tokens: FastifyPluginAsyncTypebox = async (app) => {
  const { account } = internals(app)

  app.get('/tokens', {
    onRequest: ownerGuard(app),
    schema: {
      tags: ['Management'],
      summary: 'List the sessions and authorized applications of the user',
      description: 'Needs the access token of a first-party login, or a browser session. Sorted by last use, most recent first.',
      response: { 200: AccessList, ...errors(401, 403, 503) }
    }
  }, async (request, reply) => {
    const { userId, sessionId } = await account.findOwner(request.auth)
    const all = await account.access.list(userId)
    return reply.header('cache-control', 'no-store').send(all.map((access) => accessJson(access, sessionId)))
  })

  app.delete('/tokens', {
    onRequest: ownerGuard(app),
    schema: {
      tags: ['Management'],
      summary: 'Log the user out everywhere, or everywhere else',
      description:
        'Ends every browser session and every session of a first-party client, at once in every process. With `except=current` the session of the request goes on. Applications that the user authorized keep their access; they are ended one by one.',
      querystring: EndExcept,
      response: { 204: Type.Null({ description: 'Ended' }), ...errors(401, 403, 422, 503) }
    }
  }, async (request, reply) => {
    const { userId, sessionId } = await account.findOwner(request.auth)
    await account.access.endLogins(userId, request.query.except === 'current' ? sessionId : null, callerOf(request))
    return reply.code(204).send(null)
  })

  app.delete('/tokens/:id', {
    onRequest: ownerGuard(app),
    schema: {
      tags: ['Management'],
      summary: 'End a session of the user',
      description: 'Its access and refresh tokens are refused at once in every process. An application must ask for consent again.',
      params: ById,
      response: { 204: Type.Null({ description: 'Ended' }), ...errors(401, 403, 404, 422, 503) }
    }
  }, async (request, reply) => {
    const { userId } = await account.findOwner(request.auth)
    const { id } = request.params
    if (!isUuid(id) || !await account.access.end(id, userId, callerOf(request))) {
      throw new HttpError('LK_NOT_FOUND', { message: 'You have no such session' })
    }
    return reply.code(204).send(null)
  })
}

export default tokens

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { callerOf } from '../../../plugins/caller.ts'
import { limit } from '../../../plugins/limits.ts'
import { PasswordBody, profileBody, User, userBody } from '../../../src/schemas/account.ts'
import { errors } from '../../../src/schemas/errors.ts'
import { Message } from '../../../src/schemas/proxy.ts'

const profile: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/profile', {
    onRequest: app.authGuard('api'),
    schema: {
      tags: ['Account'],
      summary: 'Who am I',
      response: { 200: User, ...errors(401, 403, 503) }
    }
  }, async (request, reply) => {
    const user = await request.auth?.user()
    if (!user) throw app.httpErrors.createError(401, 'The user of this token is gone', { code: 'LK_UNAUTHENTICATED' })
    return reply.header('cache-control', 'no-store').send(userBody(user))
  })

  app.patch('/profile', {
    onRequest: app.authGuard('api'),
    config: limit('password'),
    schema: {
      tags: ['Account'],
      summary: 'Change name or login attributes',
      description: 'For the access token of a first-party login. Attributes stand flat under their own names; they need `current_password`.',
      body: profileBody(app.latchkey.attributes),
      response: { 200: User, ...errors(400, 401, 403, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const { userId } = await app.latchkey.findOwner(request.auth!)
    const { user, errors } = await app.latchkey.changeProfile({ userId, body: request.body, caller: callerOf(request) })
    if (errors) throw app.httpErrors.createError(422, 'The request is not valid', { code: 'LK_VALIDATION', errors })
    return reply.header('cache-control', 'no-store').send(userBody(user))
  })

  app.patch('/profile/password', {
    onRequest: app.authGuard('api'),
    config: limit('password'),
    schema: {
      tags: ['Account'],
      summary: 'Change the password',
      description: 'Ends every other session of the user.',
      body: PasswordBody,
      response: { 200: Message, ...errors(400, 401, 403, 422, 429, 503) }
    }
  }, async (request) => {
    const { userId, sessionId } = request.auth!
    const { current_password: current, new_password: next } = request.body
    const errors = await app.latchkey.changePassword({ userId: userId!, sessionId, current, next, caller: callerOf(request) })
    if (errors) throw app.httpErrors.createError(422, 'The request is not valid', { code: 'LK_VALIDATION', errors })
    return { message: 'Password changed. Other sessions have ended.' }
  })
}

export default profile

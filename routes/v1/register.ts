import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { callerOf } from '../../src/http/caller.ts'
import { limit } from '../../plugins/http/limits.ts'
import { requiredLater } from '../../plugins/http/compilers.ts'
import { registerBody, User, userBody } from '../../src/schemas/account.ts'
import { errors } from '../../src/schemas/errors.ts'
import { unprocessable } from '../../plugins/http/unprocessable.ts'
import { internals } from '../../plugins/internals.ts'

const register: FastifyPluginAsyncTypebox = async (app) => {
  const { mail, users } = internals(app)

  app.post('/register', {
    config: limit('registration'),
    validatorCompiler: requiredLater,
    schema: {
      tags: ['Account'],
      summary: 'Register a user',
      description: 'Each login attribute is a member of the body under its own name; at least one is required. With `REGISTRATION=invite` the body needs an `invitation`: otherwise it is 403 `LK_INVITATION_REQUIRED`. The address of an invitation is verified by it; one that is used, withdrawn or expired is 403 `LK_INVALID_TOKEN`.',
      body: registerBody(users.attributes, users.passwordPolicy.rules),
      response: { 201: User, ...errors(400, 403, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const { user, errors } = await users.register(request.body, {
      caller: callerOf(request), locale: mail.localeFor({ acceptLanguage: request.headers['accept-language'] })
    })
    if (errors) throw unprocessable(errors)
    return reply.code(201).send(userBody(user))
  })
}

export default register

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { validate as isUuid } from 'uuid'
import { callerOf } from '../../../src/http/caller.ts'
import { ownerGuard, stepUp } from '../../../plugins/guard/owner-guard.ts'
import { limit } from '../../../plugins/http/limits.ts'
import { scopeNames } from '../../../src/oauth/scopes.ts'
import { errors } from '../../../src/schemas/errors.ts'
import { ById, CreatedToken, NewTokenBody, PersonalTokenList } from '../../../src/schemas/management.ts'
import { personalTokenJson } from '../../../src/schemas/management-json.ts'
import { unprocessable } from '../../../plugins/http/unprocessable.ts'
import { HttpError } from '../../../src/http/http-error.ts'
import { internals } from '../../../plugins/internals.ts'

const personalAccessTokens: FastifyPluginAsyncTypebox = async (app) => {
  const { account, personalTokens } = internals(app)
  const isProven = stepUp(app)

  app.get('/personal-access-tokens', {
    onRequest: ownerGuard(app),
    schema: {
      tags: ['Management'],
      summary: 'List the personal access tokens of the user',
      response: { 200: PersonalTokenList, ...errors(401, 403, 503) }
    }
  }, async (request, reply) => {
    const { userId } = await account.findOwner(request.auth)
    return reply.header('cache-control', 'no-store').send((await personalTokens.list(userId)).map(personalTokenJson))
  })

  app.post('/personal-access-tokens', {
    onRequest: ownerGuard(app),
    config: limit('password', { counts: ({ body }) => (body as { current_password?: unknown } | undefined)?.current_password !== undefined }),
    schema: {
      tags: ['Management'],
      summary: 'Create a personal access token',
      description:
        'Needs the access token of a first-party login, or a browser session; tokens of third parties and personal access tokens are refused. Needs a login of the last 10 minutes, or `current_password`. The token is shown only in this response.',
      body: NewTokenBody,
      response: { 201: CreatedToken, ...errors(400, 401, 403, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const owner = await account.findOwner(request.auth)
    await isProven(request, reply, owner)
    const { name, scopes, expires_in: expiresIn } = request.body
    const { made, errors } = await personalTokens.createOwn(owner, { name, scopes: scopeNames(scopes ?? []), expiresIn }, callerOf(request))
    if (errors) throw unprocessable(errors)
    if (!made) throw new HttpError('LK_UNAUTHENTICATED', { message: 'You have been logged out meanwhile' })
    return reply.code(201).header('cache-control', 'no-store').send({
      access_token: made.text, accessToken: made.text, token: personalTokenJson(made.token)
    })
  })

  app.delete('/personal-access-tokens/:id', {
    onRequest: ownerGuard(app),
    schema: {
      tags: ['Management'],
      summary: 'Revoke a personal access token of the user',
      description: 'It is refused at once in every process.',
      params: ById,
      response: { 204: Type.Null({ description: 'Revoked' }), ...errors(401, 403, 404, 422, 503) }
    }
  }, async (request, reply) => {
    const { userId } = await account.findOwner(request.auth)
    const { id } = request.params
    if (!isUuid(id) || !await personalTokens.revoke(id, userId, callerOf(request))) {
      throw new HttpError('LK_NOT_FOUND', { message: 'You have no such token' })
    }
    return reply.code(204).send(null)
  })
}

export default personalAccessTokens

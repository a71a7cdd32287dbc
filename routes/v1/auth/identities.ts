import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { stepUp } from '../../../plugins/guard/owner-guard.ts'
import { limit } from '../../../plugins/http/limits.ts'
import { preferredLanguages } from '../../../plugins/http/preferred-languages.ts'
import { unprocessable } from '../../../plugins/http/unprocessable.ts'
import { internals } from '../../../plugins/internals.ts'
import { callerOf } from '../../../src/http/caller.ts'
import { HttpError } from '../../../src/http/http-error.ts'
import { StepUpBody } from '../../../src/schemas/account.ts'
import { errors } from '../../../src/schemas/errors.ts'
import { IdentityList, SocialParams, UnlinkQuery } from '../../../src/schemas/social.ts'
import type { SocialAccount } from '../../../src/social/ports.ts'

const tags = ['Social login']
const NEEDS = 'Needs the access token of a first-party login'
const RECENT = `${NEEDS}, and a login of the last 10 minutes or \`current_password\``

/** The ways in of a user through providers. A bearer token only: no cookie of a browser has an effect here. */
const identitiesRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { account, social } = internals(app)
  const { identities } = social!
  const isProven = stepUp(app)
  const onRequest = app.authGuard('api')

  app.get('/v1/auth/identities', {
    onRequest,
    schema: {
      tags, summary: 'List the accounts at providers with which the user logs in', description: `${NEEDS}.`,
      response: { 200: IdentityList, ...errors(401, 403, 503) }
    }
  }, async (request, reply) => {
    const { userId } = await account.findOwner(request.auth)
    return reply.header('cache-control', 'no-store').send((await identities.list(userId)).map(identityJson))
  })

  app.delete('/v1/auth/:provider/link', {
    onRequest,
    config: limit('password'),
    preValidation: async (request) => { request.body ??= {} },
    schema: {
      tags,
      summary: 'Remove an account at a provider as a way to log in',
      description: `${RECENT}. The last way to log in cannot be removed: 409.`,
      params: SocialParams,
      querystring: UnlinkQuery,
      body: StepUpBody,
      response: { 204: Type.Null({ description: 'Removed' }), ...errors(400, 401, 403, 404, 409, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const owner = await account.findOwner(request.auth)
    await isProven(request, reply, owner)
    const { params: { provider }, query: { subject } } = request
    const [found, another] = (await identities.list(owner.userId))
      .filter((one) => one.provider === provider && (subject === undefined || one.subject === subject))
    if (!found) throw new HttpError('LK_NOT_FOUND')
    if (another) throw unprocessable({ subject: ['required'] })
    const outcome = await identities.unlink(found, { caller: callerOf(request), preferences: preferredLanguages(request) })
    if (outcome === 'unknown') throw new HttpError('LK_NOT_FOUND')
    if (outcome === 'last') throw new HttpError('LK_LAST_WAY_IN')
    return reply.code(204).send(null)
  })
}

function identityJson ({ provider, subject, email, name, createdAt, lastUsedAt }: SocialAccount) {
  return { provider, subject, email, name, created_at: createdAt.toISOString(), last_used_at: lastUsedAt.toISOString() }
}

export default identitiesRoutes

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { stepUp } from '../../../plugins/guard/owner-guard.ts'
import { limit } from '../../../plugins/http/limits.ts'
import { preferredLanguages } from '../../../plugins/http/preferred-languages.ts'
import { unprocessable } from '../../../plugins/http/unprocessable.ts'
import { internals } from '../../../plugins/internals.ts'
import { createAppProofs } from '../../../plugins/social/app-proof.ts'
import { callerOf } from '../../../src/http/caller.ts'
import { HttpError } from '../../../src/http/http-error.ts'
import { StepUpBody } from '../../../src/schemas/account.ts'
import { errors } from '../../../src/schemas/errors.ts'
import { Identity, IdentityList, LinkBody, SocialParams, UnlinkQuery } from '../../../src/schemas/social.ts'
import { accountOf } from '../../../src/social/identities.ts'
import type { SocialAccount } from '../../../src/social/ports.ts'

const tags = ['Social login']
const NEEDS = 'Needs the access token of a first-party login'
const RECENT = `${NEEDS}, and a login of the last 10 minutes or \`current_password\``

/** The ways in of a user through providers. A bearer token only: no cookie of a browser has an effect here. */
const identitiesRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const services = internals(app)
  const { account, config } = services
  const { identities } = services.social!
  const proofs = createAppProofs(services.social!, config)
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

  app.post('/v1/auth/:provider/link', {
    onRequest,
    config: limit('password'),
    preValidation: async (request) => {
      proofs.providerOf((request.params as { provider: string }).provider)
      request.body ??= {}
    },
    schema: {
      tags,
      summary: 'Add an account at a provider as a way to log in',
      description: `${RECENT}. With exactly one of \`code\`, \`id_token\` and \`oauth_token\`, as at the login. 200 when the user has it already.`,
      consumes: ['application/json', 'application/x-www-form-urlencoded'],
      params: SocialParams,
      body: LinkBody,
      response: { 200: Identity, 201: Identity, ...errors(400, 401, 403, 406, 409, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const owner = await account.findOwner(request.auth)
    const provider = proofs.providerOf(request.params.provider)
    await isProven(request, reply, owner)
    const caller = callerOf(request)
    const { answer: { profile, tokens } } = await proofs.read(request, provider, request.body, caller)
    const by = { caller, preferences: preferredLanguages(request) }
    const outcome = await identities.link(owner, accountOf(provider, profile), by, tokens)
    if (outcome === 'elsewhere') throw new HttpError('LK_PROVIDER_REQUIRED')
    if (outcome === 'taken') throw new HttpError('LK_IDENTITY_TAKEN')
    const added = (await identities.list(owner.userId)).find((one) => one.provider === provider.name && one.subject === profile.subject)
    if (outcome === 'gone' || !added) throw new HttpError('LK_UNAUTHENTICATED', { message: 'You have been logged out meanwhile' })
    return reply.code(outcome === 'linked' ? 201 : 200).header('cache-control', 'no-store').send(identityJson(added))
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

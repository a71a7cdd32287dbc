import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ownerGuard } from '../../plugins/guard/owner-guard.ts'
import { stepUp } from '../../plugins/guard/step-up.ts'
import { limit } from '../../plugins/http/limits.ts'
import { unprocessable } from '../../plugins/http/unprocessable.ts'
import { createClearLoginCookies } from '../../plugins/proxy/login-cookies.ts'
import { callerOf } from '../../src/http/caller.ts'
import { HttpError } from '../../src/http/http-error.ts'
import { DeletionBody, DeletionScheduled, RestoreBody } from '../../src/schemas/deletion.ts'
import { errors } from '../../src/schemas/errors.ts'
import { Message } from '../../src/schemas/proxy.ts'
import { internals } from '../../plugins/internals.ts'

const tags = ['Account']

/** Deletion of an account by its user, and the change of mind. */
const deletion: FastifyPluginAsyncTypebox = async (app) => {
  const services = internals(app)
  const { account, browser, sessions } = services
  const isProven = stepUp(app)
  const clearCookies = createClearLoginCookies(services)
  const preferencesOf = (headers: { 'accept-language'?: string | undefined }) => ({ acceptLanguage: headers['accept-language'] })

  app.delete('/profile', {
    onRequest: ownerGuard(app),
    preValidation: async (request) => { request.body ??= {} },
    config: limit('password'),
    schema: {
      tags,
      summary: 'Delete the account',
      description:
        'Needs the access token of a first-party login, or a browser session, and a login of the last 10 minutes or `current_password`. Every session, token and code of the user ends at once. A login within 14 days is answered by `LK_DELETION_SCHEDULED` with an `auth_session`, with which `POST /v1/profile/restore` restores the account; then everything personal is deleted.',
      body: DeletionBody,
      response: { 202: DeletionScheduled, ...errors(400, 401, 403, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const owner = await account.findOwner(request.auth)
    await isProven(request, reply, owner)
    const outcome = await account.deletion.request(owner, { caller: callerOf(request), preferences: preferencesOf(request.headers) })
    if (!outcome) throw new HttpError('LK_UNAUTHENTICATED', { message: 'You have been logged out meanwhile' })
    if ('errors' in outcome) throw unprocessable(outcome.errors)
    if (request.auth.kind === 'browser') browser.forget(reply)
    else await clearCookies(reply, request.auth.clientId)
    return reply.code(202).header('cache-control', 'no-store').send({
      message: 'Your account will be deleted. You are logged out everywhere.', restorable_until: outcome.at.toISOString()
    })
  })

  app.post('/profile/restore', {
    config: limit('password'),
    schema: {
      tags,
      summary: 'Restore an account that was to be deleted',
      description:
        'With the `auth_session` of a login that was answered by `LK_DELETION_SCHEDULED`. Of two requests at once, one restores. Tokens from before stay invalid: log in again.',
      body: RestoreBody,
      response: { 200: Message, ...errors(400, 403, 415, 422, 429, 503) }
    }
  }, async (request) => {
    const { userId, passwordStamp } = await sessions.auth.findOfAny(request.body.auth_session) ?? { userId: null, passwordStamp: 0 }
    const asking = { caller: callerOf(request), preferences: preferencesOf(request.headers) }
    const restored = userId !== null && await account.deletion.restore({ userId, passwordStamp }, asking)
    if (!restored) throw new HttpError('LK_INVALID_TOKEN')
    return { message: 'Your account is restored. Log in again.' }
  })
}

export default deletion

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Auth } from '../../plugins/guard/auth.ts'
import { loginTooOld } from '../../plugins/guard/errors.ts'
import { ownerGuard, stepUp } from '../../plugins/guard/owner-guard.ts'
import { callerOf } from '../../src/http/caller.ts'
import { profileLater } from '../../plugins/http/compilers.ts'
import { limit } from '../../plugins/http/limits.ts'
import { createClearLoginCookies } from '../../plugins/proxy/refresh-cookie.ts'
import { covers } from '../../src/oauth/scopes.ts'
import { visibleProfile } from '../../src/oidc/claims.ts'
import {
  AccountExport, DeletionScheduled, HistoryPage, HistoryPageQuery, passwordBody, profileBody, RestoreBody, StepUpBody, userBody, userSchema,
  type User
} from '../../src/schemas/account.ts'
import { errors } from '../../src/schemas/errors.ts'
import { Message } from '../../src/schemas/proxy.ts'
import { AppHeaders } from '../../src/schemas/verification.ts'
import type { Profile } from '../../src/users/ports.ts'
import { unprocessable } from '../../plugins/http/unprocessable.ts'
import { HttpError } from '../../src/http/http-error.ts'
import { internals } from '../../plugins/internals.ts'
import { preferredLanguages } from '../../plugins/http/preferred-languages.ts'

/** Entries of a page of the history, unless the request says how many. */
const HISTORY_PAGE = 50

const profile: FastifyPluginAsyncTypebox = async (app) => {
  const services = internals(app)
  const { account, browser, clients, oauth, sessions, users, verification: { changes, channels, links } } = services
  const mayWait = channels.mail || channels.sms
  const isProven = stepUp(app)
  const clearCookies = createClearLoginCookies(services)

  /**
   * A third-party application sees only the claims that its scopes allow (OpenID Connect Core section 5.4), and nothing that waits for a
   * confirmation.
   */
  async function visible (user: Profile, auth: Auth): Promise<User> {
    const client = auth.clientId === null ? null : await clients.find(auth.clientId)
    if (client?.firstParty) return userBody(user, mayWait ? await changes.pending(user.id) : [])
    const left = client ? oauth.scopes.remaining(client, auth.scopes) : []
    return userBody(visibleProfile(user, (scope) => covers(left, scope)))
  }

  app.get('/profile', {
    onRequest: app.authGuard('api'),
    schema: {
      tags: ['Account'],
      summary: 'Read the profile of the user',
      description:
        'A first-party login or a personal access token reads the whole profile. A third-party application reads what its scopes `profile`, `email` and `phone` allow.',
      response: { 200: userSchema(users.profileFields), ...errors(401, 403, 503) }
    }
  }, async (request, reply) => {
    const auth = request.auth
    const user = await auth.user()
    if (!user) throw new HttpError('LK_UNAUTHENTICATED', { message: 'The user of this token is gone' })
    return reply.header('cache-control', 'no-store').send(await visible(user, auth))
  })

  app.patch('/profile', {
    onRequest: app.authGuard('api'),
    config: limit('password'),
    validatorCompiler: profileLater,
    schema: {
      tags: ['Account'],
      summary: 'Change the name or login attributes',
      description:
        'Needs the access token of a first-party login. Each login attribute is a member of the body under its own name, and changing one needs a login of the last 10 minutes or `current_password`: otherwise the answer is 401 with `error="insufficient_user_authentication"` (RFC 9470). Null removes an attribute, as long as another remains to log in with. Members of `profile` that are not given stay. A new e-mail address or phone number to which something can be sent waits in `pending` until it is confirmed by `/v1/email/verify` or `/v1/phone/verify`; the value that one has already drops what waits.',
      headers: AppHeaders,
      body: profileBody(users.attributes, users.profileFields),
      response: { 200: userSchema(users.profileFields), ...errors(400, 401, 403, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const { userId, sessionId } = await account.findOwner(request.auth)
    const { body, headers } = request
    const { user, pending, errors } = await users.changeProfile({
      userId, sessionId, body, caller: callerOf(request),
      authTime: request.auth.authTime,
      preferences: preferredLanguages(request),
      ...(channels.mail && { link: links.verification({ url: body.verification_url, app: headers['app-identifier'] }) })
    })
    if (errors) throw unprocessable(errors)
    if (!user) throw loginTooOld(reply)
    return reply.header('cache-control', 'no-store').send(userBody(user, pending))
  })

  app.patch('/profile/password', {
    onRequest: app.authGuard('api'),
    config: limit('password'),
    schema: {
      tags: ['Account'],
      summary: 'Change the password',
      description: 'Needs the access token of a first-party login. Ends every other session of the user.',
      body: passwordBody(users.passwordPolicy.rules),
      response: { 200: Message, ...errors(400, 401, 403, 415, 422, 429, 503) }
    }
  }, async (request) => {
    const { userId, sessionId } = await account.findOwner(request.auth)
    const { current_password: current, new_password: next } = request.body
    const errors = await users.changePassword({
      userId, sessionId, current, next, caller: callerOf(request), preferences: preferredLanguages(request)
    })
    if (errors) throw unprocessable(errors)
    return { message: 'Password changed. Other sessions have ended.' }
  })

  app.get('/profile/history', {
    onRequest: ownerGuard(app),
    schema: {
      tags: ['Account'],
      summary: 'List what has happened to the account',
      description:
        'Logins, changes and what has ended, from the audit log, newest first. Needs the access token of a first-party login, or a browser session. `next` is the value of `before` for the next page.',
      querystring: HistoryPageQuery,
      response: { 200: HistoryPage, ...errors(401, 403, 422, 503) }
    }
  }, async (request, reply) => {
    const { userId } = await account.findOwner(request.auth)
    const { before = null, limit: count = HISTORY_PAGE } = request.query
    const { entries, next } = await account.history.list(userId, { before, limit: count })
    return reply.header('cache-control', 'no-store').send({
      next,
      entries: entries.map(({ id, type, reason, client, ip, userAgent, createdAt }) => ({
        id, type, reason, client: client?.name ?? null, ip, user_agent: userAgent, created_at: createdAt.toISOString()
      }))
    })
  })

  const exported = {
    tags: ['Account'],
    summary: 'Export everything that is held about the user',
    response: { 200: AccountExport, ...errors(401, 403, 503) }
  }
  async function exportAll (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const owner = await account.findOwner(request.auth)
    await isProven(request, reply, owner)
    return reply.header('cache-control', 'no-store').send(await account.exportAccount(owner.userId) ?? {})
  }

  app.get('/profile/export', {
    onRequest: ownerGuard(app),
    schema: {
      ...exported,
      description:
        'Needs the access token of a first-party login, or a browser session, and a login of the last 10 minutes: an older one is answered by 401 with `error="insufficient_user_authentication"` and `max_age` (RFC 9470).'
    }
  }, exportAll)

  app.post('/profile/export', {
    onRequest: ownerGuard(app),
    config: limit('password'),
    schema: {
      ...exported, description: 'The same, where the login may be older: with `current_password`.', body: StepUpBody,
      response: { ...exported.response, ...errors(400, 415, 422, 429) }
    }
  }, exportAll)

  app.delete('/profile', {
    onRequest: ownerGuard(app),
    preValidation: async (request) => { request.body ??= {} },
    config: limit('password'),
    schema: {
      tags: ['Account'],
      summary: 'Delete the account',
      description:
        'Needs the access token of a first-party login, or a browser session, and a login of the last 10 minutes or `current_password`. Every session, token and code of the user ends at once. A login within 14 days is answered by `LK_DELETION_SCHEDULED` with an `auth_session`, with which `POST /v1/profile/restore` restores the account; then everything personal is deleted.',
      body: StepUpBody,
      response: { 202: DeletionScheduled, ...errors(400, 401, 403, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const owner = await account.findOwner(request.auth)
    await isProven(request, reply, owner)
    const outcome = await account.deletion.request(owner, { caller: callerOf(request), preferences: preferredLanguages(request) })
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
      tags: ['Account'],
      summary: 'Restore an account that was to be deleted',
      description:
        'With the `auth_session` of a login that was answered by `LK_DELETION_SCHEDULED`. Of two requests at once, one restores. Tokens from before stay invalid: log in again.',
      body: RestoreBody,
      response: { 200: Message, ...errors(400, 403, 415, 422, 429, 503) }
    }
  }, async (request) => {
    const { userId, passwordStamp } = await sessions.auth.findOfAny(request.body.auth_session) ?? { userId: null, passwordStamp: 0 }
    const asking = { caller: callerOf(request), preferences: preferredLanguages(request) }
    const restored = userId !== null && await account.deletion.restore({ userId, passwordStamp }, asking)
    if (!restored) throw new HttpError('LK_INVALID_TOKEN')
    return { message: 'Your account is restored. Log in again.' }
  })
}

export default profile

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { validate as isUuid } from 'uuid'
import { callerOf } from '../../src/http/caller.ts'
import { requiredLater } from '../../plugins/http/compilers.ts'
import { limit } from '../../plugins/http/limits.ts'
import { unprocessable } from '../../plugins/http/unprocessable.ts'
import { HttpError } from '../../src/http/http-error.ts'
import { errors } from '../../src/schemas/errors.ts'
import {
  AppHeaders, CodeBody, NotifyBody, NotifyPhoneBody, Requested, Verified, VerifyBody, VerifyParams
} from '../../src/schemas/verification.ts'
import { boundToAuthSession, boundToSession, userIdOf } from '../../src/sessions/auth-sessions.ts'
import type { Identifier } from '../../src/users/attributes.ts'
import { internals } from '../../plugins/internals.ts'
import { preferredLanguages } from '../../plugins/http/preferred-languages.ts'

/** A user who asks for themselves, and what a code for them is bound to. */
type Known = { userId: string, boundTo: string, entered?: Identifier | undefined }

const tags = ['Account']
const SENT = 'If there is something to verify, a message is on its way.'
const CHANGE_NEEDS_LOGIN = 'A new address is confirmed with the access token of the user, or with the password'
const CHANNELS = [['email', 'mail', 'an e-mail address'], ['phone', 'sms', 'a phone number']] as const
const codeText = {
  description: 'With the access token of a first-party login, or the `auth_session` of a refused login: the one that asked for the code. Five tries.'
}

const verification: FastifyPluginAsyncTypebox = async (app) => {
  const { account, sessions, verification: { channels, links, requests, undo, verify } } = internals(app)
  const guard = app.authGuard('api', { optional: true })

  async function knownBy (request: FastifyRequest, authSession: string | undefined): Promise<Known | null> {
    const auth = guard.auth(request)
    if (auth) {
      const { userId, sessionId } = await account.findOwner(auth)
      return { userId, boundTo: boundToSession(sessionId) }
    }
    if (authSession === undefined) return null
    const found = await sessions.auth.findOfAny(authSession)
    if (!found) throw new HttpError('LK_INVALID_TOKEN')
    return { userId: userIdOf(found), boundTo: boundToAuthSession(found), entered: found.pending.address }
  }

  async function required (request: FastifyRequest, authSession: string | undefined): Promise<Known> {
    const known = await knownBy(request, authSession)
    if (!known) throw new HttpError('LK_UNAUTHENTICATED')
    return known
  }

  /** A request may have no body. */
  const withBody = async (request: FastifyRequest) => { request.body ??= {} }

  function answer (proof: { cleaned: boolean } | null) {
    if (!proof) throw new HttpError('LK_INVALID_TOKEN')
    return proof.cleaned ? { password_removed: true } : {}
  }

  // Mail scanners open links, with more after them. The routes are ours, so that the token is masked in the log of a host, too
  for (const link of channels.mail ? ['verify', 'undo'] : []) {
    app.route({
      method: ['GET', 'POST'],
      url: `/email/${link}/*`,
      schema: { hide: true },
      handler: async () => { throw new HttpError('LK_NOT_FOUND', { message: 'A link is redeemed by POST' }) }
    })
  }

  if (channels.mail) {
    app.post('/email/verification-notification', {
      onRequest: guard,
      preValidation: withBody,
      config: limit('message'),
      schema: {
        tags,
        summary: 'Mail a link to verify the e-mail address',
        description:
          'For the user of the access token or of an `auth_session`, who gets a code, too; or for the account of `email`: then the answer is the same, after the same time, whether or not there is something to verify. An address gets one mail a minute, five an hour and 20 a day.',
        headers: AppHeaders,
        body: NotifyBody,
        response: { 202: Requested, ...errors(400, 401, 403, 415, 422, 429, 503) }
      }
    }, async (request, reply) => {
      const { email, auth_session: authSession, verification_url: url } = request.body
      const { link, errors } = links.verification({ url, app: request.headers['app-identifier'] })
      const known = await knownBy(request, authSession)
      if (!known && !email) throw unprocessable({ email: ['required'] })
      if (errors) throw unprocessable(errors)
      await requests.verifyEmail(known ? { ...known, preferences: preferredLanguages(request) } : { typed: email! }, link)
      return reply.code(202).send({ message: SENT })
    })

    app.post('/email/verify/:id/:hash', {
      onRequest: guard,
      preValidation: withBody,
      config: limit('password'),
      schema: {
        tags,
        summary: 'Verify the e-mail address by the token of a mail',
        description:
          'The first proof of an address from outside of the account removes its password and what else somebody may have prepared in it, unless the access token of the user, an `auth_session` or the `password` comes with it. A new address of an account (`PATCH /v1/profile`) is confirmed by the same request, which then needs one of these.',
        params: VerifyParams,
        body: VerifyBody,
        response: { 200: Verified, ...errors(400, 401, 403, 415, 422, 429, 503) }
      }
    }, async (request) => {
      const { params: { id, hash: token }, body } = request
      const caller = callerOf(request)
      const found = isUuid(id) ? await verify.find(token) : null
      if (found?.userId !== id) throw new HttpError('LK_INVALID_TOKEN')
      const known = await knownBy(request, body.auth_session)
      if (known && known.userId !== id) throw new HttpError('LK_INVALID_TOKEN')
      const isPassword = body.password !== undefined && !known
      if (isPassword && !await verify.isPassword(id, body.password!)) throw new HttpError('LK_INVALID_CREDENTIALS')
      const keeps = known !== null || isPassword
      if (found.purpose === 'change' && !keeps) throw new HttpError('LK_UNAUTHENTICATED', { message: CHANGE_NEEDS_LOGIN })
      return answer(await verify.byLink({ token, userId: id, keeps, caller, preferences: preferredLanguages(request) }))
    })
  }

  if (channels.mail) {
    app.post('/email/undo/:id/:hash', {
      preValidation: withBody,
      config: limit('password'),
      schema: {
        tags,
        summary: 'Undo a change of what the user logs in with, by the token of a mail',
        description:
          'The previous value is back, and so is everything that was changed later. Every session ends, and the password is removed: lead the user to `/v1/password/forgot`. The link is valid for 72 hours.',
        params: VerifyParams,
        response: { 200: Verified, ...errors(400, 403, 415, 429, 503) }
      }
    }, async (request) => {
      const { id, hash: token } = request.params
      const found = isUuid(id) ? await undo.find(token) : null
      const undone = found?.userId === id && await undo.undo({ token, caller: callerOf(request), preferences: preferredLanguages(request) })
      if (!undone) throw new HttpError('LK_INVALID_TOKEN')
      return { password_removed: true }
    })
  }

  for (const [name, channel, what] of CHANNELS.filter(([, channel]) => channels[channel])) {
    app.post(`/${name}/verify`, {
      onRequest: guard,
      config: limit('password'),
      validatorCompiler: requiredLater,
      schema: {
        tags, summary: `Verify ${what} by a code`, ...codeText, body: CodeBody,
        response: { 200: Verified, ...errors(400, 401, 403, 415, 422, 429, 503) }
      }
    }, async (request) => {
      const { code, auth_session: authSession } = request.body
      const known = await required(request, authSession)
      if (!code) throw unprocessable({ code: ['required'] })
      return answer(await verify.byCode({ ...known, channel, code, caller: callerOf(request), preferences: preferredLanguages(request) }))
    })
  }

  if (channels.sms) {
    app.post('/phone/verification-notification', {
      onRequest: guard,
      preValidation: withBody,
      config: limit('message'),
      schema: {
        tags, summary: 'Send a code to verify the phone number', ...codeText, body: NotifyPhoneBody,
        response: { 202: Requested, ...errors(400, 401, 403, 415, 422, 429, 503) }
      }
    }, async (request, reply) => {
      const known = await required(request, request.body.auth_session)
      await requests.verifyPhone({ ...known, preferences: preferredLanguages(request) })
      return reply.code(202).send({ message: SENT })
    })
  }
}

export default verification

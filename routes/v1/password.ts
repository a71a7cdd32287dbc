import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { callerOf } from '../../src/http/caller.ts'
import { requiredLater } from '../../plugins/http/compilers.ts'
import { limit } from '../../plugins/http/limits.ts'
import { unprocessable } from '../../plugins/http/unprocessable.ts'
import type { FieldErrors } from '../../src/http/field-errors.ts'
import { HttpError } from '../../src/http/http-error.ts'
import { errors } from '../../src/schemas/errors.ts'
import { AppHeaders, ForgotBody, Requested, resetBody } from '../../src/schemas/verification.ts'
import { internals } from '../../plugins/internals.ts'
import { preferredLanguages } from '../../plugins/http/preferred-languages.ts'

type Forgotten = { email?: string, reseturl?: string | undefined }
/** Of a request with any body. */
type Sender = Pick<FastifyRequest, 'headers' | 'ip' | 'socket' | 'query' | 'body'>
type Reset = { email?: string, token?: string, password?: string, password_confirmation?: string }

const tags = ['Account']
const MESSAGE = 'If the account exists, a mail is on its way.'
const DONE = 'Your password has been reset.'
const forgotText = {
  summary: 'Mail a link to set a new password',
  description:
    'Goes to the stored address of the account, if there is one: the answer is the same, after the same time, whether or not there is. An address gets one mail a minute, five an hour and 20 a day.'
}
const resetText = {
  summary: 'Set a new password by the token of a mail',
  description: 'Every session ends, and the user is told by mail. There is one answer to a bad token, whatever is wrong with it.'
}

/** Forgotten passwords, by the paths of both generations of Apiato's guide. */
const password: FastifyPluginAsyncTypebox = async (app) => {
  const { verification: { links, newPassword, requests }, users: { domains, passwordPolicy: { rules } } } = internals(app)

  async function mailLink (request: Pick<FastifyRequest, 'headers' | 'ip' | 'socket'>, { email, reseturl: url }: Forgotten): Promise<void> {
    if (!email) throw unprocessable({ email: ['required'] })
    refuseAtProvider(email)
    const { link, errors } = links.reset({ url, app: request.headers['app-identifier'] })
    if (errors) throw unprocessable(errors)
    await requests.resetPassword(email, link, callerOf(request))
  }

  /** By the domain alone: nothing tells whether there is an account. */
  function refuseAtProvider (email: string): void {
    const refusal = domains?.passwordRefusal(email)
    if (refusal) throw unprocessable({ email: [refusal] })
  }

  /** @returns false for a bad token */
  async function reset (request: Sender, body: Reset, confirmed: boolean): Promise<boolean> {
    const { email = '', token = '', password = '', password_confirmation: repeated } = body
    const missing = Object.entries({ email, token, password, ...(confirmed && { password_confirmation: repeated ?? '' }) })
      .filter(([, value]) => value === '').map(([name]) => [name, ['required']])
    if (missing.length > 0) throw unprocessable(Object.fromEntries(missing) as FieldErrors)
    refuseAtProvider(email)
    if (repeated !== undefined && repeated !== password) throw unprocessable({ password: ['unconfirmed'] })
    const { badToken, errors } = await newPassword.set({
      token, password, typed: email, caller: callerOf(request), preferences: preferredLanguages(request)
    })
    if (errors) throw unprocessable(errors)
    return badToken !== true
  }

  app.post('/password/forgot', {
    config: limit('message'),
    validatorCompiler: requiredLater,
    schema: {
      tags, ...forgotText, headers: AppHeaders, body: ForgotBody,
      response: { 204: Type.Null({ description: 'Whatever the account' }), ...errors(400, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    await mailLink(request, request.body)
    return reply.code(204).send(null)
  })

  app.post('/forgot-password', {
    config: limit('message'),
    validatorCompiler: requiredLater,
    schema: { tags, ...forgotText, headers: AppHeaders, body: ForgotBody, response: { 202: Requested, ...errors(400, 415, 422, 429, 503) } }
  }, async (request, reply) => {
    await mailLink(request, request.body)
    return reply.code(202).send({ message: MESSAGE })
  })

  app.post('/password/reset', {
    config: limit('password'),
    validatorCompiler: requiredLater,
    schema: {
      tags, ...resetText, body: resetBody(rules, { confirmed: false }),
      response: { 204: Type.Null({ description: 'The password is set' }), ...errors(400, 403, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    if (!await reset(request, request.body, false)) throw new HttpError('LK_INVALID_TOKEN')
    return reply.code(204).send(null)
  })

  app.post('/reset-password', {
    config: limit('password'),
    validatorCompiler: requiredLater,
    schema: {
      tags, ...resetText, body: resetBody(rules, { confirmed: true }), response: { 200: Requested, ...errors(400, 415, 422, 429, 503) }
    }
  }, async (request) => {
    if (!await reset(request, request.body, true)) throw unprocessable({ token: ['bad_token'] })
    return { message: DONE }
  })
}

export default password

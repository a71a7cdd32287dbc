import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { callerOf } from '../../src/http/caller.ts'
import { limit } from '../../plugins/http/limits.ts'
import { requiredLater } from '../../plugins/http/compilers.ts'
import { registerBody, userBody, userSchema, Waiting } from '../../src/schemas/account.ts'
import { errors } from '../../src/schemas/errors.ts'
import { unprocessable } from '../../plugins/http/unprocessable.ts'
import type { FieldErrors } from '../../src/http/field-errors.ts'
import { AppHeaders } from '../../src/schemas/verification.ts'
import type { Link } from '../../src/verification/links.ts'
import { internals } from '../../plugins/internals.ts'
import { askedLocale, preferredLanguages } from '../../plugins/http/preferred-languages.ts'

const WAITING = 'Check your mailbox: a mail is on its way.'

const register: FastifyPluginAsyncTypebox = async (app) => {
  const { config, mail, users, verification: { channels, links } } = internals(app)
  const isRequired = config.requireEmailVerification === 'on'

  /** Where the mail for the address leads to. */
  function linkFor (url: string | undefined, appIdentifier: string | string[] | undefined): { link?: Link, wrong?: FieldErrors } {
    if (!channels.mail) return {}
    const { link, errors } = links.verification({ url, app: appIdentifier })
    // A mail that is not needed is not sent where no page of a front end is known
    return link ? { link } : isRequired || url !== undefined ? { wrong: errors } : {}
  }

  app.post('/register', {
    config: limit('registration'),
    validatorCompiler: requiredLater,
    schema: {
      tags: ['Account'],
      summary: 'Register a user',
      description: 'Each login attribute is a member of the body under its own name; at least one is required. With `REGISTRATION=invite` the body needs an `invitation`: otherwise it is 403 `LK_INVITATION_REQUIRED`. The address of an invitation is verified by it; one that is used, withdrawn or expired is 403 `LK_INVALID_TOKEN`. With `REQUIRE_EMAIL_VERIFICATION` an e-mail address is required and the answer is 202, the same for an address that has an account: a mail is on its way, and `auth_session` goes with its code to `/v1/email/verify`.',
      headers: AppHeaders,
      body: registerBody(users.attributes, users.passwordPolicy.rules, config.terms.version, users.profileFields),
      response: { 201: userSchema(users.profileFields), ...(isRequired && { 202: Waiting }), ...errors(400, 403, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const { link, wrong } = linkFor(request.body.verification_url, request.headers['app-identifier'])
    if (wrong) throw unprocessable(wrong)
    const preferences = preferredLanguages(request)
    const locale = askedLocale(preferences, mail)
    const registrant = { caller: callerOf(request), locale, preferences, link }
    const { user, errors, authSession } = await users.register(request.body, registrant)
    if (errors) throw unprocessable(errors)
    if (authSession !== undefined) return reply.code(202).send({ message: WAITING, auth_session: authSession })
    return reply.code(201).send(userBody(user))
  })
}

export default register

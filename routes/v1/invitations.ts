import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { forbidden } from '../../plugins/guard/errors.ts'
import { unprocessable } from '../../plugins/http/unprocessable.ts'
import { internals } from '../../plugins/internals.ts'
import { originOf } from '../../src/events/events.ts'
import { callerOf } from '../../src/http/caller.ts'
import { HttpError } from '../../src/http/http-error.ts'
import { invites, USERS_INVITE } from '../../src/oauth/scopes.ts'
import { errors } from '../../src/schemas/errors.ts'
import { Invitation, InvitationBody } from '../../src/schemas/account.ts'

const invitations: FastifyPluginAsyncTypebox = async (app) => {
  const { clients, events, invitations: load, mail } = internals(app)
  const guard = app.authGuard('client', { scopes: [USERS_INVITE] })

  app.post('/invitations', {
    onRequest: guard,
    schema: {
      tags: ['Account'],
      summary: 'Invite somebody to register',
      description:
        'For clients that act for themselves and have the scope `users:invite`. The invitation is sent by mail and valid for 7 days, once; earlier ones of the same address are void. Only where the server cannot send mail the answer has the `url`, for you to hand over: whoever opens it has that address verified. The answer is the same for an address that has an account.',
      body: InvitationBody,
      response: { 201: Invitation, ...errors(400, 401, 403, 404, 415, 422, 429, 503) }
    }
  }, async (request, reply) => {
    const { clientId } = guard.auth(request)
    // The operator may have removed the scope from the client since the token was issued
    if (!invites(await clients.find(clientId))) throw forbidden(reply, [USERS_INVITE], {})
    const invitations = await load()
    if (!invitations) throw new HttpError('LK_TURNED_OFF', { message: 'No login attribute is an e-mail address, by which people are invited' })
    const { email, locale } = request.body
    const identifier = invitations.attribute.parse(email)
    if (!identifier) throw unprocessable({ email: [{ code: 'malformed', expected: [invitations.attribute.title] }] })
    const { display, url, expiresAt, isMailed } = await invitations.create(identifier, mail.localeFor({ uiLocales: locale }))
    events.emit('user.invited', { clientId, ...originOf(callerOf(request)) })
    return reply.code(201).send({ email: display, expires_at: expiresAt.toISOString(), ...(!isMailed && { url }) })
  })
}

export default invitations

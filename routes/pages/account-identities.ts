import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ownerOfForm } from '../../plugins/browser/owner.ts'
import { limit } from '../../plugins/http/limits.ts'
import { preferredLanguages } from '../../plugins/http/preferred-languages.ts'
import { internals } from '../../plugins/internals.ts'
import { LINK_IDENTITY, SECURITY, UNLINK_IDENTITY } from '../../plugins/pages/account-paths.ts'
import { logInAgain } from '../../plugins/pages/answer.ts'
import { createUpstreamPages } from '../../plugins/pages/upstream.ts'
import { isRecent } from '../../src/account/owner.ts'
import { callerOf } from '../../src/http/caller.ts'
import { afterForm, form, LinkIdentityForm, UnlinkIdentityForm } from '../../src/schemas/pages.ts'

const tags = ['Pages']

/** Ways in through providers: added and removed by a user whose login is recent. */
const accountIdentities: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const services = internals(app)
  const { clock, config, social } = services
  const upstream = createUpstreamPages(services, social!)
  const ownerOf = ownerOfForm(app)
  const home = config.basePath + SECURITY

  app.post(LINK_IDENTITY, {
    config: limit('password'),
    schema: { tags, summary: 'Add a provider as a way to log in, after a login of the last 10 minutes', ...form, body: LinkIdentityForm, response: afterForm }
  }, async (request, reply) => {
    const owner = await ownerOf(request, reply)
    if (!owner) return reply.redirect(home, 303)
    const provider = upstream.providerOf(request.body.provider ?? '')
    if (!isRecent(owner.authTime, clock.now())) return logInAgain(reply, config, SECURITY)
    const { userId, sessionId } = owner
    const begun = await upstream.begin(request, reply, provider, { returnTo: null, link: { userId, sessionId: sessionId! } })
    if (typeof begun !== 'string') return begun
    pages.notices.keep(reply, SECURITY, userId, 'identityFailed')
    return reply.redirect(home, 303)
  })

  app.post(UNLINK_IDENTITY, {
    config: limit('password'),
    schema: { tags, summary: 'Remove a provider as a way to log in, after a login of the last 10 minutes', ...form, body: UnlinkIdentityForm, response: afterForm }
  }, async (request, reply) => {
    const owner = await ownerOf(request, reply)
    if (!owner) return reply.redirect(home, 303)
    if (!isRecent(owner.authTime, clock.now())) return logInAgain(reply, config, SECURITY)
    const { provider = '', subject = '' } = request.body
    const outcome = await social!.identities.unlink(
      { userId: owner.userId, provider, subject }, { caller: callerOf(request), preferences: preferredLanguages(request) }
    )
    pages.notices.keep(reply, SECURITY, owner.userId, outcome === 'last' ? 'identityLast' : outcome === 'unknown' ? 'goneAlready' : 'identityUnlinked')
    return reply.redirect(home, 303)
  })

  for (const path of [LINK_IDENTITY, UNLINK_IDENTITY]) {
    app.get(path, { schema: { hide: true } }, async (_request, reply) => reply.redirect(home, 303))
  }
}

export default accountIdentities

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ownerInPerson } from '../../plugins/browser/owner.ts'
import { limit } from '../../plugins/http/limits.ts'
import { PROFILE, SAVE_LOGIN } from '../../plugins/pages/account-paths.ts'
import { callerOf } from '../../src/http/caller.ts'
import { afterForm, form, ProfileForm, showPage } from '../../src/schemas/pages.ts'
import { internals } from '../../plugins/internals.ts'

const tags = ['Pages']

const accountProfile: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { config, users } = internals(app)
  const owner = ownerInPerson(app)
  const guard = app.authGuard('web')
  const home = config.basePath + PROFILE

  /** Only what differs from what is stored: a login attribute that stays the same is no change. */
  async function changesOf (userId: string, typed: Record<string, string>): Promise<Record<string, string>> {
    const stored = await users.records.profile(userId)
    const before = new Map(stored?.identifiers.map(({ attribute, display }) => [attribute, display]))
    return Object.fromEntries(
      users.attributes.flatMap(({ name }) =>
        typed[name] === undefined || typed[name].trim() === (before.get(name) ?? '') ? [] : [[name, typed[name]]])
    )
  }

  app.get(PROFILE, {
    onRequest: guard,
    schema: { tags, summary: 'Account page: name and login attributes', response: showPage }
  }, async (request, reply) => {
    const who = guard.auth(request)
    return await pages.accountProfile(request, reply, who, { notice: pages.notices.take(request, reply, PROFILE, who.userId) })
  })

  app.get(SAVE_LOGIN, { schema: { hide: true } }, async (_request, reply) => reply.redirect(home, 303))

  app.post(PROFILE, {
    schema: { tags, summary: 'Change the name on the page', ...form, body: ProfileForm, response: afterForm }
  }, async (request, reply) => {
    await pages.checkCsrf(request, reply)
    const found = await owner(request)
    if (!found) return reply.redirect(home, 303)
    const name = request.body['name'] ?? ''
    const { errors } = await users.changeProfile({ ...found, body: { name: name === '' ? null : name }, caller: callerOf(request) })
    if (errors) return await pages.accountProfile(request, reply, found, { errors, typed: { name } })
    pages.notices.keep(reply, PROFILE, found.userId, 'profileSaved')
    return reply.redirect(home, 303)
  })

  app.post(SAVE_LOGIN, {
    config: limit('password'),
    schema: { tags, summary: 'Change the login attributes on the page', ...form, body: ProfileForm, response: afterForm }
  }, async (request, reply) => {
    await pages.checkCsrf(request, reply)
    const found = await owner(request)
    if (!found) return reply.redirect(home, 303)
    const { name: _name, current_password: password = '', ...typed } = request.body
    const changes = await changesOf(found.userId, typed)
    if (Object.keys(changes).length === 0) return reply.redirect(home, 303)
    const { errors } = await users.changeProfile({
      ...found, body: { ...changes, ...(password !== '' && { current_password: password }) }, caller: callerOf(request)
    })
    if (errors) return await pages.accountProfile(request, reply, found, { errors, typed })
    pages.notices.keep(reply, PROFILE, found.userId, 'profileSaved')
    return reply.redirect(home, 303)
  })
}

export default accountProfile

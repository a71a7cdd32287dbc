import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { ownerOfForm, type OwnerInPerson } from '../../plugins/browser/owner.ts'
import { limit } from '../../plugins/http/limits.ts'
import { CONFIRM_LOGIN, PROFILE, SAVE_LOGIN } from '../../plugins/pages/account-paths.ts'
import { callerOf } from '../../src/http/caller.ts'
import { afterForm, ConfirmForm, form, ProfileForm, showPage } from '../../src/schemas/pages.ts'
import { boundToSession } from '../../src/sessions/auth-sessions.ts'
import { internals } from '../../plugins/internals.ts'
import { logInAgain } from '../../plugins/pages/answer.ts'
import { preferredLanguages } from '../../plugins/http/preferred-languages.ts'

const tags = ['Pages']

const accountProfile: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { config, users, verification: { changes, channels, links, verify } } = internals(app)
  const ownerOf = ownerOfForm(app)
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

  const change = async (request: FastifyRequest, found: OwnerInPerson, body: Record<string, unknown>) => await users.changeProfile({
    ...found, body, caller: callerOf(request), preferences: preferredLanguages(request),
    link: { link: links.own.verification }
  })

  app.get(PROFILE, {
    onRequest: guard,
    schema: { tags, summary: 'Account page: name and login attributes', response: showPage }
  }, async (request, reply) => {
    const who = guard.auth(request)
    return await pages.accountProfile(request, reply, who, { notice: pages.notices.take(request, reply, PROFILE, who.userId) })
  })

  for (const path of [SAVE_LOGIN, CONFIRM_LOGIN]) {
    app.get(path, { schema: { hide: true } }, async (_request, reply) => reply.redirect(home, 303))
  }

  app.post(PROFILE, {
    schema: { tags, summary: 'Change the name on the page', ...form, body: ProfileForm, response: afterForm }
  }, async (request, reply) => {
    const found = await ownerOf(request, reply)
    if (!found) return reply.redirect(home, 303)
    const { name = '', locale, profile: hasFields, ...others } = request.body
    const typed = { name, ...(locale !== undefined && { locale }) }
    const profile = hasFields === undefined ? undefined : users.profileFields?.fromForm(others)
    const { errors } = await change(request, found, { ...typed, name: name === '' ? null : name, ...(profile && { profile }) })
    if (errors) return await pages.accountProfile(request, reply, found, { errors, typed: { ...others, ...typed } })
    pages.notices.keep(reply, PROFILE, found.userId, 'profileSaved')
    return reply.redirect(home, 303)
  })

  app.post(SAVE_LOGIN, {
    config: limit('password'),
    schema: { tags, summary: 'Change the login attributes on the page', ...form, body: ProfileForm, response: afterForm }
  }, async (request, reply) => {
    const found = await ownerOf(request, reply)
    if (!found) return reply.redirect(home, 303)
    const { name: _name, current_password: password = '', ...typed } = request.body
    const wanted = await changesOf(found.userId, typed)
    if (Object.keys(wanted).length === 0) return reply.redirect(home, 303)
    const { errors, pending = [], isTooOld } = await change(request, found, { ...wanted, ...(password !== '' && { current_password: password }) })
    if (isTooOld && !await users.records.hasPassword(found.userId)) return logInAgain(reply, config, PROFILE)
    const wrong = isTooOld ? { current_password: ['required' as const] } : errors
    if (wrong) return await pages.accountProfile(request, reply, found, { errors: wrong, typed })
    pages.notices.keep(reply, PROFILE, found.userId, pending.length > 0 ? 'changePending' : 'profileSaved')
    return reply.redirect(home, 303)
  })

  app.post(CONFIRM_LOGIN, {
    config: limit('password'),
    schema: { tags, summary: 'Confirm a new login attribute by code, have it sent again, or cancel it', ...form, body: ConfirmForm, response: afterForm }
  }, async (request, reply) => {
    const found = await ownerOf(request, reply)
    const { attribute = '', send, cancel, ...fields } = request.body
    const channel = users.attributes.find(({ name }) => name === attribute)?.channel
    if (!found || !channel || !channels[channel]) return reply.redirect(home, 303)
    const { userId, sessionId } = found
    const changer = { userId, boundTo: boundToSession(sessionId), caller: callerOf(request), preferences: preferredLanguages(request) }
    if (cancel !== undefined) {
      await changes.cancel(userId, attribute)
      pages.notices.keep(reply, PROFILE, userId, 'changeCanceled')
    } else if (send !== undefined) {
      await changes.sendAgain(changer, attribute, links.own.verification)
      pages.notices.keep(reply, PROFILE, userId, 'changeSent')
    } else {
      const proof = await verify.byCode({ ...changer, channel, code: fields[`code_${attribute}`] ?? '' })
      if (!proof) return await pages.accountProfile(request, reply, found, { wrongCode: attribute })
      pages.notices.keep(reply, PROFILE, userId, 'changeConfirmed')
    }
    return reply.redirect(home, 303)
  })
}

export default accountProfile

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { DEVICE } from '../../plugins/pages/device.ts'
import { callerOf } from '../../src/http/caller.ts'
import { sameSite } from '../../plugins/http/same-origin.ts'
import type { CodeEntry } from '../../src/oauth/device/verification.ts'
import { plainCode } from '../../src/oauth/device/user-code.ts'
import { afterForm, DeviceForm, DeviceQuery, form, showPage } from '../../src/schemas/pages.ts'
import type { BrowserSession } from '../../src/sessions/browser-sessions.ts'
import { internals } from '../../plugins/internals.ts'

const tags = ['Pages']

/** Codes are looked up for logged-in users only, because guesses are counted per user (RFC 8628 section 5.1). */
const device: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { browser, config, oauth } = internals(app)
  const isOwn = sameSite(config, { silent: true })

  const entryOf = (
    request: FastifyRequest,
    reply: FastifyReply,
    userCode: string,
    { id, ...session }: BrowserSession
  ): CodeEntry => ({
    userCode, user: { ...session, browserSessionId: id, browser: pages.browserOf(reply) },
    caller: callerOf(request)
  })

  async function ask (request: FastifyRequest, reply: FastifyReply, userCode: string, session: BrowserSession): Promise<FastifyReply> {
    const found = await oauth.device.find(entryOf(request, reply, userCode, session))
    if (found === null) return await pages.device.code(request, reply, { userCode, wrong: true })
    if (typeof found === 'string') return await pages.device.done(request, reply, found === 'allowed')
    return await pages.device.confirm(request, reply, { device: found, userId: session.userId })
  }

  app.get(DEVICE, {
    schema: {
      tags, summary: 'Page where users enter the code of a device (RFC 8628 section 3.3)', querystring: DeviceQuery,
      response: showPage
    }
  }, async (request, reply) => {
    const { user_code: userCode = '' } = request.query
    const isCode = plainCode(userCode) !== null
    // Links on other sites are not looked up: wrong codes in them would use up the attempts of the user
    const session = isCode && isOwn(request) ? await browser.session(request) : null
    return session
      ? await ask(request, reply, userCode, session)
      : await pages.device.code(request, reply, { userCode, wrong: userCode !== '' && !isCode })
  })

  app.post(DEVICE, {
    schema: { tags, summary: 'Submit the code, then allow or deny access', ...form, body: DeviceForm, response: afterForm }
  }, async (request, reply) => {
    await pages.checkCsrf(request, reply)
    const { user_code: userCode = '', decision, shown_to: shownTo } = request.body
    if (plainCode(userCode) === null) return await pages.device.code(request, reply, { userCode, wrong: true })
    const session = await browser.session(request)
    if (!session) return reply.redirect(pages.device.loginPath(request, userCode), 303)
    const entry = entryOf(request, reply, userCode, session)
    // Another user may have logged in since the page was shown
    const isAnswer = decision !== undefined && shownTo === session.userId
    const found =
      await (isAnswer ? oauth.device.decide(entry, decision === 'allow' ? 'allowed' : 'denied') : oauth.device.find(entry))
    // A code that has been decided cannot be entered again
    const isUsed = decision === undefined && typeof found === 'string'
    return found === null || isUsed
      ? await pages.device.code(request, reply, { userCode, wrong: true })
      : reply.redirect(pages.device.path(request, userCode), 303)
  })
}

export default device

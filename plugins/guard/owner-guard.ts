import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import type { Owner } from '../../src/account/owner.ts'
import { guardedBy } from './guarded.ts'
import { jsonOnly, loginTooOld } from './errors.ts'
import { isJson, refuseOtherSites } from '../http/same-origin.ts'
import { unprocessable } from '../http/unprocessable.ts'
import { SAFE } from './web-guard.ts'
import { internals } from '../internals.ts'

/**
 * For routes on which users manage what they own: a bearer token, or else a browser session. A browser session is accepted only from pages
 * of this server, for reading too: a site in CORS_ORIGINS uses a token.
 */
export function ownerGuard (app: FastifyInstance): onRequestAsyncHookHandler {
  const { browser, config } = internals(app)
  const [bearer, web] = [app.authGuard('api'), app.authGuard('web')]
  // Older browsers send neither Sec-Fetch-Site nor Origin with a same-origin GET
  const [reading, changing] = [refuseOtherSites(config, { silent: true }), refuseOtherSites(config, { silent: false })]

  const guard: onRequestAsyncHookHandler = async function (request, reply) {
    const { authorization, 'content-type': type } = request.headers
    if (authorization !== undefined || !await browser.session(request)) return await bearer.call(this, request, reply)
    const refuseOthers = SAFE.has(request.method) ? reading : changing
    refuseOthers(request)
    if (!isJson(type)) throw jsonOnly()
    return await web.call(this, request, reply)
  }
  return guardedBy(guard, [{ bearer: [] }, { browser: [] }])
}

/**
 * For what is sensitive: a login of the last 10 minutes, or `current_password` in the body.
 * @throws HttpError 401 LK_LOGIN_TOO_OLD (RFC 9470), 422 on `current_password`
 */
export function stepUp (app: FastifyInstance) {
  const { account } = internals(app)
  return async (request: FastifyRequest, reply: FastifyReply, { userId, sessionId }: Owner): Promise<void> => {
    const { current_password: password } = (request.body ?? {}) as { current_password?: string }
    const outcome = await account.stepUp({ userId, sessionId, authTime: request.auth.authTime, password })
    if (outcome === 'too_old') throw loginTooOld(reply)
    if (outcome === 'wrong_password') throw unprocessable({ current_password: ['wrong_password'] })
  }
}

import type { FastifyInstance, onRequestAsyncHookHandler } from 'fastify'
import { guardedBy } from './guarded.ts'
import { jsonOnly } from './errors.ts'
import { isJson, refuseOtherSites } from '../http/same-origin.ts'
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

import type { FastifyInstance, onRequestAsyncHookHandler } from 'fastify'
import { guardedBy } from './guarded.ts'
import { jsonOnly } from './errors.ts'
import { foreignOrigin, isJson, sameSite } from '../http/same-origin.ts'
import { SAFE } from './web-guard.ts'
import { internals } from '../internals.ts'

/**
 * For what users manage: a bearer token, else the login of a browser. Of browsers only pages of this server may read and change it: a site
 * in
 * CORS_ORIGINS gets a token of its own.
 */
export function ownerGuard (app: FastifyInstance): onRequestAsyncHookHandler {
  const { browser, config } = internals(app)
  const [bearer, web] = [app.authGuard('api'), app.authGuard('web')]
  // Older browsers send neither header with a GET of the same site
  const [mayRead, mayChange] = [sameSite(config, { silent: true }), sameSite(config, { silent: false })]

  const guard: onRequestAsyncHookHandler = async function (request, reply) {
    const { authorization, origin, 'content-type': type } = request.headers
    if (authorization !== undefined || !await browser.session(request)) return await bearer.call(this, request, reply)
    if (!(SAFE.has(request.method) ? mayRead : mayChange)(request)) throw foreignOrigin(config, origin, { others: false })
    if (!isJson(type)) throw jsonOnly()
    return await web.call(this, request, reply)
  }
  return guardedBy(guard, [{ bearer: [] }, { browser: [] }])
}

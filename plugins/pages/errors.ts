import type { FastifyReply, FastifyRequest } from 'fastify'
import { AuthorizationError } from '../../src/oauth/authorization-error.ts'
import type { Services } from '../../src/services.ts'
import type { Texts } from '../../src/views/texts/index.ts'
import { errorHandler, failureOf, type Raw } from '../errors.ts'
import { wantsHtml } from '../wants-html.ts'
import { ACCOUNT } from './account.ts'
import { AUTHORIZE, authorizePath, pathWith, requestParams, type Answer } from './answer.ts'
import { DEVICE } from './device.ts'
import type { Kit } from './kit.ts'
import { endSessionPath } from './logout.ts'

/** A page where a browser asked, JSON where a program did; what an application may hear of goes to the application. */
export function createPageErrors (kit: Kit, { authorize, config }: Services, answer: Answer) {
  return async (error: Raw, request: FastifyRequest, reply: FastifyReply) => {
    if (error instanceof AuthorizationError) return await answer(request, reply, authorize.refuse(error))
    if (!wantsHtml(request)) return errorHandler(error, request, reply)
    const { statusCode, message, retryAfter } = failureOf(error, request)
    if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
    const page = kit.page(request)
    const again = retryPath(kit, request)
    return kit.send(reply.code(statusCode), 'error', {
      ...page,
      ...wordsFor(statusCode, page.texts),
      ...(statusCode === 400 && { detail: message }),
      ...(statusCode >= 500 && { correlationId: request.id }),
      links: again === undefined ? [] : [{ href: again, text: page.texts.errors.again }]
    })
  }

  /** Where the form stands that was posted. */
  function retryPath (kit: Kit, { method, body, routeOptions: { url } }: FastifyRequest): string | undefined {
    if (method !== 'POST' || typeof body !== 'object' || body === null) return undefined
    const params = requestParams({ ...body })
    const path = url?.slice(config.prefix.length)
    if (path === AUTHORIZE) return authorizePath(config, params)
    if (path === '/logout') return endSessionPath(config, params)
    if (path === DEVICE) return pathWith(kit.link(DEVICE), { user_code: params['user_code'] })
    if (path?.startsWith(`${ACCOUNT}/`)) return kit.link(ACCOUNT)
    const { return_to: returnTo } = params
    return path === undefined ? undefined : kit.link(path, { return_to: typeof returnTo === 'string' ? returnTo : undefined })
  }
}

function wordsFor (status: number, { errors }: Texts) {
  if (status === 403) return errors.stale
  if (status === 404) return errors.notFound
  if (status === 429) return errors.tooMany
  return status >= 500 ? errors.server : errors.badRequest
}

import { randomUUID } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { localPath } from '../../src/http/return-to.ts'
import { AuthorizationError } from '../../src/oauth/authorize/error.ts'
import { HttpError } from '../../src/http/http-error.ts'
import type { Services } from '../../src/compose/services.ts'
import { FORGOT_PAGE, RESET_PAGE, UNDO_PAGE, VERIFY_PAGE } from '../../src/verification/links.ts'
import { formatWait } from '../../src/views/format.ts'
import type { Page } from '../../src/views/page.ts'
import { errorHandler, failureOf, type Failure, type Raw } from '../http/errors.ts'
import { wantsHtml } from '../http/wants-html.ts'
import { ACCOUNT, SECOND_FACTOR } from './account-paths.ts'
import type { AskMissing } from './after-login.ts'
import { AUTHORIZE, authorizePath, pathWith, requestParams, type Answer } from './answer.ts'
import { DEVICE } from './device.ts'
import type { Kit } from './kit.ts'
import type { ShowLogin } from './login.ts'
import { endSessionPath } from './logout.ts'
import type { PasswordPages } from './password.ts'
import { problemOf } from './problems.ts'
import type { ShowRegister } from './register.ts'
import type { SecondFactorPages } from './second-factor.ts'
import type { UndoPages } from './undo.ts'
import type { VerifyPages } from './verify.ts'

const REGISTER = '/register'

type Shown = {
  answer: Answer, askMissing: AskMissing, login: ShowLogin, register: ShowRegister, password: PasswordPages,
  secondFactor: SecondFactorPages, undo: UndoPages, verify: VerifyPages
}

/** Answers with a page when the request accepts HTML, otherwise with JSON; errors meant for the application go to its redirect URI. */
export function createPageErrors (
  kit: Kit,
  { oauth, config }: Services,
  { answer, askMissing, login, register, password, secondFactor, undo, verify }: Shown
) {
  /** Length of the prefix before the paths of our routes. */
  const under = config.mount.length + config.prefix.length

  return async (error: Raw, request: FastifyRequest, reply: FastifyReply) => {
    if (error instanceof AuthorizationError) return await answer(request, reply, oauth.authorize.refuse(error))
    if (!wantsHtml(request)) return errorHandler(error, request, reply)
    // Unique across processes, unlike the id of a request
    const reference = randomUUID()
    const failure = failureOf(error, request, reference)
    const { statusCode, message, retryAfter } = failure
    if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
    reply.code(statusCode)
    const asked = askMissing(request, reply, error, localPath(targetOf(request)))
    if (asked) return await asked
    const form = formAgain(failure, request, reply)
    if (form) return await form
    const page = kit.page(request)
    const again = retryPathOf(request, statusCode)
    return kit.send(reply, 'error', {
      ...page,
      ...wordsFor(failure, page, pathOf(request)),
      ...(statusCode === 400 && { detail: message }),
      ...(statusCode >= 500 && { correlationId: reference }),
      links: [
        ...(again === undefined ? [] : [{ href: again, text: page.texts.errors.again }]),
        ...(isInvitation(failure, pathOf(request)) ? [{ href: config.loginPath, text: page.texts.register.login }] : [])
      ]
    })
  }

  /** Where to go on after what was missing: where a login would have led to, or what was refused. */
  function targetOf (request: FastifyRequest): unknown {
    const path = pathOf(request)
    if (path !== '/login' && path !== SECOND_FACTOR && path !== REGISTER) return request.method === 'GET' ? kit.link(request.url.slice(under)) : retryPathOf(request, 403)
    return (request.body as { return_to?: unknown } | null)?.return_to
  }

  /** The submitted form with its input, if it can be submitted again. */
  function formAgain (failure: Failure, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> | null {
    const problem = problemOf(failure)
    const { body, method } = request
    if (!problem || method !== 'POST' || typeof body !== 'object' || body === null) return null
    const { username, return_to: target, remember, password: entered } = body as Record<string, unknown>
    const state = { returnTo: localPath(target), problem }
    const path = pathOf(request)
    if (path === '/login') {
      return login(request, reply, {
        ...state, username: typeof username === 'string' ? username : undefined, remember: remember !== undefined,
        isSecondStep: entered !== undefined
      })
    }
    if (path === SECOND_FACTOR) return secondFactor.show(request, reply, state).then((shown) => shown ?? login(request, reply, state))
    const { token, email } = body as { token?: unknown, email?: unknown }
    if (path === FORGOT_PAGE) return password.forgot(request, reply, { problem, values: { email: typeof email === 'string' ? email : '' } })
    if (path === RESET_PAGE) return password.reset(request, reply, { problem, token: typeof token === 'string' ? token : '' })
    if (path === UNDO_PAGE) return undo.show(request, reply, { problem, token: typeof token === 'string' ? token : '' })
    if (path === VERIFY_PAGE) return verify.again(request, reply, { ...state, token })
    return path === REGISTER ? register(request, reply, { ...state, values: { ...body } }) : null
  }

  function pathOf ({ routeOptions: { url } }: FastifyRequest): string | undefined {
    return url?.slice(under)
  }

  function retryPathOf (request: FastifyRequest, statusCode: number): string | undefined {
    try {
      return retryPath(request, statusCode)
    } catch (error) {
      // The address would be too long
      if (error instanceof HttpError) return undefined
      throw error
    }
  }

  /** The same page for a temporary failure, or the page of the form that was submitted. */
  function retryPath (request: FastifyRequest, statusCode: number): string | undefined {
    const { method, body, url } = request
    if (method === 'GET') return statusCode >= 500 || statusCode === 429 ? kit.link(url.slice(under)) : undefined
    if (method !== 'POST' || typeof body !== 'object' || body === null) return undefined
    const params = requestParams({ ...body })
    const path = pathOf(request)
    if (path === AUTHORIZE) return authorizePath(config, params)
    if (path === '/logout') return endSessionPath(config, params)
    if (path === DEVICE) return pathWith(kit.link(DEVICE), { user_code: params['user_code'] })
    if (path?.startsWith(`${ACCOUNT}/`)) return kit.link(ACCOUNT)
    const { return_to: returnTo } = params
    return path === undefined ? undefined : kit.link(path, { return_to: typeof returnTo === 'string' ? returnTo : undefined })
  }
}

/** Registration lacks an invitation, or has one that is not valid. */
function isInvitation ({ code }: Failure, path: string | undefined): boolean {
  return path === REGISTER && (code === 'LK_INVITATION_REQUIRED' || code === 'LK_INVALID_TOKEN')
}

function wordsFor (failure: Failure, { texts: { errors }, locale }: Page, path: string | undefined) {
  const { statusCode, code, retryAfter } = failure
  if (code === 'LK_EMAIL_NOT_VERIFIED') return errors.notVerified
  if (isInvitation(failure, path)) return code === 'LK_INVITATION_REQUIRED' ? errors.invitationRequired : errors.invitationInvalid
  if (statusCode === 403) return errors.stale
  if (statusCode === 404) return errors.notFound
  if (statusCode === 429) {
    return { ...errors.tooMany, ...(retryAfter !== undefined && { advice: errors.tooMany.wait(formatWait(retryAfter, locale)) }) }
  }
  return statusCode >= 500 ? errors.server : errors.badRequest
}

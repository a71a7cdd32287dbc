import type { FastifyReply, FastifyRequest } from 'fastify'
import { SHOWN_TO } from '../../src/oauth/authorize/authorize.ts'
import type { DeviceRequest } from '../../src/oauth/device/verification.ts'
import { displayCode, MAX_TYPED, plainCode } from '../../src/oauth/device/user-code.ts'
import type { Services } from '../../src/compose/services.ts'
import { withParams } from './answer.ts'
import { localesOf } from '../http/preferred-languages.ts'
import type { Kit } from './kit.ts'

export const DEVICE = '/device'

export type ShowDevice = {
  /** @param wrong when the code is unknown or has expired */
  code: (request: FastifyRequest, reply: FastifyReply, entered: { userCode?: string | undefined, wrong?: boolean }) => Promise<FastifyReply>
  confirm: (request: FastifyRequest, reply: FastifyReply, shown: { device: DeviceRequest, userId: string }) => Promise<FastifyReply>
  /** The page of a code, for a redirect after a form: a GET has no side effect and repeats no POST. */
  path: (request: FastifyRequest, userCode: string) => string
  done: (request: FastifyRequest, reply: FastifyReply, allowed: boolean) => Promise<FastifyReply>
  /** The login page, which returns to the page of the code. */
  loginPath: (request: FastifyRequest, userCode: string, again?: boolean) => string
}

/** RFC 8628 section 3.3 */
export function createDevicePages (kit: Kit, { config, clock }: Services): ShowDevice {
  const path = (request: FastifyRequest, userCode: string) => kit.link(DEVICE, { user_code: userCode, ui_locales: localesOf(request) })

  function loginPath (request: FastifyRequest, userCode: string, again = false): string {
    return withParams(config.loginPath, { return_to: path(request, userCode), ...(again && { prompt: 'login' }) })
  }

  const code: ShowDevice['code'] = async (request, reply, { userCode = '', wrong = false }) => {
    const page = kit.page(request)
    const plain = plainCode(userCode)
    return kit.send(wrong ? reply.code(422) : reply, 'deviceCode', {
      ...page,
      action: kit.link(DEVICE),
      csrf: kit.csrf(reply),
      hidden: localesField(request),
      values: { user_code: plain === null ? userCode.slice(0, MAX_TYPED) : displayCode(plain) },
      ...(wrong && { errors: { fields: { user_code: [page.texts.problems.unknownCode] } } })
    }, { leaves: kit.loginLeaves })
  }

  const confirm: ShowDevice['confirm'] = async (
    request,
    reply,
    { device: { userCode, client, scopes, ip, userAgent, askedAt }, userId }
  ) => {
    const page = kit.page(request)
    const { agentName } = await import('../../src/account/agent-name.ts')
    return kit.send(reply, 'deviceConfirm', {
      ...page,
      action: kit.link(DEVICE),
      csrf: kit.csrf(reply),
      hidden: { [SHOWN_TO]: userId, ...localesField(request) },
      userCode,
      client,
      account: { name: await kit.accountName(userId), switchUrl: loginPath(request, userCode, true) },
      scopes: kit.scopes(scopes, page),
      device: { name: agentName(userAgent, page.texts.account.browserOn), place: ip, askedAt },
      now: new Date(clock.now())
    }, { leaves: kit.loginLeaves })
  }

  return {
    code, confirm, path, done: (request, reply, allowed) => kit.send(reply, 'deviceDone', { ...kit.page(request), allowed }),
    loginPath
  }
}

function localesField (request: FastifyRequest): { ui_locales?: string } {
  const uiLocales = localesOf(request)
  return uiLocales === undefined ? {} : { ui_locales: uiLocales }
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { LogoutRequest } from '../../src/oidc/end-session.ts'
import type { Config } from '../../src/config/config.ts'
import type { Services } from '../../src/compose/services.ts'
import type { BrowserSession } from '../../src/sessions/browser-sessions.ts'
import { hiddenParams, pathWith, requestParams } from './answer.ts'
import { localesOf, type Kit } from './kit.ts'

export const END_SESSION = '/v1/oauth/logout'
export const REQUEST = ['id_token_hint', 'logout_hint', 'client_id', 'post_logout_redirect_uri', 'state', 'ui_locales']

/** Where the same request begins again, with its parameters and nothing else that a form brought. */
export function endSessionPath ({ basePath }: Pick<Config, 'basePath'>, params: Record<string, unknown>): string {
  return pathWith(basePath + END_SESSION, Object.fromEntries(Object.entries(params).filter(([name]) => REQUEST.includes(name))))
}

type Wanted = { params: Record<string, unknown>, wanted: LogoutRequest, session: BrowserSession | null }

export type ShowLogout = {
  ask: (request: FastifyRequest, reply: FastifyReply, wanted: Wanted) => Promise<FastifyReply>
  done: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>
  /** Says the same to a guest. */
  donePath: (request: FastifyRequest) => string
}

export function createLogoutPages (kit: Kit, { config }: Services): ShowLogout {
  return {
    async ask (request, reply, { params, wanted: { client, redirectTo }, session }) {
      return kit.send(reply, 'logout', {
        ...kit.page(request),
        action: kit.link('/logout'),
        csrf: kit.csrf(reply),
        hidden: hiddenParams(requestParams(params)),
        app: client?.name,
        ...(session && { account: { name: await kit.accountName(session.userId) } }),
        links: { stay: config.homePath }
      }, { leaves: redirectTo !== null })
    },
    done: (request, reply) => kit.send(reply, 'loggedOut', { ...kit.page(request), links: { login: config.loginPath } }),
    donePath: (request) => kit.link('/logout', { ui_locales: localesOf(request) })
  }
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../../src/config/config.ts'
import type { LogoutRequest } from '../../src/oidc/end-session.ts'
import type { BrowserSession } from '../../src/sessions/browser-sessions.ts'
import type { Internals } from '../internals.ts'
import { callerOf } from '../../src/http/caller.ts'
import { hiddenParams, pathWith, requestParams } from './answer.ts'
import { localesOf } from '../http/preferred-languages.ts'
import type { Kit } from './kit.ts'

export const LOGOUT = '/logout'
export const END_SESSION = '/v1/oauth/logout'
export const REQUEST = ['id_token_hint', 'logout_hint', 'client_id', 'post_logout_redirect_uri', 'state', 'ui_locales']

/** The address that starts the same logout request again; other fields of a form are left out. */
export function endSessionPath ({ basePath }: Pick<Config, 'basePath'>, params: Record<string, unknown>): string {
  return pathWith(basePath + END_SESSION, Object.fromEntries(Object.entries(params).filter(([name]) => REQUEST.includes(name))))
}

type Checked = { params: Record<string, unknown>, logout: LogoutRequest, session: BrowserSession | null }

export type ShowLogout = {
  /** Logs out at once if the application has proved that it belongs to this session, otherwise asks the user. */
  begin: (request: FastifyRequest, reply: FastifyReply, params: Record<string, unknown>) => Promise<FastifyReply>
  /** Logs out after the user has confirmed. */
  finish: (request: FastifyRequest, reply: FastifyReply, params: Record<string, unknown>) => Promise<FastifyReply>
}

export function createLogoutPages (kit: Kit, { config, browser, oidc: { endSession } }: Internals): ShowLogout {
  async function ask (
    request: FastifyRequest,
    reply: FastifyReply,
    { params, logout: { client, redirectTo }, session }: Checked
  ): Promise<FastifyReply> {
    return await kit.send(reply, 'logout', {
      ...kit.page(request),
      action: kit.link(LOGOUT),
      csrf: kit.csrf(reply),
      hidden: hiddenParams(requestParams(params)),
      app: client?.name,
      ...(session && { account: { name: await kit.accountName(session.userId) } }),
      links: { stay: config.homePath }
    }, { leaves: redirectTo !== null })
  }

  async function check (request: FastifyRequest, params: Record<string, unknown>): Promise<Checked> {
    const session = await browser.session(request)
    return { params, session, logout: await endSession.begin(params, session) }
  }

  async function end (request: FastifyRequest, reply: FastifyReply, { logout, session }: Checked): Promise<FastifyReply> {
    await endSession.end(logout, session, callerOf(request))
    await browser.logOut(request, reply)
    if (logout.redirectTo === null && request.method === 'GET') {
      return await kit.send(reply, 'loggedOut', { ...kit.page(request), links: { login: config.loginPath } })
    }
    // The confirmation is a page of its own, which looks the same for a guest and repeats no POST
    return reply.redirect(logout.redirectTo ?? kit.link(LOGOUT, { ui_locales: localesOf(request) }), 303)
  }

  return {
    async begin (request, reply, params) {
      const checked = await check(request, params)
      return checked.logout.confirmed ? await end(request, reply, checked) : await ask(request, reply, checked)
    },
    finish: async (request, reply, params) => await end(request, reply, await check(request, params))
  }
}

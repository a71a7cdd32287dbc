import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../../src/config/config.ts'
import type { LogoutRequest } from '../../src/oidc/end-session.ts'
import type { BrowserSession } from '../../src/sessions/browser-sessions.ts'
import type { SocialServices } from '../../src/compose/social.ts'
import { atFirstUse } from '../../src/runtime/at-first-use.ts'
import type { Internals } from '../internals.ts'
import { callerOf } from '../../src/http/caller.ts'
import { hiddenParams, pathWith, requestParams } from './answer.ts'
import { localesOf } from '../http/preferred-languages.ts'
import type { Kit } from './kit.ts'
import type { ProviderLogoutPages } from './provider-logout.ts'

export const LOGOUT = '/logout'
export const END_SESSION = '/v1/oauth/logout'
export const REQUEST = ['id_token_hint', 'logout_hint', 'client_id', 'post_logout_redirect_uri', 'state', 'ui_locales']

/** The address that starts the same logout request again; other fields of a form are left out. */
export function endSessionPath ({ basePath }: Pick<Config, 'basePath'>, params: Record<string, unknown>): string {
  return pathWith(basePath + END_SESSION, Object.fromEntries(Object.entries(params).filter(([name]) => REQUEST.includes(name))))
}

function loadProviderLogout (services: Internals, social: SocialServices): ProviderLogoutPages {
  return atFirstUse(
    async () => (await import('./provider-logout.ts')).createProviderLogoutPages(services, social), ['find', 'leave', 'comeBack']
  )
}

type Checked = { params: Record<string, unknown>, logout: LogoutRequest, session: BrowserSession | null }

export type ShowLogout = {
  /** Logs out at once if the application has proved that it belongs to this session, otherwise asks the user. */
  begin: (request: FastifyRequest, reply: FastifyReply, params: Record<string, unknown>) => Promise<FastifyReply>
  /** Logs out after the user has confirmed. */
  finish: (request: FastifyRequest, reply: FastifyReply, params: Record<string, unknown>) => Promise<FastifyReply>
}

export function createLogoutPages (kit: Kit, services: Internals): ShowLogout {
  const { config, browser, oidc: { endSession }, social } = services
  const atProvider = social?.logout ? loadProviderLogout(services, social) : null

  async function ask (
    request: FastifyRequest,
    reply: FastifyReply,
    { params, logout: { client, redirectTo }, session }: Checked
  ): Promise<FastifyReply> {
    const there = session && await atProvider?.find(request, session.id)
    return await kit.send(reply, 'logout', {
      ...kit.page(request),
      action: kit.link(LOGOUT),
      csrf: kit.csrf(reply),
      hidden: hiddenParams(requestParams(params)),
      app: client?.name,
      provider: there?.provider.label,
      ...(session && { account: { name: await kit.accountName(session.userId) } }),
      links: { stay: config.homePath }
    }, { leaves: redirectTo !== null || kit.logoutLeaves })
  }

  async function check (request: FastifyRequest, params: Record<string, unknown>): Promise<Checked> {
    const session = await browser.session(request)
    return { params, session, logout: await endSession.begin(params, session) }
  }

  async function end (request: FastifyRequest, reply: FastifyReply, checked: Checked): Promise<FastifyReply> {
    const { logout, session } = checked
    // Of a form that is sent twice, the browser follows the second answer
    const sessionId = atProvider && (session?.id ?? await browser.justEnded(request))
    const there = sessionId && await atProvider.find(request, sessionId)
    await endSession.end(logout, session, callerOf(request))
    await browser.logOut(request, reply)
    const away = there ? await atProvider!.leave(request, reply, there, () => afterwards(request, checked)) : null
    if (away !== null) return reply.redirect(away, 303)
    if (logout.redirectTo === null && request.method === 'GET') {
      return await kit.send(reply, 'loggedOut', { ...kit.page(request), links: { login: config.loginPath } })
    }
    // The confirmation is a page of its own, which looks the same for a guest and repeats no POST
    return reply.redirect(logout.redirectTo ?? confirmation(request), 303)
  }

  const confirmation = (request: FastifyRequest) => kit.link(LOGOUT, { ui_locales: localesOf(request) })

  /** After the logout at a provider: the request of the application again, without its hint, so that its redirect URI is checked again. */
  function afterwards (request: FastifyRequest, { params, logout: { client, redirectTo } }: Checked): string {
    if (!client || redirectTo === null) return confirmation(request)
    const { post_logout_redirect_uri: uri, state, ui_locales: uiLocales } = params
    return endSessionPath(config, { client_id: client.id, post_logout_redirect_uri: uri, state, ui_locales: uiLocales })
  }

  return {
    async begin (request, reply, params) {
      const checked = await check(request, params)
      return checked.logout.confirmed ? await end(request, reply, checked) : await ask(request, reply, checked)
    },
    finish: async (request, reply, params) => await end(request, reply, await check(request, params))
  }
}

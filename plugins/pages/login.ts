import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Services } from '../../src/services.ts'
import { localesOf, type Kit } from './kit.ts'
import type { FindWay } from './on-the-way.ts'

export type LoginState = { returnTo: string | null, username?: string | undefined, remember?: boolean, failed?: boolean }

export type ShowLogin = (request: FastifyRequest, reply: FastifyReply, state: LoginState) => Promise<FastifyReply>

export function createLoginPage (kit: Kit, { attributes, config }: Services, findWay: FindWay): ShowLogin {
  return async (request, reply, { returnTo, username, remember = false, failed = false }) => {
    const page = kit.page(request)
    const uiLocales = localesOf(request)
    const { app, leaves } = await findWay(returnTo)
    return kit.send(reply, 'login', {
      ...page,
      action: kit.link('/login'),
      csrf: kit.csrf(reply),
      hidden: { ...(returnTo !== null && { return_to: returnTo }), ...(uiLocales !== undefined && { ui_locales: uiLocales }) },
      fields: attributes.map(({ name, title }) => ({ attribute: name, title })),
      values: { username, remember },
      app,
      ...(failed && { errors: { form: [attributes.some(({ lacks }) => lacks(username) === 'country') ? page.texts.problems.phoneCountry : page.texts.problems.wrongLogin] } }),
      links: { register: config.registration === 'off' ? undefined : kit.link('/register', { return_to: returnTo ?? undefined, ui_locales: uiLocales }) }
    }, { leaves })
  }
}

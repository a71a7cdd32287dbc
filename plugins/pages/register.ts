import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Services } from '../../src/compose/services.ts'
import type { FieldErrors } from '../../src/users/register.ts'
import { localesOf, type Kit } from './kit.ts'
import type { FindWay } from './on-the-way.ts'
import { problemText, type Problem } from './problems.ts'
import { registerErrors, takenValue } from './register-errors.ts'

export type RegisterState = { returnTo: string | null, values?: Record<string, unknown>, errors?: FieldErrors, problem?: Problem }

export type ShowRegister = (request: FastifyRequest, reply: FastifyReply, state: RegisterState) => Promise<FastifyReply>

export function createRegisterPage (kit: Kit, { attributes, config }: Services, findWay: FindWay): ShowRegister {
  return async (request, reply, { returnTo, values = {}, errors, problem }) => {
    const page = kit.page(request)
    const uiLocales = localesOf(request)
    const { leaves } = await findWay(returnTo)
    const shownAgain = ['name', ...attributes.map(({ name }) => name)].flatMap((name) =>
      typeof values[name] === 'string' ? [[name, values[name]]] : []
    )
    const typed = { attributes, values, texts: page.texts, minLength: config.passwords.minLength }
    const taken = errors && takenValue(errors, typed)
    const loginPath = (hint?: string) => kit.link('/login', { return_to: returnTo ?? undefined, login_hint: hint, ui_locales: uiLocales })
    return kit.send(reply, 'register', {
      ...page,
      action: kit.link('/register'),
      csrf: kit.csrf(reply),
      hidden: { ...(returnTo !== null && { return_to: returnTo }), ...(uiLocales !== undefined && { ui_locales: uiLocales }) },
      fields: attributes.map(({ name, title }) => ({ attribute: name, title })),
      askName: true,
      minPasswordLength: config.passwords.minLength,
      values: Object.fromEntries(shownAgain) as Record<string, string>,
      ...(errors && { errors: registerErrors(errors, typed) }),
      ...(problem && { errors: { form: [problemText(problem, page)] } }),
      links: { login: loginPath(), ...(taken !== undefined && { loginAs: { value: taken, href: loginPath(taken) } }) }
    }, { leaves })
  }
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Services } from '../../src/compose/services.ts'
import type { FieldErrors } from '../../src/http/field-errors.ts'
import { TERMS_ACCEPTED } from '../../src/schemas/account.ts'
import { formErrors } from '../../src/views/texts/field-errors.ts'
import { localesOf } from '../http/preferred-languages.ts'
import type { Kit } from './kit.ts'
import type { FindReturnTarget } from './return-target.ts'
import { problemErrors, type Problem } from './problems.ts'

export type RegisterState = { returnTo: string | null, values?: Record<string, unknown>, errors?: FieldErrors, problem?: Problem }

export type ShowRegister = (request: FastifyRequest, reply: FastifyReply, state: RegisterState) => Promise<FastifyReply>

export function createRegisterPage (
  kit: Kit,
  { config, invitations, social, users }: Services,
  findReturnTarget: FindReturnTarget
): ShowRegister {
  const { attributes, passwordPolicy: { rules }, profileFields } = users
  const { terms } = config
  const isVerified = config.requireEmailVerification === 'on'
  const address = attributes.find(({ channel }) => channel === 'mail')?.name
  return async (request, reply, { returnTo, values = {}, errors, problem }) => {
    const page = kit.page(request)
    const uiLocales = localesOf(request)
    const { leaves } = await findReturnTarget(returnTo)
    const own = profileFields && (await import('./profile-inputs.ts')).profileInputs(profileFields.fields).inputs
    const fields = ['name', ...attributes.map(({ name }) => name), ...(own ?? []).map(({ name }) => name), TERMS_ACCEPTED]
    const token = typeof values['invitation'] === 'string' ? values['invitation'] : undefined
    const invited = token === undefined ? null : (await (await invitations())?.find(token))?.identifier ?? null
    const shownAgain = {
      ...Object.fromEntries(fields.flatMap((name) => typeof values[name] === 'string' ? [[name, values[name]]] : [])) as Record<string, string>,
      ...(invited && { [invited.attribute]: invited.display })
    }
    // The identifier may be the visitor's own, so the page offers a login with it
    const taken = errors && fields.find((name) => errors[name]?.includes('taken'))
    const known = taken === undefined ? undefined : String(values[taken])
    const loginPath = (hint?: string) => kit.link('/login', { return_to: returnTo ?? undefined, login_hint: hint, ui_locales: uiLocales })
    const home = attributes.map(({ name }) => users.domains?.requiredHomeOf(String(values[name] ?? ''))).find((found) => found)
    return kit.send(reply, 'register', {
      ...page,
      action: kit.link('/register'),
      csrf: kit.csrf(reply),
      hidden: {
        ...(returnTo !== null && { return_to: returnTo }),
        ...(uiLocales !== undefined && { ui_locales: uiLocales }),
        ...(token !== undefined && { invitation: token })
      },
      fields: attributes.map(({ name, title }) => ({
        attribute: name, title, isFixed: name === invited?.attribute, isRequired: isVerified && name === address
      })),
      ...(social && invited === null && config.registration === 'open' && {
        providers: (await import('./provider-links.ts')).providerLinks(kit, social, page.texts.upstream.register, { returnTo, uiLocales }, ({ use }) => use !== 'login')
      }),
      askName: true,
      ...(own && { profileFields: own }),
      minPasswordLength: rules.minLength,
      passwordKinds: rules.kinds,
      values: shownAgain,
      ...(terms.url !== undefined && { terms: { url: terms.url, privacyUrl: terms.privacyUrl } }),
      ...(errors && { errors: formErrors(errors, [...fields, 'password'], page.texts) }),
      ...(problem && { errors: problemErrors(problem, page) }),
      links: {
        login: loginPath(),
        ...(known !== undefined && { loginAs: { value: known, href: loginPath(known) } }),
        ...(home && { elsewhere: { href: home.href({ returnTo, uiLocales }), text: page.texts.upstream.logIn(home.label) } })
      }
    }, { leaves })
  }
}

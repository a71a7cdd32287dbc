import type { FastifyReply, FastifyRequest } from 'fastify'
import { FORGOT_PAGE } from '../../src/verification/links.ts'
import { REAUTH } from '../../src/oauth/authorize/reauthentication.ts'
import type { Services } from '../../src/compose/services.ts'
import type { LoginModel } from '../../src/views/login.tsx'
import { AUTHORIZE, hiddenParams, knownParams } from './answer.ts'
import { localesOf } from '../http/preferred-languages.ts'
import type { Kit } from './kit.ts'
import { queryOf, type FindReturnTarget } from './return-target.ts'
import { problemErrors, type Problem } from './problems.ts'

export type LoginState = {
  returnTo: string | null
  username?: string | undefined
  /** Where the page asks first who logs in: the second step. */
  isSecondStep?: boolean | undefined
  /** What the first step has got is no name of anybody. */
  wrongName?: 'missing' | 'invalid'
  remember?: boolean
  problem?: Problem | undefined
  /** The user who is already logged in, when a new login is required. */
  userId?: string | undefined
  /** How the previous session of the browser ended. */
  ended?: 'idle' | 'ended' | null
}

export type ShowLogin = (request: FastifyRequest, reply: FastifyReply, state: LoginState) => Promise<FastifyReply>

/** Asks for the password of a named user. */
export const PASSWORD_STEP = 'password'

export function createLoginPage (kit: Kit, services: Services, findReturnTarget: FindReturnTarget): ShowLogin {
  const { config, social, users: { attributes }, verification: { channels } } = services
  // A form with an address of one of these domains goes on to a provider
  const sendsAway = Object.values(config.social).some(({ domains = [] }) => domains.length > 0)
  const isFirst = config.login.identifierFirst === 'on'

  return async (request, reply, { returnTo, username, isSecondStep, wrongName, remember = false, problem, userId, ended }) => {
    const page = kit.page(request)
    const uiLocales = localesOf(request)
    const { app, leaves } = await findReturnTarget(returnTo)
    const step = !isFirst ? undefined : isSecondStep && username?.trim() ? PASSWORD_STEP : 'identifier'
    const prompt = isFirst ? promptOf(request) : undefined
    const home = step === PASSWORD_STEP ? social?.domains.homeOf(username) : undefined
    const target = { return_to: returnTo ?? undefined, ui_locales: uiLocales }
    return kit.send(reply, 'login', {
      ...page,
      action: kit.link('/login'),
      csrf: kit.csrf(reply),
      ...(step && { step }),
      hidden: {
        ...(returnTo !== null && { return_to: returnTo }), ...(uiLocales !== undefined && { ui_locales: uiLocales }),
        ...(prompt && { prompt })
      },
      fields: attributes.map(({ name, title }) => ({ attribute: name, title })),
      values: { username, remember },
      app,
      ...(sendsAway && step === undefined && { passwordOptional: true }),
      ...(userId !== undefined && { again: { account: await kit.accountName(userId), cancel: cancelOf(returnTo) } }),
      ...(social && {
        providers: (await import('./provider-links.ts')).providerLinks(kit, social, page.texts.upstream.logIn, {
          returnTo, uiLocales, prompt: userId === undefined ? undefined : 'login'
        }, ({ name }) => step !== PASSWORD_STEP || name === home?.provider)
      }),
      notice: ended ? page.texts.login[ended] : undefined,
      ...(wrongName && { errors: { fields: { username: [page.texts.problems[wrongName]] } } }),
      ...(problem &&
        { errors: isShortNumber(problem, username) ? { form: [page.texts.problems.phoneCountry] } : problemErrors(problem, page) }),
      links: {
        forgot: channels.mail ? kit.link(FORGOT_PAGE) : undefined,
        register: config.registration === 'open' ? kit.link('/register', target) : undefined,
        ...(step === PASSWORD_STEP && { another: kit.link('/login', { ...target, prompt }) })
      }
    }, { leaves: leaves || sendsAway })
  }

  function isShortNumber (problem: Problem, username?: string): boolean {
    return problem === 'wrongLogin' && attributes.some(({ lacks }) => lacks(username) === 'country')
  }

  /** Where "cancel" leads: the application that requested this login receives `access_denied`; others return to the previous page. */
  function cancelOf (returnTo: string | null): NonNullable<LoginModel['again']>['cancel'] {
    const params = queryOf(returnTo, kit.link(AUTHORIZE))
    if (params?.[REAUTH] === undefined) return { href: returnTo ?? config.homePath }
    return { action: kit.link(AUTHORIZE), hidden: { ...hiddenParams(knownParams(params)), decision: 'deny' } }
  }
}

/** Of the first step, for the second. */
function promptOf ({ query, body }: FastifyRequest): 'login' | undefined {
  return ((body ?? query ?? {}) as { prompt?: unknown }).prompt === 'login' ? 'login' : undefined
}

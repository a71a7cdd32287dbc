import type { FastifyReply, FastifyRequest } from 'fastify'
import { packQuery } from '../../src/http/packed-query.ts'
import { SHOWN_AS, shownAs, SHOWN_TO, type Outcome } from '../../src/oauth/authorize/authorize.ts'
import { REAUTH } from '../../src/oauth/authorize/reauthentication.ts'
import type { Params } from '../../src/oauth/authorize/request.ts'
import type { Config } from '../../src/config/config.ts'
import type { Services } from '../../src/compose/services.ts'
import type { Hidden } from '../../src/views/page.ts'
import { CSRF_FIELD } from './csrf.ts'
import type { Kit } from './kit.ts'

export const AUTHORIZE = '/v1/oauth/authorize'

export type Answer = (request: FastifyRequest, reply: FastifyReply, outcome: Outcome) => Promise<FastifyReply>

type Of<Kind> = Extract<Outcome, { kind: Kind }>

/** The browser's answer for the outcome of an authorization request. */
export function createAnswer (kit: Kit, { config }: Services): Answer {
  async function answer (
    request: FastifyRequest,
    reply: FastifyReply,
    { destination: { redirectUri, responseMode }, params, ask }: Of<'answer'>
  ): Promise<FastifyReply> {
    const model = { ...kit.page(request), redirectUri, params }
    if (ask) return await kit.send(reply, 'formPost', { ...model, ask: responseMode === 'query' ? 'get' : 'post' }, { leaves: true })
    // RFC 9700 section 4.12: 303, so that the browser does not repeat a POST at the redirect URI
    if (responseMode === 'query') return reply.redirect(withParams(redirectUri, params), 303)
    return await kit.send(reply, 'formPost', { ...model, script: kit.script }, { leaves: true, script: true })
  }

  function logIn (reply: FastifyReply, { request: { loginHint, uiLocales, prompts }, params, again }: Of<'login'>): FastifyReply {
    const locales = localesFor(uiLocales)
    if (prompts.includes('create') && config.registration === 'open') {
      return reply.redirect(withParams(kit.link('/register'), { return_to: authorizePath(config, params), ...locales }), 303)
    }
    const query = new URLSearchParams({
      return_to: authorizePath(config, params),
      ...(again && { prompt: 'login' }),
      ...(isShort(loginHint) && { login_hint: loginHint }),
      ...locales
    })
    return reply.redirect(withParams(config.loginPath, query), 303)
  }

  async function consent (
    request: FastifyRequest,
    reply: FastifyReply,
    { request: { client, destination, resources, uiLocales }, params, session, newScopes }: Of<'consent'>
  ): Promise<FastifyReply> {
    const switchUrl = withParams(config.loginPath, { prompt: 'login', return_to: authorizePath(config, params), ...localesFor(uiLocales) })
    const page = kit.page(request, uiLocales)
    return kit.send(reply, 'consent', {
      ...page,
      action: kit.link(AUTHORIZE),
      csrf: kit.csrf(reply),
      hidden: { ...hiddenParams(knownParams(params)), [SHOWN_TO]: session.userId, [SHOWN_AS]: shownAs(client) },
      client: { name: client.name, firstParty: client.firstParty, ofUser: client.ownerId !== null },
      redirectUri: destination.redirectUri,
      account: { name: await kit.accountName(session.userId), switchUrl },
      scopes: kit.scopes(newScopes, page),
      resources,
      canTakeBack: true
    }, { leaves: true })
  }

  return async (request, reply, outcome) => {
    if (outcome.kind === 'consent') return await consent(request, reply, outcome)
    if (outcome.kind === 'again') return reply.redirect(authorizePath(config, outcome.params), 303)
    return outcome.kind === 'login' ? logIn(reply, outcome) : await answer(request, reply, outcome)
  }
}

const OWN = [CSRF_FIELD, SHOWN_TO, SHOWN_AS, 'decision']

/** The parameters of the authorization request, without those that our form adds. */
export function requestParams (params: Params): Params {
  return Object.fromEntries(Object.entries(params).filter(([name]) => !OWN.includes(name)))
}

/** RFC 9700 section 2.1: only these parameters are repeated in an address or form, because others may hold a credential. */
export const REQUEST = [
  'response_type',
  'response_mode',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
  'resource',
  'request',
  'request_uri',
  'nonce',
  'claims',
  'claims_locales',
  'prompt',
  'max_age',
  'login_hint',
  'id_token_hint',
  'ui_locales',
  'acr_values',
  'display',
  REAUTH
]

/** The address that starts the same authorization request again. @throws 400 when it is too long */
export function authorizePath ({ basePath }: Pick<Config, 'basePath'>, params: Params): string {
  return pathWith(basePath + AUTHORIZE, knownParams(params))
}

export function knownParams (params: Params): Params {
  return Object.fromEntries(Object.entries(params).filter(([name]) => REQUEST.includes(name)))
}

/** Leaves out parameters that are not strings. @throws 400 when the address is too long */
export function pathWith (path: string, params: Params): string {
  const pairs = Object.entries(hiddenParams(params)).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value])
  )
  return pairs.length === 0 ? path : `${path}?${packQuery(new URLSearchParams(pairs).toString())}`
}

export function hiddenParams (params: Params): Hidden {
  return Object.fromEntries(
    Object.entries(params).filter((entry): entry is [string, string | string[]] => typeof entry[1] === 'string' || Array.isArray(entry[1]))
  )
}

/** Measured encoded, because it goes into an address beside the request. */
const isShort = (text: string | undefined): text is string => text !== undefined && encodeURIComponent(text.toWellFormed()).length <= 500

const localesFor = (uiLocales: string | undefined) => ({ ...(isShort(uiLocales) && { ui_locales: uiLocales }) })

/** Appends parameters to an address without changing it, since redirect URIs are compared as exact strings. */
export function withParams (url: string, params: Record<string, string> | URLSearchParams): string {
  return `${url}${url.includes('?') ? '&' : '?'}${new URLSearchParams(params)}`
}

/** For what needs a recent login: the login page, which leads back to a page of ours. */
export function logInAgain (reply: FastifyReply, { basePath, loginPath }: Pick<Config, 'basePath' | 'loginPath'>, path: string): FastifyReply {
  return reply.redirect(withParams(loginPath, { prompt: 'login', return_to: basePath + path }), 303)
}

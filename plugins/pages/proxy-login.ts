import type { FastifyReply, FastifyRequest } from 'fastify'
import { matchesRedirectUri } from '../../src/clients/redirect-uri.ts'
import { callerOf } from '../../src/http/caller.ts'
import { withQuery } from '../../src/http/front-end-url.ts'
import { HttpError } from '../../src/http/http-error.ts'
import { OAuthError } from '../../src/oauth/errors.ts'
import type { Client } from '../../src/oauth/ports.ts'
import type { ProvenUser } from '../../src/oauth/token/issue-tokens.ts'
import { pendingProof } from '../../src/sessions/auth-sessions.ts'
import type { Provider } from '../../src/social/ports.ts'
import type { Intent, ProxyIntent } from '../../src/social/upstream-logins.ts'
import type { Internals } from '../internals.ts'
import type { Pages } from '../pages.ts'
import { misconfigured } from '../proxy/errors.ts'
import { proxiedClient } from '../proxy/local.ts'
import { createRefreshCookie } from '../proxy/refresh-cookie.ts'
import type { UpstreamProblem } from './problems.ts'
import type { Returned, UpstreamPages } from './upstream.ts'

/** Where a login goes on that something was missing for, under the issuer. */
const continuePath = (provider: string) => `/v1/auth/${provider}/continue`

/** A login at a client proxy, and the page of its application where it ends. */
export type ProxyLogin = Intent & { returnTo: string, proxy: ProxyIntent }

type Outcome = { answer?: Returned['answer'] | undefined, problem?: Returned['problem'] | undefined }

/** The application of a client proxy sends users to a provider; they come back with the cookie of the proxy, and no token in an address. */
export type ProxyLogins = {
  /** Whether it is one. */
  is: (intent: Intent | null) => intent is ProxyLogin
  /** @throws HttpError 400 for a client without proxy, and for a page that is not one of its own */
  read: (asked: { client: string, returnTo: string | undefined, scope: string | undefined }) => Promise<ProxyLogin>
  /** Back to the application, with a word of RFC 6749 section 4.1.2.1 or OpenID Connect Core section 3.1.2.6, and nothing else. */
  refuse: (reply: FastifyReply, login: ProxyLogin, problem: UpstreamProblem['is']) => FastifyReply
  /** After the answer of the provider. */
  finish: (request: FastifyRequest, reply: FastifyReply, provider: Provider, login: ProxyLogin, returned: Outcome) => Promise<FastifyReply>
  /** After what was asked for on our pages. @returns null when nothing was asked for in this browser */
  resume: (request: FastifyRequest, reply: FastifyReply, provider: Provider, state: string) => Promise<FastifyReply | null>
}

/** Whoever is not known here, or must log in another way first, is not told apart from others by more than the word. */
const WORDS: Record<UpstreamProblem['is'], string> = {
  canceled: 'access_denied', unknown: 'access_denied', unverified: 'access_denied', incomplete: 'access_denied', refused: 'access_denied',
  exists: 'login_required', expired: 'login_required', failed: 'server_error', unavailable: 'temporarily_unavailable'
}

export function createProxyLogins (
  { browser, clients, config, oauth, users }: Internals,
  pages: Pick<Pages, 'afterLogin' | 'askMissing'>,
  upstream: Pick<UpstreamPages, 'identify' | 'resume' | 'suspend'>
): ProxyLogins {
  const cookie = createRefreshCookie(config.issuer)

  /** The client may have changed since the login began. */
  async function clientOf (slug: string, returnTo: string): Promise<Client> {
    const client = await proxiedClient({ config, clients }, slug).catch((error: unknown) => {
      throw error instanceof HttpError && error.code === 'LK_NO_SUCH_CLIENT' ? untrusted(error.message) : error
    })
    if (!matchesRedirectUri(client, returnTo)) throw untrusted('return_to is not a redirect URI of the client')
    return client
  }

  const back = (reply: FastifyReply, { returnTo }: ProxyLogin, error: string) => reply.redirect(withQuery(returnTo, { error }), 303)

  async function logIn (
    request: FastifyRequest, reply: FastifyReply, login: ProxyLogin, { client, user }: { client: Client, user: ProvenUser }
  ): Promise<FastifyReply> {
    const { returnTo, proxy: { client: slug, scope } } = login
    try {
      const { body, refreshTokenExpiresIn = 0 } = await oauth.token.logIn(client, user, { scope, caller: callerOf(request) })
      const { refresh_token: token } = body
      if (token === undefined) throw misconfigured(new TypeError(`The client ${slug} may not refresh`))
      cookie.set(reply, slug, token, refreshTokenExpiresIn)
      return reply.redirect(returnTo, 303)
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error
      return back(reply, login, error.error === 'invalid_grant' ? 'access_denied' : error.error)
    }
  }

  /** Whatever is missing is asked for on our pages, which need a browser session. @returns null when nothing is */
  async function ask (
    request: FastifyRequest, reply: FastifyReply, provider: Provider, login: ProxyLogin, user: ProvenUser
  ): Promise<FastifyReply | null> {
    const { userId, passwordStamp, missing, origin } = user
    if (missing.length === 0 && (users.terms === null || await users.terms.hasAccepted(userId))) return null
    const { stay = await browser.session(request) !== null, ...proxy } = login.proxy
    const waiting = { userId, passwordStamp, ...pendingProof({ origin: origin && { ...origin, sealed: undefined } }) }
    const state = await upstream.suspend(request, reply, provider, { ...login, proxy: { ...proxy, stay, user: waiting } })
    const path = withQuery(config.basePath + continuePath(provider.name), { state })
    try {
      const session = await browser.logIn(request, reply, user)
      return session ? reply.redirect(await pages.afterLogin(userId, path), 303) : back(reply, login, 'access_denied')
    } catch (error) {
      const asked = pages.askMissing(request, reply, error, path)
      if (asked) return await asked
      throw error
    }
  }

  const is = (intent: Intent | null): intent is ProxyLogin => intent?.proxy !== undefined && intent.returnTo !== null

  return {
    is,

    async read ({ client: slug, returnTo, scope }) {
      if (returnTo === undefined) throw untrusted('return_to is missing')
      const client = await clientOf(slug, returnTo)
      // As for a login with a password at the proxy
      if (!client.firstParty || !client.grantTypes.includes('refresh_token')) throw misconfigured(new TypeError(`${slug} has no logins`))
      try {
        oauth.scopes.grant(client, scope)
      } catch (error) {
        throw error instanceof OAuthError ? untrusted(error.description) : error
      }
      return { returnTo, proxy: { client: slug, ...(scope !== undefined && { scope }) } }
    },

    refuse: (reply, login, problem) => back(reply, login, WORDS[problem]),

    async finish (request, reply, provider, login, { answer, problem }) {
      const client = await clientOf(login.proxy.client, login.returnTo)
      if (!answer) return back(reply, login, WORDS[problem ?? 'failed'])
      try {
        const { user, refused } = await upstream.identify(request, provider, answer)
        if (refused) return back(reply, login, WORDS[refused])
        return await ask(request, reply, provider, login, user) ?? await logIn(request, reply, login, { client, user })
      } catch (error) {
        if (!(error instanceof HttpError) || error.statusCode !== 503) throw error
        request.log.warn({ provider: provider.name, err: error }, 'A login at a provider could not be finished')
        return back(reply, login, 'temporarily_unavailable')
      }
    },

    async resume (request, reply, provider, state) {
      const intent = await upstream.resume(request, provider, state)
      if (!is(intent) || !intent.proxy.user) return null
      const { proxy: { user: known, ...proxy }, ...rest } = intent
      const login = { ...rest, proxy }
      const client = await clientOf(proxy.client, rest.returnTo)
      const session = await browser.session(request)
      if (session?.userId !== known.userId) return back(reply, login, 'login_required')
      const { amr, authTime } = session
      const user = { ...known, amr, authTime, missing: await users.records.missing(session), notices: [] }
      const asked = await ask(request, reply, provider, login, user)
      if (asked) return asked
      const answer = await logIn(request, reply, login, { client, user })
      // It was only for the question
      if (proxy.stay !== true) await browser.logOut(request, reply)
      return answer
    }
  }
}

const untrusted = (message: string) => new HttpError('LK_UNTRUSTED_REQUEST', { message })

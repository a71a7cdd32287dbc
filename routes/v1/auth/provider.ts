import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { limit } from '../../../plugins/http/limits.ts'
import { localesOf, preferredLanguages } from '../../../plugins/http/preferred-languages.ts'
import { internals } from '../../../plugins/internals.ts'
import { SECURITY } from '../../../plugins/pages/account-paths.ts'
import type { UpstreamProblem } from '../../../plugins/pages/problems.ts'
import { createProxyLogins } from '../../../plugins/pages/proxy-login.ts'
import { createUpstreamPages } from '../../../plugins/pages/upstream.ts'
import { callerOf } from '../../../src/http/caller.ts'
import { localPath } from '../../../src/http/return-to.ts'
import { CallbackQuery, ContinueQuery, ProviderParams, RedirectQuery, showPage } from '../../../src/schemas/pages.ts'
import { accountOf } from '../../../src/social/identities.ts'
import type { Provider } from '../../../src/social/ports.ts'
import type { UpstreamAnswer } from '../../../src/social/upstream.ts'

const tags = ['Social login']

const CODES: Partial<Record<UpstreamProblem['is'], number>> = { canceled: 200, unavailable: 503, expired: 400 }

const provider: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const services = internals(app)
  const { browser, config, social } = services
  const upstream = createUpstreamPages(services, social!)
  const proxies = createProxyLogins(services, pages, upstream)

  /** Another way to log in is there on the same page. */
  async function refuse (
    request: FastifyRequest, reply: FastifyReply, { label }: Provider, is: UpstreamProblem['is'], returnTo: string | null, reason?: string
  ) {
    return await pages.login(request, reply.code(CODES[is] ?? 401), { returnTo, problem: { provider: label, is, reason } })
  }

  app.get('/v1/auth/:provider/redirect', {
    config: limit('password'),
    schema: {
      tags,
      summary: 'Log in at a provider: goes there, and comes back to `return_to`',
      description: 'With `client`, for the application of a client proxy: it gets the cookie `refreshToken` of its proxy, and calls `/v1/clients/:client/refresh`.',
      params: ProviderParams,
      querystring: RedirectQuery,
      response: showPage
    }
  }, async (request, reply) => {
    const provider = upstream.providerOf(request.params.provider)
    const { return_to: target, prompt, login_hint: loginHint, client, scope } = request.query
    const start = { again: prompt === 'login', uiLocales: localesOf(request), loginHint }
    if (client !== undefined) {
      const login = await proxies.read({ client, returnTo: target, scope })
      const begun = await upstream.begin(request, reply, provider, login, start)
      return typeof begun === 'string' ? proxies.refuse(reply, login, begun) : begun
    }
    if (prompt !== 'login' && await browser.session(request)) return reply.redirect(browser.returnPath(target), 303)
    const returnTo = localPath(target)
    const begun = await upstream.begin(request, reply, provider, { returnTo }, start)
    return typeof begun === 'string' ? await refuse(request, reply, provider, begun, returnTo) : begun
  })

  app.get('/v1/auth/:provider/callback', {
    config: limit('password'),
    schema: { tags, summary: 'Where a provider sends the browser back to', params: ProviderParams, querystring: CallbackQuery, response: showPage }
  }, async (request, reply) => {
    const provider = upstream.providerOf(request.params.provider)
    const { intent, answer, problem } = await upstream.finish(request, provider)
    const returnTo = intent?.returnTo ?? null
    if (proxies.is(intent)) return await proxies.finish(request, reply, provider, intent, { answer, problem })
    if (intent?.link) return await link(request, reply, provider, intent.link, answer)
    if (problem !== undefined) return await refuse(request, reply, provider, problem, returnTo)
    try {
      const { user, refused, reason } = await upstream.identify(request, provider, answer)
      const session = user && await browser.logIn(request, reply, user)
      if (!session) return await refuse(request, reply, provider, refused ?? 'refused', returnTo, reason)
      return reply.redirect(await pages.afterLogin(session.userId, browser.returnPath(returnTo)), 303)
    } catch (error) {
      // What is missing is asked for here; afterwards the login goes on to where it was for
      const asked = pages.askMissing(request, reply, error, returnTo)
      if (asked) return await asked
      throw error
    }
  })

  app.get('/v1/auth/:provider/continue', {
    config: limit('password'),
    schema: {
      tags, summary: 'Where a login for a client proxy goes on after a page that has asked for something', params: ProviderParams, querystring: ContinueQuery, response: showPage
    }
  }, async (request, reply) => {
    const provider = upstream.providerOf(request.params.provider)
    const done = await proxies.resume(request, reply, provider, request.query.state ?? '')
    return done ?? await refuse(request, reply, provider, 'expired', null)
  })

  /** Only in the session that has asked for it: otherwise somebody could add their own account to that of another. */
  async function link (
    request: FastifyRequest, reply: FastifyReply, provider: Provider, asked: { userId: string, sessionId: string }, answer?: UpstreamAnswer
  ) {
    const session = await browser.session(request)
    if (session?.id !== asked.sessionId || session.userId !== asked.userId) return await refuse(request, reply, provider, 'expired', null)
    const by = { caller: callerOf(request), preferences: preferredLanguages(request) }
    const outcome = answer && await social!.identities.link(session, accountOf(provider, answer.profile), by, answer.tokens)
    pages.notices.keep(reply, SECURITY, session.userId, outcome === undefined || outcome === 'gone' ? 'identityFailed' : LINKED[outcome])
    return reply.redirect(config.basePath + SECURITY, 303)
  }
}

const LINKED = { linked: 'identityLinked', own: 'identityOwn', taken: 'identityTaken', elsewhere: 'identityElsewhere' } as const

export default provider

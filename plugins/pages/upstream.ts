import type { FastifyReply, FastifyRequest } from 'fastify'
import type { SocialServices } from '../../src/compose/social.ts'
import { callerOf } from '../../src/http/caller.ts'
import { HttpError } from '../../src/http/http-error.ts'
import type { Provider } from '../../src/social/ports.ts'
import type { UpstreamAnswer } from '../../src/social/upstream.ts'
import { UpstreamError } from '../../src/social/upstream-error.ts'
import type { Intent } from '../../src/social/upstream-logins.ts'
import { createUpstreamCookie } from '../browser/upstream-cookie.ts'
import type { Internals } from '../internals.ts'
import { createIdentify, type Identified } from '../social/identify.ts'
import type { UpstreamProblem } from './problems.ts'

/** Under the issuer; registered at the provider. */
export const callbackPath = (provider: string) => `/v1/auth/${provider}/callback`

const ANSWERED_OTHERWISE = 'the answer has not come in the response mode that was asked for'

type Start = { again?: boolean | undefined, uiLocales?: string | undefined, loginHint?: string | undefined }

/** What came back from a provider. */
export type Returned =
  | { intent: Intent, answer: UpstreamAnswer, problem?: never }
  | { intent: Intent | null, problem: UpstreamProblem['is'], answer?: never }

/** What pages do with providers. */
export type UpstreamPages = {
  /** @throws HttpError 404 */
  providerOf: (name: string) => Provider
  /** Sends the browser to the provider. @returns the problem if it cannot be reached */
  begin: (request: FastifyRequest, reply: FastifyReply, provider: Provider, intent: Intent, start?: Start) =>
  Promise<FastifyReply | UpstreamProblem['is']>
  /** Reads the answer of the provider, once. */
  finish: (request: FastifyRequest, provider: Provider) => Promise<Returned>
  /** Whose account it is at the provider. @returns why nobody is let in, or the user, who is not logged in yet */
  identify: (request: FastifyRequest, provider: Provider, answer: UpstreamAnswer) => Promise<Identified>
  /** Keeps a login for this browser while something else is asked for. @returns the `state` with which it goes on */
  suspend: (request: FastifyRequest, reply: FastifyReply, provider: Provider, intent: Intent) => Promise<string>
  /** A login that was kept, once. */
  resume: (request: FastifyRequest, provider: Provider, state: string) => Promise<Intent | null>
}

export function createUpstreamPages (
  { clock, config, mail, users }: Pick<Internals, 'clock' | 'config' | 'mail' | 'users'>,
  social: SocialServices
): UpstreamPages {
  const { providers, logins, upstreamOf } = social
  const identify = createIdentify({ clock, mail, users }, social)
  const cookie = createUpstreamCookie(config)
  const redirectUri = ({ name }: Provider) => config.issuer + callbackPath(name)

  /** The operator is told why; the user only what to do. */
  function problemOf (error: unknown, request: FastifyRequest, { name }: Provider): UpstreamError['problem'] {
    if (!(error instanceof UpstreamError)) throw error
    if (error.problem !== 'canceled') request.log[error.isKnown ? 'debug' : 'warn']({ provider: name, reason: error.message }, 'A login at a provider has failed')
    return error.problem
  }

  async function started (request: FastifyRequest, { name }: Provider, state: string) {
    const secret = cookie.read(request)
    return secret === undefined ? null : await logins.finish(name, secret, state, cookie.readAnswer(request))
  }

  return {
    providerOf (name) {
      const provider = providers.get(name)
      if (!provider) throw new HttpError('LK_NOT_FOUND')
      return provider
    },

    async begin (request, reply, provider, intent, start = {}) {
      const secrets = await logins.start(provider.name, cookie.keep(request, reply), intent)
      try {
        const url = await upstreamOf(provider).authorizationUrl({ ...secrets, ...start, redirectUri: redirectUri(provider) })
        return reply.redirect(url.href, 303)
      } catch (error) {
        return problemOf(error, request, provider)
      }
    },

    async finish (request, provider) {
      const query = new URLSearchParams(queryOf(request.url))
      const login = await started(request, provider, query.get('state') ?? '')
      if (!login || login.intent.logout) return { intent: null, problem: 'expired' }
      const { intent, secrets, answer } = login
      const params = answer ?? query
      try {
        // Nobody answers in another way than they were asked to: one of the two is somebody else
        if ((answer !== null) !== (provider.responseMode === 'form_post')) throw new UpstreamError('failed', ANSWERED_OTHERWISE)
        return { intent, answer: await upstreamOf(provider).redeem({ ...secrets, redirectUri: redirectUri(provider), params }) }
      } catch (error) {
        return { intent, problem: problemOf(error, request, provider) }
      }
    },

    identify: async (request, provider, answer) => await identify(request, provider, answer, { caller: callerOf(request) }),

    async suspend (request, reply, provider, intent) {
      return (await logins.start(provider.name, cookie.keep(request, reply), intent)).state
    },

    resume: async (request, provider, state) => (await started(request, provider, state))?.intent ?? null
  }
}

/** RFC 3986 section 3.4: a query may contain question marks. */
function queryOf (url: string): string {
  return url.includes('?') ? url.slice(url.indexOf('?') + 1) : ''
}

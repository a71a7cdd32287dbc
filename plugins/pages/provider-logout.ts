import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { SocialServices } from '../../src/compose/social.ts'
import type { Provider } from '../../src/social/ports.ts'
import type { ThereLogin } from '../../src/social/provider-logout.ts'
import { UpstreamError } from '../../src/social/upstream-error.ts'
import type { Internals } from '../internals.ts'
import { localesOf } from '../http/preferred-languages.ts'
import { createUpstreamPages } from './upstream.ts'

/** Milliseconds for which a logout waits for the metadata of a provider; mostly it is known from the login. */
const LIMIT_MS = 2000

/** Where a provider sends the browser back to after the logout there; registered at the provider. Under the issuer. */
export const loggedOutPath = (provider: string) => `/v1/auth/${provider}/logged-out`

/** The logout at a provider, after that of this server, which never waits for it and never fails because of it. */
export type ProviderLogoutPages = {
  /** To be asked before the session ends. @returns null for a session of anything else */
  find: (request: FastifyRequest, sessionId: string) => Promise<ThereLogin | null>
  /**
   * After the session has ended.
   * @param returnTo a path on this server, where the logout goes on afterwards
   * @returns the address at the provider, or null if it cannot be told
   */
  leave: (request: FastifyRequest, reply: FastifyReply, there: ThereLogin, returnTo: () => string) => Promise<string | null>
  /** Where the logout that has come back goes on, once and in its browser. */
  comeBack: (request: FastifyRequest, provider: Provider, state: string) => Promise<string | null>
}

type Dependencies = Pick<Internals, 'clock' | 'config' | 'mail' | 'users'>

export function createProviderLogoutPages (services: Dependencies, social: SocialServices): ProviderLogoutPages {
  const { config } = services
  const upstream = createUpstreamPages(services, social)
  const { logout, upstreamOf } = social

  function failed (request: FastifyRequest, provider: string | undefined, error: unknown): null {
    request.log.warn(
      { provider, ...(error instanceof UpstreamError ? { reason: error.message } : { err: error }) },
      'A browser could not be sent on to the logout of its provider'
    )
    return null
  }

  async function addressOf (
    request: FastifyRequest, reply: FastifyReply, { provider, idToken }: ThereLogin, returnTo: () => string
  ): Promise<string> {
    const late = sleep(LIMIT_MS, null, { ref: false })
    const state = await upstream.suspend(request, reply, provider, { returnTo: returnTo(), logout: true })
    const asked = upstreamOf(provider).endSessionUrl({
      idToken, state, redirectUri: config.issuer + loggedOutPath(provider.name), uiLocales: localesOf(request)
    })
    const url = await Promise.race([asked, late])
    if (url) return url.href
    // What it says later is of no use, and its failure is none of the process
    asked.catch(() => {})
    throw new UpstreamError('unavailable', `${provider.name} has not answered within ${LIMIT_MS} ms`)
  }

  return {
    find: async (request, sessionId) =>
      await logout?.find(sessionId).catch((error: unknown) => failed(request, undefined, error)) ?? null,

    async leave (request, reply, there, returnTo) {
      try {
        await logout?.retire(there)
        return await addressOf(request, reply, there, returnTo)
      } catch (error) {
        return failed(request, there.provider.name, error)
      }
    },

    async comeBack (request, provider, state) {
      const intent = await upstream.resume(request, provider, state)
      return intent?.logout === true ? intent.returnTo : null
    }
  }
}

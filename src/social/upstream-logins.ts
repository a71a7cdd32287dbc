import { createHmac } from 'node:crypto'
import { hashSecret } from '../crypto/secrets.ts'
import type { SignedIn } from '../oauth/ports.ts'
import type { OneTimeTokens } from '../verification/one-time-tokens.ts'

/** What a login at a provider is for. */
export type Intent = {
  /** A path on this server; for a client proxy, a redirect URI of its client. */
  returnTo: string | null
  proxy?: ProxyIntent | undefined
  /** Somebody who is logged in adds a way in, and comes back in the same session. */
  link?: { userId: string, sessionId: string } | undefined
}

/** A login at a client proxy. `user`: the provider has said who it is, and something else is still asked for on our pages. */
export type ProxyIntent = {
  /** Its slug. */
  client: string
  scope?: string | undefined
  user?: SignedIn | undefined
  /** Somebody was logged in on our pages before that. */
  stay?: boolean | undefined
}

/** As it is stored: nothing in it opens anything. */
export type StartedLogin = Intent & {
  provider: string
  /** SHA-256 of the secret in the cookie of the browser. */
  browser: string
}

/** What goes to the provider and is compared with what comes back. Only `state` is known to the database, by its hash. */
export type Secrets = {
  state: string
  /** OpenID Connect Core section 3.1.2.1 */
  nonce: string
  /** RFC 7636 */
  verifier: string
}

export type UpstreamLoginStore = {
  /** Deletes it: of two at once, one gets it. */
  take: (hash: Uint8Array, provider: string, browser: string) => Promise<StartedLogin | null>
}

/** Logins that have been started and are under way at a provider. */
export type UpstreamLogins = {
  /** @param browser the secret of the cookie, 256 random bits */
  start: (provider: string, browser: string, intent: Intent) => Promise<Secrets>
  /**
   * The login of a `state`, which is used up. A state of another provider (mix-up) or another browser is not.
   * @returns null when there is none, it was used, or it is older than ten minutes
   */
  finish: (provider: string, browser: string, state: string) => Promise<{ intent: Intent, secrets: Secrets } | null>
}

type Dependencies = { store: UpstreamLoginStore, tokens: Pick<OneTimeTokens, 'issue'> }

const MAX_STATE = 100

export function createUpstreamLogins ({ store, tokens }: Dependencies): UpstreamLogins {
  const hashOf = (secret: string) => Buffer.from(hashSecret(secret)).toString('base64url')

  return {
    async start (provider, browser, intent) {
      const payload: StartedLogin = { ...intent, provider, browser: hashOf(browser) }
      const issued = await tokens.issue({ purpose: 'upstream', userId: null, identifier: null, payload })
      if (!issued) throw new TypeError('A login without a user is always stored')
      return secretsOf(issued.token, browser)
    },

    async finish (provider, browser, state) {
      if (state.length > MAX_STATE) return null
      const started = await store.take(hashSecret(state), provider, hashOf(browser))
      if (!started) return null
      const { provider: _provider, browser: _browser, ...intent } = started
      return { intent, secrets: secretsOf(state, browser) }
    }
  }
}

/** Made from the two secrets that meet only in a request of the same browser, so that nothing needs to be stored. */
function secretsOf (state: string, browser: string): Secrets {
  const derived = (label: string) => createHmac('sha256', browser).update(`${label}:${state}`).digest('base64url')
  return { state, nonce: derived('nonce'), verifier: derived('verifier') }
}

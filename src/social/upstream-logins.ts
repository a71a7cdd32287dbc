import { createHmac } from 'node:crypto'
import { seal, unseal } from '../crypto/seal.ts'
import { hashSecret } from '../crypto/secrets.ts'
import type { SignedIn } from '../oauth/ports.ts'
import type { UpstreamOrigin } from '../sessions/upstream-origin.ts'
import type { OneTimeTokens } from '../verification/one-time-tokens.ts'

/** What a login at a provider is for. */
export type Intent = {
  /** A path on this server; for a client proxy, a redirect URI of its client. */
  returnTo: string | null
  proxy?: ProxyIntent | undefined
  /** Somebody who is logged in adds a way in, and comes back in the same session. */
  link?: { userId: string, sessionId: string } | undefined
  /** No login: who has logged out here comes back from the logout there. */
  logout?: boolean | undefined
}

/** A login at a client proxy. `user`: the provider has said who it is, and something else is still asked for on our pages. */
export type ProxyIntent = {
  /** Its slug. */
  client: string
  scope?: string | undefined
  user?: SignedIn & { origin?: UpstreamOrigin } | undefined
  /** Somebody was logged in on our pages before that. */
  stay?: boolean | undefined
}

/** As it is stored: nothing in it opens anything. */
export type StartedLogin = Intent & {
  provider: string
  /** SHA-256 of the secret in the cookie of the browser. */
  browser: string
  /** The answer of the provider, if a browser has posted one: sealed, in base64url. */
  answer?: string
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
  /** Adds an answer where there is none: of two, the first one counts. */
  addAnswer: (hash: Uint8Array, provider: string, answer: string) => Promise<void>
}

/** Logins that have been started and are under way at a provider. */
export type UpstreamLogins = {
  /** @param browser the secret of the cookie, 256 random bits */
  start: (provider: string, browser: string, intent: Intent) => Promise<Secrets>
  /**
   * Keeps an answer that was posted until its browser comes for it. Without a login of that `state` nothing happens.
   * @returns its key, for the browser that has posted it: somebody who starts a login and has another user finish it at the provider does
   * not get it
   */
  keepAnswer: (provider: string, state: string, answer: URLSearchParams) => Promise<string>
  /**
   * The login of a `state`, which is used up. A state of another provider (mix-up) or another browser is not.
   * @param key of the answer, where one was posted
   * @returns with the answer that was kept, if any; null when there is none, it was used, the key is not that of its answer, or it is older
   * than ten minutes
   */
  finish: (provider: string, browser: string, state: string, key?: string) => Promise<FinishedLogin | null>
}

export type FinishedLogin = { intent: Intent, secrets: Secrets, answer: URLSearchParams | null }

type Dependencies = { store: UpstreamLoginStore, tokens: Pick<OneTimeTokens, 'issue'> }

/** Characters. */
export const MAX_STATE = 100

export function createUpstreamLogins ({ store, tokens }: Dependencies): UpstreamLogins {
  const hashOf = (secret: string) => Buffer.from(hashSecret(secret)).toString('base64url')

  return {
    async start (provider, browser, intent) {
      const payload: StartedLogin = { ...intent, provider, browser: hashOf(browser) }
      const issued = await tokens.issue({ purpose: 'upstream', userId: null, identifier: null, payload })
      if (!issued) throw new TypeError('A login without a user is always stored')
      return secretsOf(issued.token, browser)
    },

    async keepAnswer (provider, state, answer) {
      const text = answer.toString()
      // The same for the same answer, which a browser may post twice
      const key = createHmac('sha256', state).update(`key:${text}`).digest('base64url')
      const sealed = Buffer.from(seal(sealingKey(state, key), text, provider)).toString('base64url')
      await store.addAnswer(hashSecret(state), provider, sealed)
      return key
    },

    async finish (provider, browser, state, key = '') {
      if (state.length > MAX_STATE) return null
      const started = await store.take(hashSecret(state), provider, hashOf(browser))
      if (!started) return null
      const { provider: _provider, browser: _browser, answer: sealed, ...intent } = started
      const opened = sealed === undefined ? null : unseal([sealingKey(state, key)], Buffer.from(sealed, 'base64url'), provider)
      if (sealed !== undefined && !opened) return null
      return { intent, secrets: secretsOf(state, browser), answer: opened && new URLSearchParams(opened.text) }
    }
  }
}

/** Made from the two secrets that meet only in a request of the same browser, so that nothing needs to be stored. */
function secretsOf (state: string, browser: string): Secrets {
  const derived = (label: string) => createHmac('sha256', browser).update(`${label}:${state}`).digest('base64url')
  return { state, nonce: derived('nonce'), verifier: derived('verifier') }
}

/** The database knows only a hash of `state`, so that it cannot open an answer, which contains a code. */
function sealingKey (state: string, key: string): Buffer {
  return createHmac('sha256', state).update(`seal:${key}`).digest()
}

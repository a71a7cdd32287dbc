import type { FastifyInstance } from 'fastify'
import type { Services } from '../src/compose/services.ts'
import type { Events } from '../src/events/events.ts'
import type { ReadProviderTokens } from '../src/social/provider-tokens.ts'
import type { Browser } from './browser/browser.ts'

/** `app.latchkey`: the part of the server that a host may use. */
export type Latchkey = {
  /**
   * Calls a handler for each event, such as `login.failed` or `session.ended`. An error of a handler is logged and has no other effect.
   * @returns a function that unsubscribes
   * @throws TypeError for an unknown event name, or a handler that is not a function
   * @example app.latchkey.on('login.failed', ({ userId, reason, ip }) => { console.log(userId, reason, ip) })
   */
  on: Events['on']
  /** The issuer of tokens: APP_URL with the prefix. Without APP_URL it names the port of the server, once it listens. */
  readonly issuer: string
  /** Browser sessions and their cookie, for a login page of the host's own and for routes that guests may open. */
  readonly browser: Pick<Browser, 'session' | 'logInWithPassword' | 'logOut' | 'returnPath'>
  /**
   * With which the host acts for a user at a provider with the option `keepTokens`. An access token that is over is renewed there.
   * @param userId `request.auth.userId`
   * @param provider its name in the option `social`
   * @param options `subject`: which of the user's accounts there; default: the one used last
   * @returns null when nothing is kept, or the provider does not renew it: the user logs in there again
   * @throws HttpError `LK_PROVIDER_UNAVAILABLE` when the provider does not answer; nothing is lost
   * @example const tokens = await app.latchkey.providerTokens(userId, 'github')
   */
  readonly providerTokens: ReadProviderTokens
}

/** The parts that plugins and routes are built from. Not part of the API. */
export type Internals = Services & { browser: Browser }

/** Keyed by the decorator: every scope of an app sees the same one, and each app has its own. */
const parts = new WeakMap<Latchkey, Internals>()

export function createLatchkey (services: Services, browser: Browser): Latchkey {
  const { config, events, social } = services
  const { session, logInWithPassword, logOut, returnPath } = browser
  const latchkey: Latchkey = {
    on: events.on,
    get issuer () { return config.issuer },
    browser: { session, logInWithPassword, logOut, returnPath },
    providerTokens: async (...asked) => await social?.tokens?.read(...asked) ?? null
  }
  parts.set(latchkey, { ...services, browser })
  return latchkey
}

/** @throws TypeError in an app without Latchkey, or whose Latchkey has no database */
export function internals ({ latchkey }: Pick<FastifyInstance, 'latchkey'>): Internals {
  const found = parts.get(latchkey)
  if (!found) throw new TypeError('Register latchkey in the app first, and await it')
  return found
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Events, the issuer, browser sessions and tokens of providers; present where one of our plugins is registered with a database. */
    latchkey: Latchkey
  }
}

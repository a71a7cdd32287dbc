import type { FastifyInstance } from 'fastify'
import type { Services } from '../src/compose/services.ts'
import type { Events } from '../src/events/events.ts'
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
}

/** The parts that plugins and routes are built from. Not part of the API. */
export type Internals = Services & { browser: Browser }

/** Keyed by the decorator: every scope of an app sees the same one, and each app has its own. */
const parts = new WeakMap<Latchkey, Internals>()

export function createLatchkey (services: Services, browser: Browser): Latchkey {
  const { config, events } = services
  const { session, logInWithPassword, logOut, returnPath } = browser
  const latchkey: Latchkey = {
    on: events.on,
    get issuer () { return config.issuer },
    browser: { session, logInWithPassword, logOut, returnPath }
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
    /** Events, the issuer and browser sessions; present where one of our plugins is registered with a database. */
    latchkey: Latchkey
  }
}

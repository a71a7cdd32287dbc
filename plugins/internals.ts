import type { FastifyInstance } from 'fastify'
import type { Services } from '../src/compose/services.ts'
import type { Events } from '../src/events/events.ts'
import type { Browser } from './browser/browser.ts'

/** `app.latchkey`: what a host can ask of the server beside it. */
export type Latchkey = {
  /**
   * Calls a handler whenever something happens, such as `login.failed` or `session.ended`. One that fails is logged and changes nothing.
   * @returns unsubscribe
   * @throws TypeError for a name that is no event, or a handler that is no function
   * @example app.latchkey.on('login.failed', ({ userId, reason, ip }) => { console.log(userId, reason, ip) })
   */
  on: Events['on']
  /** The issuer of tokens: APP_URL with the prefix. Without APP_URL it names the port that listens, once one does. */
  readonly issuer: string
  /** Browser sessions and their cookie, for a login page of the host's own and for routes that guests may open. */
  readonly browser: Pick<Browser, 'session' | 'logInWithPassword' | 'logOut' | 'returnPath'>
}

/** What plugins and routes are made of. No part of the API. */
export type Internals = Services & { browser: Browser }

/** By what an app is decorated with, which every scope under it sees, and which is another one in another app. */
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

/** @throws TypeError where no Latchkey with a database is */
export function internals ({ latchkey }: Pick<FastifyInstance, 'latchkey'>): Internals {
  const found = parts.get(latchkey)
  if (!found) throw new TypeError('Register latchkey in the app first, and await it')
  return found
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Events, the issuer and browser sessions, where one of our plugins is registered with a database. */
    latchkey: Latchkey
  }
}

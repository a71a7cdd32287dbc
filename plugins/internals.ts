import type { FastifyInstance } from 'fastify'
import type { Services } from '../src/compose/services.ts'
import type { Latchkey } from './app-latchkey.ts'
import type { Browser } from './browser/browser.ts'

/** What plugins and routes are made of. No part of the API: a host has `app.latchkey`. */
export type Internals = Services & { browser: Browser }

const parts = new WeakMap<Latchkey, Internals>()

/** By what the app is decorated with, which every scope under it sees, and which is another one in another app. */
export function setInternals (latchkey: Latchkey, internals: Internals): void {
  parts.set(latchkey, internals)
}

/** @throws TypeError where no Latchkey with a database is */
export function internals ({ latchkey }: Pick<FastifyInstance, 'latchkey'>): Internals {
  const found = parts.get(latchkey)
  if (!found) throw new TypeError('Register latchkey in the app first, and await it')
  return found
}

import type { FastifyRequest } from 'fastify'
import type { Internals } from '../internals.ts'

const chosen = new WeakMap<object, string>()

/** The language that the user of a request has chosen; undefined for a guest, and for one who has chosen none. */
export function userLocale ({ raw }: Pick<FastifyRequest, 'raw'>): string | undefined {
  return chosen.get(raw)
}

/** Reads it, before a page is made. A page is shown in the language of the browser when it cannot be read. */
export async function readUserLocale (request: FastifyRequest, { browser, users }: Pick<Internals, 'browser' | 'users'>): Promise<void> {
  try {
    const session = await browser.session(request)
    const profile = session && await users.records.profile(session.userId)
    if (profile?.locale) chosen.set(request.raw, profile.locale)
  } catch {
    // Whoever needs the database says so
  }
}

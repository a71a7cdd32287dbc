import type { Authorize } from '../../src/oauth/authorize.ts'
import { AUTHORIZE } from './answer.ts'
import type { Kit } from './kit.ts'

/** Which application a login is for, and where its redirect may end. */
export type OnTheWay = { app?: string, formTarget?: string }

export type FindWay = (returnTo: string | null) => Promise<OnTheWay>

/** A login that is on the way to an application ends there, in one chain of redirects after the form. */
export function createFindWay ({ link }: Pick<Kit, 'link'>, { peek }: Pick<Authorize, 'peek'>): FindWay {
  return async (returnTo) => {
    const [path, query] = (returnTo ?? '').split(/\?(.*)/s)
    const known = path === link(AUTHORIZE) ? await peek(Object.fromEntries(new URLSearchParams(query))) : null
    return known ? { ...(known.clientName && { app: known.clientName }), formTarget: known.redirectUri } : {}
  }
}

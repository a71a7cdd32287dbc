import { withQuery } from '../../src/http/front-end-url.ts'
import type { Internals } from '../internals.ts'
import { TERMS_PAGE } from './account-paths.ts'

/** Where a login leads that is to go on at `path`: first to the question for terms that the user has not accepted. */
export type AfterLogin = (userId: string, path: string) => Promise<string>

export function createAfterLogin ({ config, users: { terms } }: Pick<Internals, 'config' | 'users'>): AfterLogin {
  return async (userId, path) => terms === null || await terms.hasAccepted(userId)
    ? path
    : withQuery(config.basePath + TERMS_PAGE, { return_to: path })
}

/** The pages of the account. Here, because routes need them before a page is shown. */
export const ACCOUNT = '/account'
export const SECURITY = `${ACCOUNT}/security`
export const PROFILE = `${ACCOUNT}/profile`
export const SAVE_LOGIN = `${PROFILE}/login`
export const CONFIRM_LOGIN = `${PROFILE}/confirm`
export const DATA = `${ACCOUNT}/data`
export const EXPORT = `${DATA}/export`
export const DELETE_ACCOUNT = `${DATA}/delete`
/** For those who are logged out: after the request, and with a login during the days of grace. */
export const DELETED = `${ACCOUNT}/deleted`
export const RESTORE = `${ACCOUNT}/restore`
/** The second step of a login. */
export const SECOND_FACTOR = '/login/factor'
/** Asks for the acceptance of a new version of the terms. */
export const TERMS_PAGE = `${ACCOUNT}/terms`
export const CHANGE_PASSWORD = `${SECURITY}/password`
export const LINK_IDENTITY = `${SECURITY}/identities/link`
export const UNLINK_IDENTITY = `${SECURITY}/identities/unlink`

/** The forms of the account page: action and path. */
export const ACTIONS = {
  endSession: `${ACCOUNT}/sessions/end`, endOthers: `${ACCOUNT}/sessions/end-others`, endApp: `${ACCOUNT}/apps/end`, endToken: `${ACCOUNT}/tokens/end`,
  createToken: `${ACCOUNT}/tokens`
}

/** Lifetimes of a personal access token in days; 0 means unlimited. */
export const DAYS = [30, 90, 365, 0]

/** The user of a browser session. */
export type Who = { userId: string, sessionId: string | null }

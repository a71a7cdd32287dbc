import { ConfigError } from '../config/config-error.ts'
import type { ViewName } from './index.ts'

const NAMES: Record<ViewName, true> = {
  start: true,
  login: true,
  register: true,
  consent: true,
  logout: true,
  loggedOut: true,
  account: true,
  deviceCode: true,
  deviceConfirm: true,
  deviceDone: true,
  formPost: true,
  error: true
}

/** Pages that a host can replace; without the pages themselves, which the command line does not need. */
export const viewNames = Object.keys(NAMES)

/**
 * A page under an unknown name would never be shown.
 * @throws ConfigError
 */
export function checkViews (views: Record<string, unknown>): void {
  const problems = Object.entries(views).flatMap(([name, view]) => {
    if (!viewNames.includes(name)) return [{ name: `views.${name}`, message: `is not a page; the pages are ${viewNames.join(', ')}` }]
    return typeof view === 'function' ? [] : [{ name: `views.${name}`, message: 'must be a function that returns the page for its model' }]
  })
  if (problems.length > 0) throw new ConfigError(problems)
}

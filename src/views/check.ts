import { ConfigError } from '../config/config-error.ts'
import type { MessageViews } from '../mail/views.ts'
import type { ViewName } from './index.ts'

const NAMES: Record<ViewName, true> = {
  start: true,
  login: true,
  secondFactor: true,
  register: true,
  forgotPassword: true,
  resetPassword: true,
  terms: true,
  verify: true,
  verifyLink: true,
  undo: true,
  done: true,
  consent: true,
  logout: true,
  loggedOut: true,
  account: true,
  accountData: true,
  accountDelete: true,
  accountEnd: true,
  accountProfile: true,
  accountSecurity: true,
  restore: true,
  deviceCode: true,
  deviceConfirm: true,
  deviceDone: true,
  formPost: true,
  error: true
}

const MESSAGES: Record<keyof MessageViews, true> = {
  'mail.verify': true,
  'mail.taken': true,
  'mail.welcome': true,
  'mail.verified': true,
  'mail.reset': true,
  'mail.passwordChanged': true,
  'mail.newDevice': true,
  'mail.factorAdded': true,
  'mail.factorRemoved': true,
  'mail.identityLinked': true,
  'mail.identityUnlinked': true,
  'mail.identifierChange': true,
  'mail.identifierChanged': true,
  'mail.changeUndone': true,
  'mail.identifierTaken': true,
  'mail.deletionScheduled': true,
  'mail.restored': true,
  'mail.invitation': true,
  'mail.test': true,
  'sms.code': true
}

/** Pages and messages that a host can replace; without these themselves, which the command line does not need. */
export const viewNames = [...Object.keys(NAMES), ...Object.keys(MESSAGES)]

/**
 * A page under an unknown name would never be shown.
 * @throws ConfigError
 */
export function checkViews (views: Record<string, unknown>): void {
  const problems = Object.entries(views).flatMap(([name, view]) => {
    if (!viewNames.includes(name)) return [{ name: `views.${name}`, message: `is not a page or a message; there are ${viewNames.join(', ')}` }]
    return typeof view === 'function' ? [] : [{ name: `views.${name}`, message: 'must be a function that returns the page or the message for its model' }]
  })
  if (problems.length > 0) throw new ConfigError(problems)
}

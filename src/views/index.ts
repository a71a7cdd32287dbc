import type { FastifyReply } from 'fastify'
import type { MessageViews } from '../mail/views.ts'
import { accountPage } from './account.tsx'
import { accountEndPage } from './account-end.tsx'
import { consentPage } from './consent.tsx'
import { deviceCodePage, deviceConfirmPage, deviceDonePage } from './device.tsx'
import { errorPage } from './error.tsx'
import { formPostPage } from './form-post.tsx'
import { loginPage } from './login.tsx'
import { loggedOutPage, logoutPage } from './logout.tsx'
import { registerPage } from './register.tsx'
import { forgotPasswordPage, resetPasswordPage } from './password.tsx'
import { startPage } from './start.tsx'
import { donePage, verifyLinkPage, verifyPage } from './verify.tsx'

/** All pages, by the names under which a host can replace them. */
export const views = {
  start: startPage,
  login: loginPage,
  register: registerPage,
  forgotPassword: forgotPasswordPage,
  resetPassword: resetPasswordPage,
  verify: verifyPage,
  verifyLink: verifyLinkPage,
  done: donePage,
  consent: consentPage,
  logout: logoutPage,
  loggedOut: loggedOutPage,
  account: accountPage,
  accountEnd: accountEndPage,
  deviceCode: deviceCodePage,
  deviceConfirm: deviceConfirmPage,
  deviceDone: deviceDonePage,
  formPost: formPostPage,
  error: errorPage
}

export type ViewName = keyof typeof views

/** The model of a page. */
export type ViewModel<Name extends ViewName> = Parameters<(typeof views)[Name]>[0]

/**
 * Pages of the host: HTML, or what `reply.view()` and the like return. Each form must post `model.hidden` and the field `model.csrf` to
 * `model.action`; those of `account` to one of `model.actions`. A page that needs more than the policy allows sets
 * `content-security-policy` on the reply.
 * @example
 * { login: (model, reply) => reply.view('login', model) }
 */
export type PageViews = { [Name in ViewName]?: (model: ViewModel<Name>, reply: FastifyReply) => unknown }

/** Pages, mails and text messages of the host. */
export type Views = PageViews & MessageViews

import type { FastifyReply } from 'fastify'
import type { MessageViews } from '../mail/views.ts'
import type { AccountDataModel } from './account-data.tsx'
import type { AccountDeleteModel, RestoreModel } from './account-delete.tsx'
import type { AccountEndModel } from './account-end.tsx'
import type { AccountProfileModel } from './account-profile.tsx'
import type { AccountSecurityModel } from './account-security.tsx'
import type { AccountModel } from './account.tsx'
import type { ConsentModel } from './consent.tsx'
import type { DeviceCodeModel, DeviceConfirmModel, DeviceDoneModel } from './device.tsx'
import type { ErrorModel } from './error.tsx'
import type { FormPostModel } from './form-post.tsx'
import type { LoginModel } from './login.tsx'
import type { LoggedOutModel, LogoutModel } from './logout.tsx'
import type { ForgotPasswordModel, ResetPasswordModel } from './password.tsx'
import type { RegisterModel } from './register.tsx'
import type { SecondFactorModel } from './second-factor.tsx'
import type { StartModel } from './start.tsx'
import type { TermsModel } from './terms.tsx'
import type { UndoModel } from './undo.tsx'
import type { DoneModel, VerifyLinkModel, VerifyModel } from './verify.tsx'

/** All pages, by the names under which a host can replace them. Each is loaded when it is first shown. */
export const views = {
  start: async (model: StartModel) => (await import('./start.tsx')).startPage(model),
  login: async (model: LoginModel) => (await import('./login.tsx')).loginPage(model),
  secondFactor: async (model: SecondFactorModel) => (await import('./second-factor.tsx')).secondFactorPage(model),
  register: async (model: RegisterModel) => (await import('./register.tsx')).registerPage(model),
  forgotPassword: async (model: ForgotPasswordModel) => (await import('./password.tsx')).forgotPasswordPage(model),
  resetPassword: async (model: ResetPasswordModel) => (await import('./password.tsx')).resetPasswordPage(model),
  terms: async (model: TermsModel) => (await import('./terms.tsx')).termsPage(model),
  verify: async (model: VerifyModel) => (await import('./verify.tsx')).verifyPage(model),
  verifyLink: async (model: VerifyLinkModel) => (await import('./verify.tsx')).verifyLinkPage(model),
  undo: async (model: UndoModel) => (await import('./undo.tsx')).undoPage(model),
  done: async (model: DoneModel) => (await import('./verify.tsx')).donePage(model),
  consent: async (model: ConsentModel) => (await import('./consent.tsx')).consentPage(model),
  logout: async (model: LogoutModel) => (await import('./logout.tsx')).logoutPage(model),
  loggedOut: async (model: LoggedOutModel) => (await import('./logout.tsx')).loggedOutPage(model),
  account: async (model: AccountModel) => (await import('./account.tsx')).accountPage(model),
  accountData: async (model: AccountDataModel) => (await import('./account-data.tsx')).accountDataPage(model),
  accountDelete: async (model: AccountDeleteModel) => (await import('./account-delete.tsx')).accountDeletePage(model),
  accountEnd: async (model: AccountEndModel) => (await import('./account-end.tsx')).accountEndPage(model),
  accountProfile: async (model: AccountProfileModel) => (await import('./account-profile.tsx')).accountProfilePage(model),
  accountSecurity: async (model: AccountSecurityModel) => (await import('./account-security.tsx')).accountSecurityPage(model),
  restore: async (model: RestoreModel) => (await import('./account-delete.tsx')).restorePage(model),
  deviceCode: async (model: DeviceCodeModel) => (await import('./device.tsx')).deviceCodePage(model),
  deviceConfirm: async (model: DeviceConfirmModel) => (await import('./device.tsx')).deviceConfirmPage(model),
  deviceDone: async (model: DeviceDoneModel) => (await import('./device.tsx')).deviceDonePage(model),
  formPost: async (model: FormPostModel) => (await import('./form-post.tsx')).formPostPage(model),
  error: async (model: ErrorModel) => (await import('./error.tsx')).errorPage(model)
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

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { closedScope, formParsers, under } from './http/closed-scope.ts'
import { loadRoutes, switchesOf } from './http/load-routes.ts'
import type { FormId } from '../src/crypto/form-secrets.ts'
import { badBody } from '../src/http/http-error.ts'
import { atFirstUse } from '../src/runtime/at-first-use.ts'
import { turnedOff } from '../src/compose/turned-off.ts'
import type { AccountPages } from './pages/account-pages.ts'
import { createAfterLogin, createAskMissing, type AfterLogin, type AskMissing } from './pages/after-login.ts'
import { AUTHORIZE, createAnswer, type Answer } from './pages/answer.ts'
import { createDevicePages, type ShowDevice } from './pages/device.ts'
import { createPageErrors } from './pages/errors.ts'
import { PAGE_HEADERS } from './pages/headers.ts'
import { createKit, type Kit } from './pages/kit.ts'
import { createLoginPage, type ShowLogin } from './pages/login.ts'
import { createLogoutPages, type ShowLogout } from './pages/logout.ts'
import { createNotices, type Notices } from './pages/notices.ts'
import { createFindReturnTarget } from './pages/return-target.ts'
import type { ShowRegister } from './pages/register.ts'
import type { PasswordPages } from './pages/password.ts'
import { createShownOnce, type ShownOnce } from './pages/shown-once.ts'
import type { SecondFactorPages } from './pages/second-factor.ts'
import type { RestorePages } from './pages/restore.ts'
import type { TermsPages } from './pages/terms.ts'
import type { UndoPages } from './pages/undo.ts'
import { readUserLocale } from './pages/user-locale.ts'
import type { VerifyPages } from './pages/verify.ts'
import type { Stylesheet } from '../src/views/style.css.ts'
import { internals, type Internals } from './internals.ts'

export type Pages = AccountPages & {
  stylesheet: Stylesheet
  /** An id of this browser, the same whoever is logged in. */
  browserOf: (reply: FastifyReply) => Uint8Array
  /** The id of the form that was submitted; available after `checkCsrf`. */
  formOf: (request: FastifyRequest) => FormId | undefined
  /** @throws 403 for a form submitted by a page of another site */
  checkCsrf: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
  afterLogin: AfterLogin
  answer: Answer
  device: ShowDevice
  login: ShowLogin
  logout: ShowLogout
  notices: Notices
  password: PasswordPages
  restore: RestorePages
  /** Asks on a page for what a login lacks, after an error that says so; null for any other. */
  askMissing: AskMissing
  register: ShowRegister
  secondFactor: SecondFactorPages
  shownOnce: ShownOnce
  terms: TermsPages
  undo: UndoPages
  verify: VerifyPages
}

/** The pages of the server: login, registration, consent, devices, account, logout. */
async function pages (host: FastifyInstance): Promise<void> {
  const services = internals(host)
  const { config } = services
  const kit = await createKit(services)
  const answer = createAnswer(kit, services)
  const findReturnTarget = createFindReturnTarget(kit, services.oauth.authorize, config)
  const login = createLoginPage(kit, services, findReturnTarget)
  const password = atFirstUse(
    async () => (await import('./pages/password.ts')).createPasswordPages(kit, services),
    ['forgot', 'reset', 'done']
  )
  const verify = atFirstUse(
    async () => (await import('./pages/verify.ts')).createVerifyPages(kit, services),
    ['verifiers', 'send', 'show', 'showLink', 'again', 'showBadLink', 'showDone', 'remember', 'refuse', 'goOn']
  )
  const restore = atFirstUse(
    async () => (await import('./pages/restore.ts')).createRestorePages(kit, services),
    ['show', 'refuse', 'decide', 'done']
  )
  const secondFactor = atFirstUse(
    async () => (await import('./pages/second-factor.ts')).createSecondFactorPages(kit, services),
    ['show', 'refuse', 'pass']
  )
  const askMissing = createAskMissing({ verify, restore, secondFactor })
  const undo = atFirstUse(async () => (await import('./pages/undo.ts')).createUndoPages(kit, services), ['show', 'done'])
  const terms = atFirstUse(async () => (await import('./pages/terms.ts')).createTermsPages(kit, services), ['show'])
  const register = config.registration === 'off'
    ? turnedOff('registration')
    : (await import('./pages/register.ts')).createRegisterPage(kit, services, findReturnTarget)

  host.register(async (scope) => {
    // RFC 9700 section 2.6: no CORS at the authorization endpoint; the same goes for the other pages
    closedScope(scope, { appUrl: config.appUrl, corsOrigins: [], rateLimit: config.rateLimit, hostDocument: config.hostDocument }, {
      onError: createPageErrors(kit, services, { answer, askMissing, login, register, password, secondFactor, undo, verify }),
      parsers: formParsers,
      headers: PAGE_HEADERS
    })
    scope.addHook('onRequest', async ({ url, method }, reply) => {
      reply.header('cache-control', 'no-store')
      if (url.includes('%00')) throw badBody('The address contains a NUL character')
      // Link previews send HEAD. It is answered here because opening some pages has an effect: they issue a code, show a token once, ask
      // about a device
      if (method === 'HEAD') return await reply.type('text/html; charset=utf-8').send()
    })
    scope.addHook('onRequest', async (request) => {
      const { url = '' } = request.routeOptions
      // Neither for a file, nor where most answers are no page
      if (!url.includes('/assets/') && !url.endsWith(AUTHORIZE)) await readUserLocale(request, services)
    })
    const shownOnce = createShownOnce(kit, services)
    scope.decorate('pages', {
      stylesheet: kit.stylesheet,
      browserOf: kit.browserOf,
      formOf: kit.formOf,
      checkCsrf: kit.checkCsrf,
      ...accountPages(kit, services),
      afterLogin: createAfterLogin(services),
      askMissing,
      answer,
      device: createDevicePages(kit, services),
      login,
      logout: createLogoutPages(kit, services),
      register,
      notices: createNotices(shownOnce),
      password,
      restore,
      secondFactor,
      shownOnce,
      terms,
      undo,
      verify
    })
    loadRoutes(scope, { folder: 'pages', switches: switchesOf(services) })
    loadRoutes(scope, { folder: 'v1/oauth', pages: true })
    if (services.social) loadRoutes(scope, { folder: 'v1/auth', switches: switchesOf(services), pages: true })
  }, under(config.prefix))
}

/** Their modules are loaded when one is first shown. */
function accountPages (kit: Kit, services: Internals): AccountPages {
  let loaded: Promise<AccountPages> | undefined
  const load = async () => {
    loaded ??= import('./pages/account-pages.ts').then(({ createAccountPages }) => createAccountPages(kit, services))
    return await loaded
  }
  return {
    account: async (...shown) => await (await load()).account(...shown),
    accountData: async (...shown) => await (await load()).accountData(...shown),
    accountDelete: async (...shown) => await (await load()).accountDelete(...shown),
    accountEnd: async (...shown) => await (await load()).accountEnd(...shown),
    accountProfile: async (...shown) => await (await load()).accountProfile(...shown),
    accountSecurity: async (...shown) => await (await load()).accountSecurity(...shown)
  }
}

export default fp(pages, { name: 'latchkey-pages', fastify: '5.x', dependencies: ['latchkey-services', 'latchkey-auth-guard'] })

declare module 'fastify' {
  interface FastifyInstance {
    pages: Pages
  }
}

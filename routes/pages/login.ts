import type { FastifyInstance, FastifyReply } from 'fastify'
import type { FastifyPluginAsyncTypebox, TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { localesOf } from '../../plugins/http/preferred-languages.ts'
import { limit } from '../../plugins/http/limits.ts'
import { ACCOUNT, DELETED, RESTORE, SECOND_FACTOR } from '../../plugins/pages/account-paths.ts'
import { PASSWORD_STEP } from '../../plugins/pages/login.ts'
import { NOBODY } from '../../plugins/pages/shown-once.ts'
import { withQuery } from '../../src/http/front-end-url.ts'
import { localPath } from '../../src/http/return-to.ts'
import { MAX_IDENTIFIER } from '../../src/users/attributes.ts'
import { loginFields, surplusFields } from '../../src/users/login-candidates.ts'
import { afterForm, form, LanguageQuery, LoginForm, LoginQuery, RestoreForm, RestoreQuery, SecondFactorForm, showPage } from '../../src/schemas/pages.ts'
import { unprocessable } from '../../plugins/http/unprocessable.ts'
import { internals } from '../../plugins/internals.ts'

const tags = ['Pages']

const login: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { browser, config, social, users: { attributes } } = internals(app)

  app.get('/login', {
    schema: { tags, summary: 'Login page', querystring: LoginQuery, response: showPage }
  }, async (request, reply) => {
    const { return_to: target, login_hint: username, prompt, step } = request.query
    const returnTo = localPath(target)
    const session = await browser.session(request)
    if (prompt !== 'login' && session) return reply.redirect(browser.returnPath(target), 303)
    return await pages.login(request, reply, {
      returnTo, username, isSecondStep: step === PASSWORD_STEP, userId: session?.userId,
      ended: session ? null : await browser.ended(request)
    })
  })

  app.post('/login', {
    config: limit('password'),
    schema: { tags, summary: 'Log in on the page', ...form, body: LoginForm, response: afterForm }
  }, async (request, reply) => {
    await pages.checkCsrf(request, reply)
    const { username, password, return_to: target, ...body } = request.body
    const surplus = surplusFields(attributes, loginFields(attributes, request.body, ''))
    if (surplus) throw unprocessable(surplus, { message: 'A login has one login field' })
    const returnTo = localPath(target)
    const isFirstStep = config.login.identifierFirst === 'on' && password === undefined
    if (isFirstStep && (!username?.trim() || username.length > MAX_IDENTIFIER)) {
      return await pages.login(request, reply.code(422), { returnTo, wrongName: username?.trim() ? 'invalid' : 'missing' })
    }
    const home = social?.domains.homeOf(username)
    if (home && (home.isRequired || (!isFirstStep && !password))) {
      return reply.redirect(home.href({ returnTo, uiLocales: localesOf(request) }), 303)
    }
    if (isFirstStep) {
      // Whether there is an account changes nothing
      const uiLocales = localesOf(request)
      return reply.redirect(withQuery(`${config.basePath}/login`, {
        step: PASSWORD_STEP, login_hint: username!, ...(returnTo !== null && { return_to: returnTo }),
        ...(uiLocales !== undefined && { ui_locales: uiLocales }), ...(body.prompt === 'login' && { prompt: body.prompt })
      }), 303)
    }
    const remember = body.remember !== undefined
    const session = await browser.logInWithPassword(request, reply, { username, password, remember, form: pages.formOf(request) })
    if (!session) return await pages.login(request, reply.code(401), { returnTo, username, isSecondStep: true, remember, problem: 'wrongLogin' })
    return reply.redirect(await pages.afterLogin(session.userId, browser.returnPath(target)), 303)
  })

  if (config.factors === 'on') secondFactor(app)

  // Where a login leads during the days of grace
  app.get(RESTORE, {
    schema: { tags, summary: 'Ask whether an account that will be deleted is to be restored', querystring: RestoreQuery, response: showPage }
  }, async (request, reply) => await pages.restore.show(request, reply, localPath(request.query.return_to)))

  app.post(RESTORE, {
    schema: { tags, summary: 'Restore the account, and log in', ...form, body: RestoreForm, response: afterForm }
  }, async (request, reply) => {
    await pages.checkCsrf(request, reply)
    const decided = await pages.restore.decide(request, reply, request.body.decision)
    if (!decided) return reply.redirect(config.loginPath, 303)
    if (decided.outcome === 'left') {
      pages.shownOnce.keep(reply, DELETED, NOBODY, decided.at.toISOString())
      return reply.redirect(config.basePath + DELETED, 303)
    }
    const target = browser.returnPath(request.body.return_to)
    if (target === config.basePath + ACCOUNT) pages.notices.keep(reply, ACCOUNT, decided.userId, 'restored')
    return reply.redirect(await pages.afterLogin(decided.userId, target), 303)
  })

  app.get(DELETED, {
    schema: { tags, summary: 'Say that the account will be deleted, once', querystring: LanguageQuery, response: showPage }
  }, async (request, reply) => {
    const at = pages.shownOnce.take(request, reply, DELETED, NOBODY)
    return await (at === null ? reply.redirect(config.loginPath, 303) : pages.restore.done(request, reply, new Date(at)))
  })
}

function secondFactor (app: FastifyInstance): void {
  const routes = app.withTypeProvider<TypeBoxTypeProvider>()
  const { pages } = app
  const { browser, config } = internals(app)

  const toLogin = (reply: FastifyReply, returnTo: string | null) =>
    reply.redirect(returnTo === null ? config.loginPath : withQuery(config.loginPath, { return_to: returnTo }), 303)

  routes.get(SECOND_FACTOR, {
    schema: { tags, summary: 'Second step of a login, for a user with a second factor', querystring: RestoreQuery, response: showPage }
  }, async (request, reply) => {
    const returnTo = localPath(request.query.return_to)
    return await pages.secondFactor.show(request, reply, { returnTo }) ?? toLogin(reply, returnTo)
  })

  routes.post(SECOND_FACTOR, {
    config: limit('password'),
    schema: { tags, summary: 'Log in with a second factor', ...form, body: SecondFactorForm, response: afterForm }
  }, async (request, reply) => {
    await pages.checkCsrf(request, reply)
    const { code = '', factor, return_to: target } = request.body
    const returnTo = localPath(target)
    const session = await pages.secondFactor.pass(request, reply, { factor, code })
    if (session === 'wrong') {
      return await pages.secondFactor.show(request, reply.code(401), { returnTo, wrongCode: true }) ?? toLogin(reply, returnTo)
    }
    if (!session) return toLogin(reply, returnTo)
    return reply.redirect(await pages.afterLogin(session.userId, browser.returnPath(target)), 303)
  })
}

export default login

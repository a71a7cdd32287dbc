import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { limit } from '../../plugins/http/limits.ts'
import { localPath } from '../../src/http/return-to.ts'
import { loginFields, surplusFields } from '../../src/users/login-candidates.ts'
import { afterForm, form, LoginForm, LoginQuery, showPage } from '../../src/schemas/pages.ts'
import { unprocessable } from '../../plugins/http/unprocessable.ts'
import { internals } from '../../plugins/internals.ts'

const tags = ['Pages']

const login: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { browser, users: { attributes } } = internals(app)

  app.get('/login', {
    schema: { tags, summary: 'Login page', querystring: LoginQuery, response: showPage }
  }, async (request, reply) => {
    const { return_to: target, login_hint: username, prompt } = request.query
    const returnTo = localPath(target)
    const session = await browser.session(request)
    if (prompt !== 'login' && session) return reply.redirect(browser.returnPath(target), 303)
    return await pages.login(request, reply, {
      returnTo, username, userId: session?.userId, ended: session ? null : await browser.ended(request)
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
    const remember = body.remember !== undefined
    const session = await browser.logInWithPassword(request, reply, { username, password, remember, form: pages.formOf(request) })
    if (!session) return await pages.login(request, reply.code(401), { returnTo, username, remember, problem: 'wrongLogin' })
    return reply.redirect(browser.returnPath(target), 303)
  })
}

export default login

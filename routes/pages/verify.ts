import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { callerOf } from '../../src/http/caller.ts'
import { limit } from '../../plugins/http/limits.ts'
import { localPath } from '../../src/http/return-to.ts'
import { withQuery } from '../../src/http/front-end-url.ts'
import { afterForm, form, showPage, VerifyForm, VerifyQuery } from '../../src/schemas/pages.ts'
import { RESET_PAGE, VERIFY_PAGE } from '../../src/verification/links.ts'
import type { OneTimeToken } from '../../src/verification/ports.ts'
import { internals } from '../../plugins/internals.ts'
import { preferredLanguages } from '../../plugins/http/preferred-languages.ts'

type Link = { token: string, password: string | undefined, without: boolean }
type Change = { token: string, found: OneTimeToken, userId: string, isKnown: boolean, password: string | undefined }
type Answered = { request: FastifyRequest, reply: FastifyReply, returnTo: string | null }

const tags = ['Pages']

const verifyPage: FastifyPluginAsyncTypebox = async (app) => {
  const { pages } = app
  const { browser, config, users, verification: { links, requests, tokens, verify } } = internals(app)
  const here = config.basePath + VERIFY_PAGE
  const callOf = (request: FastifyRequest) => ({ caller: callerOf(request), preferences: preferredLanguages(request) })

  /** @param userId who is logged in */
  async function goOn ({ reply, returnTo }: Answered, userId: string | null): Promise<FastifyReply> {
    if (userId !== null) return reply.redirect(await pages.afterLogin(userId, returnTo ?? config.homePath), 303)
    return reply.redirect(withQuery(here, { done: '1', ...(returnTo !== null && { return_to: returnTo }) }), 303)
  }

  async function byLink (answered: Answered, { token, password, without }: Link) {
    const { request, reply } = answered
    const found = await verify.find(token)
    if (!found?.userId) return await pages.verify.showBadLink(request, reply)
    const userId = found.userId
    const isKnown = (await pages.verify.verifiers(request)).some((verifier) => verifier.userId === userId)
    if (found.purpose === 'change') return await confirm(answered, { token, found, userId, isKnown, password })
    const identifier = { attribute: found.attribute ?? '', value: found.value ?? '', display: found.value ?? '' }
    const isFirst = !isKnown && await users.records.recipient({ of: { userId }, attributes: [identifier.attribute], unverified: true })
    // Whoever only has the link says what is to happen with the password
    const known = isFirst && !without ? await users.authenticate([identifier], password ?? '', callerOf(request)) : null
    const login = known?.userId === userId ? known : null
    if (isFirst && !without && !login) return await pages.verify.showLink(request, reply.code(401), { token, found, wrongPassword: true })

    const proof = await verify.byLink({ token, userId, keeps: isKnown || login !== null, ...callOf(request) })
    if (!proof) return await pages.verify.showBadLink(request, reply)
    if (proof.cleaned) {
      const issued = await tokens.issue({ purpose: 'reset', userId, identifier: { attribute: identifier.attribute, value: identifier.value } })
      if (issued) return reply.redirect(withQuery(config.basePath + RESET_PAGE, { token: issued.token, removed: '1' }), 303)
    }
    const session = login && await browser.logIn(request, reply, { userId, passwordStamp: login.passwordStamp })
    return await goOn(answered, session !== null || await pages.verify.goOn(request, reply, userId) ? userId : null)
  }

  /** A new address: only by who is logged in, or knows the password. */
  async function confirm (answered: Answered, { token, found, userId, isKnown, password = '' }: Change) {
    const { request, reply } = answered
    if (!isKnown && !await verify.isPassword(userId, password)) {
      return await pages.verify.showLink(request, reply.code(401), { token, found, wrongPassword: true })
    }
    const proof = await verify.byLink({ token, userId, keeps: true, ...callOf(request) })
    return await (proof ? goOn(answered, null) : pages.verify.showBadLink(request, reply))
  }

  async function byCode (answered: Answered, code: string) {
    const { request, reply, returnTo } = answered
    const [verifier] = await pages.verify.verifiers(request)
    const proof = verifier && await verify.byCode({ ...verifier, channel: 'mail', code, ...callOf(request) })
    if (!proof) return await pages.verify.show(request, reply.code(422), { returnTo, sent: true, wrongCode: true })
    const isLoggedIn = await pages.verify.goOn(request, reply, verifier.userId) || verifier.authSession === undefined
    return await goOn(answered, isLoggedIn ? verifier.userId : null)
  }

  async function send ({ request, reply, returnTo }: Answered, email: string | undefined) {
    const [verifier] = await pages.verify.verifiers(request)
    if (verifier) await pages.verify.send(request, verifier)
    else if (!email?.trim()) return await pages.verify.show(request, reply.code(422), { returnTo, empty: true })
    else await requests.verifyEmail({ typed: email }, links.own.verification)
    return reply.redirect(withQuery(here, { sent: '1', ...(returnTo !== null && { return_to: returnTo }) }), 303)
  }

  /** The address of a registration was mistyped. */
  async function correct ({ request, reply, returnTo }: Answered, address: string, password = '') {
    const [verifier] = await pages.verify.verifiers(request)
    const session = verifier?.authSession?.found
    const corrected = session
      ? await users.correctAddress({ session, address, password, ...callOf(request), link: links.own.verification })
      : 'gone'
    const more = returnTo === null ? {} : { return_to: returnTo }
    if (corrected === 'gone') return reply.redirect(withQuery(here, more), 303)
    if (corrected === 'wrong_password') {
      return await pages.verify.show(request, reply.code(401), { returnTo, sent: true, correction: { address, errors: 'wrong_password' } })
    }
    if (corrected.authSession !== undefined) {
      await pages.verify.remember(reply, corrected.authSession)
      return reply.redirect(withQuery(here, { sent: '1', ...more }), 303)
    }
    const errors = corrected.errors[session?.pending.address?.attribute ?? '']
    // Something else that was entered at the registration is no longer accepted
    if (!errors) return reply.redirect(withQuery(config.basePath + '/register', more), 303)
    return await pages.verify.show(request, reply.code(422), { returnTo, sent: true, correction: { address, errors } })
  }

  app.get(VERIFY_PAGE, {
    schema: {
      tags, summary: 'Page to verify the e-mail address; with the token of a mail, one button', querystring: VerifyQuery, response: showPage
    }
  }, async (request, reply) => {
    const { token, sent, done, return_to: target } = request.query
    const returnTo = localPath(target)
    if (done !== undefined) return await pages.verify.showDone(request, reply, returnTo)
    if (token === undefined) return await pages.verify.show(request, reply, { returnTo, sent: sent !== undefined })
    const found = await verify.find(token)
    return await (found ? pages.verify.showLink(request, reply, { token, found }) : pages.verify.showBadLink(request, reply))
  })

  app.post(VERIFY_PAGE, {
    config: limit('password'),
    schema: { tags, summary: 'Verify the e-mail address by link or code, or have a mail sent', ...form, body: VerifyForm, response: afterForm }
  }, async (request, reply) => {
    await pages.checkCsrf(request, reply)
    const { token, code, password, without, email, address, return_to: target } = request.body
    const answered = { request, reply, returnTo: localPath(target) }
    if (token !== undefined) return await byLink(answered, { token, password, without: without !== undefined })
    if (address !== undefined) return await correct(answered, address, password)
    return code === undefined ? await send(answered, email) : await byCode(answered, code)
  })
}

export default verifyPage

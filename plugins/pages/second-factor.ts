import type { FastifyReply, FastifyRequest } from 'fastify'
import { callerOf } from '../../src/http/caller.ts'
import { pendingProof, userIdOf } from '../../src/sessions/auth-sessions.ts'
import type { BrowserSession } from '../../src/sessions/browser-sessions.ts'
import { createDeviceCookie } from '../../src/throttle/known-devices.ts'
import { createAuthCookie } from '../browser/auth-cookie.ts'
import { loginCookiePath } from '../browser/cookie.ts'
import type { Internals } from '../internals.ts'
import { SECOND_FACTOR } from './account-paths.ts'
import type { Kit } from './kit.ts'
import { problemErrors, type Problem } from './problems.ts'

type State = { returnTo: string | null, problem?: Problem | undefined, wrongCode?: boolean }

export type SecondFactorPages = {
  /** The question. @returns null for whoever has not just proven something else in this browser */
  show: (request: FastifyRequest, reply: FastifyReply, state: State) => Promise<FastifyReply | null>
  /** The question, as the answer to a login, or to what a browser session without a second factor may not do. */
  refuse: (request: FastifyRequest, reply: FastifyReply, authSession: string | undefined, returnTo: string | null) => Promise<FastifyReply>
  /**
   * Goes on with the login of this browser. @returns `wrong` for a wrong code; null when the login must begin again
   * @throws TooManyAttempts, HttpError for what is missing besides
   */
  pass: (request: FastifyRequest, reply: FastifyReply, entered: { factor: string | undefined, code: string }) => Promise<BrowserSession | 'wrong' | null>
}

export function createSecondFactorPages (kit: Kit, { browser, config, factors, sessions, users }: Internals): SecondFactorPages {
  const cookie = createAuthCookie(config)
  const deviceCookie = createDeviceCookie(new URL(config.appUrl).origin, loginCookiePath(config))

  /** A login that waits for a second factor. One that waits for something else is like none: it may be that of nobody. */
  async function loginBy (text: string | undefined): Promise<{ userId: string } | null> {
    const found = text === undefined ? null : await sessions.auth.find(text, null)
    const user = found && await users.records.findForEntry(userIdOf(found), found.proven)
    return user && !user.disabled && user.missing[0] === 'second_factor' ? { userId: user.id } : null
  }

  async function ask (
    request: FastifyRequest, reply: FastifyReply, { userId }: { userId: string }, { returnTo, problem, wrongCode = false }: State
  ): Promise<FastifyReply> {
    const page = kit.page(request)
    return await kit.send(reply, 'secondFactor', {
      ...page,
      action: kit.link(SECOND_FACTOR),
      csrf: kit.csrf(reply),
      hidden: returnTo === null ? {} : { return_to: returnTo },
      account: { name: await kit.accountName(userId) },
      ways: await factors.waysOf(userId),
      ...(wrongCode && { errors: { fields: { code: [page.texts.problems.wrongCode] } } }),
      ...(problem && { errors: problemErrors(problem, page) }),
      links: { login: config.loginPath }
    }, { leaves: returnTo !== null })
  }

  /** Of a browser session that began before a second factor was asked for. */
  async function beginAgain (request: FastifyRequest): Promise<string | undefined> {
    const session = await browser.session(request)
    const user = session?.lacksFactor ? await users.records.findById(session.userId) : null
    if (!session || !user) return undefined
    const { userId, amr: proven, remember } = session
    const pending = { remember, ...pendingProof(session) }
    return await sessions.auth.create({
      user: { userId, passwordStamp: user.passwordStamp }, clientId: null, proven, pending, caller: callerOf(request)
    })
  }

  return {
    async show (request, reply, state) {
      const login = await loginBy(cookie.read(request))
      return login && await ask(request, reply, login, state)
    },

    async refuse (request, reply, authSession, returnTo) {
      const text = authSession ?? await beginAgain(request)
      const login = await loginBy(text)
      if (!login) return reply.redirect(config.loginPath, 303)
      cookie.set(reply, text!)
      return await ask(request, reply, login, { returnTo })
    },

    async pass (request, reply, { factor, code }) {
      const text = cookie.read(request)
      if (text === undefined) return null
      const attempt = { authSession: text, clientId: null, factor, code, caller: callerOf(request) }
      const { user, pending, device, refused } = await factors.pass(attempt)
      if (refused === 'wrong') return 'wrong'
      cookie.clear(reply)
      if (refused) return null
      const session = await browser.logIn(request, reply, user, pending.remember === true)
      if (session && device !== undefined) deviceCookie.set(reply, device)
      return session
    }
  }
}

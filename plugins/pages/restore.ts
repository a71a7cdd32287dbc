import type { FastifyReply, FastifyRequest } from 'fastify'
import { callerOf } from '../../src/http/caller.ts'
import { proofOf, type AuthSession } from '../../src/sessions/auth-sessions.ts'
import { formatDate } from '../../src/views/format.ts'
import { createAuthCookie } from '../browser/auth-cookie.ts'
import type { Internals } from '../internals.ts'
import { RESTORE } from './account-paths.ts'
import { preferredLanguages } from '../http/preferred-languages.ts'
import type { Kit } from './kit.ts'

/** A login, in this browser, to an account that will be deleted at `at`. */
type Leaving = { text: string, user: { userId: string, passwordStamp: number }, pending: AuthSession['pending'], proven: string[], at: Date }

export type RestorePages = {
  /** The question; whoever has not just entered the password gets the login page. */
  show: (request: FastifyRequest, reply: FastifyReply, returnTo: string | null) => Promise<FastifyReply>
  /** The question, as the answer to a login. */
  refuse: (request: FastifyRequest, reply: FastifyReply, authSession: string | undefined, returnTo: string | null) => Promise<FastifyReply>
  /**
   * Restores the account and goes on with the login, or leaves it.
   * @returns `restored` and the user; `left` and when the account will be deleted; null when there was nothing to decide
   */
  decide: (request: FastifyRequest, reply: FastifyReply, decision: string | undefined) => Promise<
    { outcome: 'restored', userId: string } | { outcome: 'left', at: Date } | null>
  /** What is said to somebody whose account will be deleted. */
  done: (request: FastifyRequest, reply: FastifyReply, at: Date) => Promise<FastifyReply>
}

export function createRestorePages (kit: Kit, { account: { deletion }, browser, config, sessions }: Internals): RestorePages {
  const cookie = createAuthCookie(config)

  async function leavingBy (text: string | undefined): Promise<Leaving | null> {
    const found = text === undefined ? null : await sessions.auth.find(text, null)
    const at = found?.userId == null ? null : await deletion.deletesAt(found.userId)
    if (!at) return null
    const { userId, passwordStamp, pending, proven } = found!
    return { text: text!, user: { userId: userId!, passwordStamp }, pending, proven, at }
  }

  async function ask (request: FastifyRequest, reply: FastifyReply, { user, at }: Leaving, returnTo: string | null): Promise<FastifyReply> {
    return await kit.send(reply, 'restore', {
      ...kit.page(request),
      action: kit.link(RESTORE),
      csrf: kit.csrf(reply),
      hidden: returnTo === null ? {} : { return_to: returnTo },
      account: { name: await kit.accountName(user.userId) },
      at
    }, { leaves: returnTo !== null })
  }

  const show: RestorePages['show'] = async (request, reply, returnTo) => {
    const leaving = await leavingBy(cookie.read(request))
    return await (leaving ? ask(request, reply, leaving, returnTo) : reply.redirect(config.loginPath, 303))
  }

  const decide: RestorePages['decide'] = async (request, reply, decision) => {
    const leaving = await leavingBy(cookie.read(request))
    if (!leaving || (decision !== 'restore' && decision !== 'leave')) return null
    const { text, user, pending, proven, at } = leaving
    cookie.clear(reply)
    if (decision === 'leave') {
      await sessions.auth.consume(text, null)
      return { outcome: 'left', at }
    }
    if (!await deletion.restore(user, { caller: callerOf(request), preferences: preferredLanguages(request) })) return null
    await browser.logIn(request, reply, { ...user, amr: proven, ...proofOf(pending) }, pending.remember === true)
    return { outcome: 'restored', userId: user.userId }
  }

  return {
    show,
    decide,
    async refuse (request, reply, authSession, returnTo) {
      const leaving = await leavingBy(authSession)
      if (!leaving) return reply.redirect(config.loginPath, 303)
      cookie.set(reply, leaving.text)
      return await ask(request, reply, leaving, returnTo)
    },
    async done (request, reply, at) {
      const page = kit.page(request)
      const { doneTitle, done, login } = page.texts.deletion
      return await kit.send(reply, 'done', {
        ...page, title: doneTitle, message: done(formatDate(at, page.locale)), links: [{ href: config.loginPath, text: login }]
      }, { leaves: kit.loginLeaves })
    }
  }
}

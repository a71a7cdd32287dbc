import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Services } from '../../src/compose/services.ts'
import type { FieldErrors } from '../../src/http/field-errors.ts'
import type { Home } from '../../src/social/domains.ts'
import { formErrors } from '../../src/views/texts/field-errors.ts'
import { FORGOT_PAGE, RESET_PAGE } from '../../src/verification/links.ts'
import type { Kit } from './kit.ts'
import { problemErrors, type Problem } from './problems.ts'

type Forgot = { sent?: boolean, errors?: FieldErrors, values?: { email?: string }, problem?: Problem }
type Reset = { token: string, removed?: boolean, undone?: boolean, errors?: FieldErrors, problem?: Problem }

export type PasswordPages = {
  forgot: (request: FastifyRequest, reply: FastifyReply, state: Forgot) => Promise<FastifyReply>
  /** The form of a link, or that the link does not work any more. Nothing changes. */
  reset: (request: FastifyRequest, reply: FastifyReply, state: Reset) => Promise<FastifyReply>
  done: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>
}

export function createPasswordPages (kit: Kit, { config, users, verification }: Services): PasswordPages {
  const { attributes, passwordPolicy: { rules } } = users
  const { newPassword, channels } = verification
  const fields = attributes.map(({ name, title }) => ({ attribute: name, title }))

  const forgot: PasswordPages['forgot'] = (request, reply, { sent = false, errors, values, problem }) => {
    const page = kit.page(request)
    return kit.send(reply, 'forgotPassword', {
      ...page,
      action: kit.link(FORGOT_PAGE),
      csrf: kit.csrf(reply),
      fields,
      sent,
      values,
      ...(errors && { errors: formErrors(errors, ['email'], page.texts) }),
      ...(problem && { errors: problemErrors(problem, page) }),
      links: { login: config.loginPath, again: kit.link(FORGOT_PAGE) }
    }, { leaves: users.domains !== undefined })
  }

  /** Where the user logs in, if a password would count for nothing. */
  async function requiredHomeOf (userId: string | null): Promise<Home | null> {
    const { domains } = users
    return domains && userId !== null ? domains.requiredHomeOfAny(await users.records.identifiers(userId)) : null
  }

  const reset: PasswordPages['reset'] = async (request, reply, { token, removed = false, undone = false, errors, problem }) => {
    const found = await newPassword.find(token)
    const page = kit.page(request)
    const t = page.texts.password
    if (!found) {
      return kit.send(reply.code(403), 'done', {
        ...page, title: t.badTitle, message: t.bad,
        links: [...(channels.mail ? [{ href: kit.link(FORGOT_PAGE), text: t.newLink }] : []), { href: config.loginPath, text: t.back }]
      })
    }
    const home = await requiredHomeOf(found.userId)
    if (home) {
      return kit.send(reply, 'done', {
        ...page, title: t.elsewhereTitle, message: page.texts.problems.atProvider(home.label),
        links: [{ href: home.href(), text: page.texts.upstream.logIn(home.label) }]
      })
    }
    return kit.send(reply, 'resetPassword', {
      ...page,
      action: kit.link(RESET_PAGE),
      csrf: kit.csrf(reply),
      hidden: { token, ...(removed && { removed: '1' }), ...(undone && { undone: '1' }) },
      account: found.value ?? (found.userId === null ? null : await kit.accountName(found.userId)),
      rules,
      removed,
      undone,
      ...(errors && { errors: formErrors(errors, ['password'], page.texts) }),
      ...(problem && { errors: problemErrors(problem, page) })
    })
  }

  const done: PasswordPages['done'] = (request, reply) => {
    const page = kit.page(request)
    const t = page.texts.password
    return kit.send(reply, 'done', { ...page, title: t.doneTitle, message: t.done, links: [{ href: config.loginPath, text: t.login }] })
  }

  return { forgot, reset, done }
}

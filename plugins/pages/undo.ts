import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Services } from '../../src/compose/services.ts'
import { FORGOT_PAGE, UNDO_PAGE } from '../../src/verification/links.ts'
import type { Kit } from './kit.ts'
import { problemErrors, type Problem } from './problems.ts'

type State = { token: string, problem?: Problem | undefined }

export type UndoPages = {
  /** The page with one button that the link of a notice leads to, or that the link does not work any more. Nothing changes. */
  show: (request: FastifyRequest, reply: FastifyReply, state: State) => Promise<FastifyReply>
  done: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>
}

export function createUndoPages (kit: Kit, { config, users, verification: { undo } }: Services): UndoPages {
  const show: UndoPages['show'] = async (request, reply, { token, problem }) => {
    const found = await undo.find(token)
    const page = kit.page(request)
    const { badTitle, bad, newLink, back } = page.texts.password
    if (!found) {
      return await kit.send(reply.code(403), 'done', {
        ...page, title: badTitle, message: bad,
        links: [{ href: kit.link(FORGOT_PAGE), text: newLink }, { href: config.loginPath, text: back }]
      })
    }
    const attribute = found.attribute ?? ''
    return await kit.send(reply, 'undo', {
      ...page,
      action: kit.link(UNDO_PAGE),
      csrf: kit.csrf(reply),
      hidden: { token },
      field: { attribute, title: users.attributes.find(({ name }) => name === attribute)?.title ?? attribute },
      value: found.value,
      ...(problem && { errors: problemErrors(problem, page) })
    })
  }

  const done: UndoPages['done'] = async (request, reply) => {
    const page = kit.page(request)
    const { doneTitle, done: message, forgot } = page.texts.undo
    return await kit.send(reply, 'done', { ...page, title: doneTitle, message, links: [{ href: kit.link(FORGOT_PAGE), text: forgot }] })
  }

  return { show, done }
}

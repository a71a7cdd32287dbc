import type { FastifyReply } from 'fastify'
import { views, type ViewModel, type ViewName, type PageViews } from '../../src/views/index.ts'
import { setPolicy, type Policy } from './headers.ts'

/** Renders and sends a page, with the host's own view if it has one of that name. */
export function createSend (own: PageViews) {
  return async <Name extends ViewName>(
    reply: FastifyReply,
    name: Name,
    model: ViewModel<Name>,
    policy: Policy = {}
  ): Promise<FastifyReply> => {
    setPolicy(reply, policy)
    reply.type('text/html; charset=utf-8')
    const render = own[name] ?? views[name] as (model: ViewModel<Name>) => Promise<string>
    const made = await render(model, reply)
    if (reply.sent || made === reply) return reply
    if (typeof made !== 'string') {
      throw new TypeError(
        `views.${name} gave ${made === undefined ? 'nothing' : `a ${typeof made}`}; return HTML, or what reply.view() returns`
      )
    }
    return reply.send(made)
  }
}

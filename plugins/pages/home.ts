import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Kit } from './kit.ts'

export type ShowHome = (request: FastifyRequest, reply: FastifyReply, userId: string) => Promise<FastifyReply>

export function createHomePage (kit: Kit): ShowHome {
  return async (request, reply, userId) => kit.send(reply, 'account', {
    ...kit.page(request), action: kit.link('/logout'), csrf: kit.csrf(reply), account: { name: await kit.accountName(userId) }
  })
}

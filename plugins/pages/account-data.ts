import type { FastifyReply, FastifyRequest } from 'fastify'
import type { MakeFrame } from './account-frame.ts'
import { DATA, DELETE_ACCOUNT, EXPORT, type Who } from './account-paths.ts'
import type { Kit } from './kit.ts'

export type ShowAccountData = (request: FastifyRequest, reply: FastifyReply, who: Who) => Promise<FastifyReply>

export function createAccountDataPage (kit: Kit, frameOf: MakeFrame): ShowAccountData {
  return async (request, reply, who) =>
    await kit.send(reply, 'accountData', {
      ...await frameOf(request, reply, who, DATA), links: { export: kit.link(EXPORT), delete: kit.link(DELETE_ACCOUNT) }
    }, { leaves: kit.accountLeaves })
}

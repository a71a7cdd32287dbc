import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Services } from '../../src/compose/services.ts'
import type { FieldErrors } from '../../src/http/field-errors.ts'
import { GRACE } from '../../src/users/deletion-sql.ts'
import { formErrors } from '../../src/views/texts/field-errors.ts'
import { DATA, DELETE_ACCOUNT, EXPORT, type Who } from './account-paths.ts'
import type { Kit } from './kit.ts'

type State = { errors?: FieldErrors }

export type ShowAccountDelete = (request: FastifyRequest, reply: FastifyReply, who: Who, state?: State) => Promise<FastifyReply>

/** Asks before an account is deleted, and says what happens then. */
export function createAccountDeletePage (kit: Kit, { clock, store }: Services): ShowAccountDelete {
  return async (request, reply, { userId }, { errors } = {}) => {
    const page = kit.page(request)
    return await kit.send(errors ? reply.code(422) : reply, 'accountDelete', {
      ...page,
      action: kit.link(DELETE_ACCOUNT),
      csrf: kit.csrf(reply),
      account: { name: await kit.accountName(userId) },
      at: new Date(clock.now() + GRACE * 1000),
      hasApps: (await store.clients.listOwned(userId)).length > 0,
      ...(errors && { errors: formErrors(errors, [], page.texts) }),
      links: { export: kit.link(EXPORT), back: kit.link(DATA) }
    }, { leaves: kit.accountLeaves })
  }
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import { TERMS_ACCEPTED } from '../../src/schemas/account.ts'
import type { Internals } from '../internals.ts'
import { TERMS_PAGE } from './account-paths.ts'
import type { Kit } from './kit.ts'

type Asked = { userId: string, returnTo: string | null, isMissing?: boolean }

export type TermsPages = { show: (request: FastifyRequest, reply: FastifyReply, asked: Asked) => Promise<FastifyReply> }

export function createTermsPages (kit: Kit, { config: { terms } }: Internals): TermsPages {
  return {
    async show (request, reply, { userId, returnTo, isMissing = false }) {
      const page = kit.page(request)
      return await kit.send(reply, 'terms', {
        ...page,
        action: kit.link(TERMS_PAGE),
        csrf: kit.csrf(reply),
        hidden: returnTo === null ? {} : { return_to: returnTo },
        account: { name: await kit.accountName(userId) },
        terms: { url: terms.url!, privacyUrl: terms.privacyUrl },
        ...(isMissing && { errors: { fields: { [TERMS_ACCEPTED]: [page.texts.problems.mustAccept] } } }),
        links: { logout: kit.link('/logout') }
      }, { leaves: returnTo !== null })
    }
  }
}

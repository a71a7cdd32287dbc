import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { internals } from '../../plugins/internals.ts'
import type { DevelopmentMail } from '../../plugins/development-mail.ts'

type Show = (mail: DevelopmentMail, id: string) => Promise<{ html: string, policy: string } | null>

/** Mails and text messages that are kept because there is no transport, for the developer at this machine alone. */
const mail: FastifyPluginAsyncTypebox = async (app) => {
  let opened: Promise<DevelopmentMail> | undefined

  async function open (): Promise<DevelopmentMail> {
    const { createDevelopmentMail } = await import('../../plugins/development-mail.ts')
    return await createDevelopmentMail(internals(app))
  }

  const show = (view: Show) => async (request: FastifyRequest<{ Params: { id?: string } }>, reply: FastifyReply) => {
    const kept = await (opened ??= open())
    const page = kept.isFromHere(request) ? await view(kept, request.params.id ?? '') : null
    if (!page) return reply.callNotFound()
    return reply.type('text/html; charset=utf-8')
      .headers({
        'content-security-policy': page.policy, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', 'x-frame-options': 'SAMEORIGIN'
      })
      .send(page.html)
  }

  app.get('/dev/mail', { schema: { hide: true } }, show((kept) => kept.list()))
  app.get<{ Params: { id: string } }>('/dev/mail/:id', { schema: { hide: true } }, show((kept, id) => kept.message(id)))
  app.get<{ Params: { id: string } }>('/dev/mail/:id/html', { schema: { hide: true } }, show((kept, id) => kept.html(id)))
}

export default mail

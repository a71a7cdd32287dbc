import type { FastifyInstance } from 'fastify'
import type { LinkItem } from '../../src/views/parts.tsx'
import { closedScope, formParsers } from '../http/closed-scope.ts'
import { internals } from '../internals.ts'
import { PAGE_HEADERS } from './headers.ts'
import { createKit } from './kit.ts'

/** The page at `/` of the standalone server, for visitors without a link. */
export async function serveStartPage (app: FastifyInstance): Promise<void> {
  const services = internals(app)
  const { browser, config } = services
  const kit = await createKit(services)

  await app.register(async (scope) => {
    closedScope(scope, { ...config, corsOrigins: [] }, { parsers: formParsers, headers: PAGE_HEADERS })
    scope.get('/', { schema: { hide: true } }, async (request, reply) => {
      const page = kit.page(request)
      const { start: t } = page.texts
      const session = await browser.session(request)
      const guest: LinkItem[] = [
        { href: config.loginPath, text: t.login },
        ...(config.registration === 'open' ? [{ href: kit.link('/register'), text: t.register }] : [])
      ]
      const user: LinkItem[] = [{ href: kit.link('/account'), text: t.account }, { href: kit.link('/logout'), text: t.logout }]
      const docs: LinkItem[] = config.routes.docs ? [{ href: kit.link('/docs'), text: t.docs }] : []
      reply.header('cache-control', 'no-store')
      return await kit.send(reply, 'start', {
        ...page, ...(session && { account: { name: await kit.accountName(session.userId) } }),
        links: [...(session ? user : guest), ...docs]
      })
    })
  })
}

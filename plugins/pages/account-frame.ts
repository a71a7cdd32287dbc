import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../../src/config/config.ts'
import type { AccountFrame } from '../../src/views/account-frame.tsx'
import type { Texts } from '../../src/views/texts/index.ts'
import { ACCOUNT, SECURITY, type Who } from './account-paths.ts'
import type { Kit } from './kit.ts'

export type MakeFrame = (request: FastifyRequest, reply: FastifyReply, who: Who, path: string) => Promise<AccountFrame>

/** What all pages of the account have. */
export function createAccountFrame (kit: Kit, _config: Config): MakeFrame {
  const pages: [path: string, text: (texts: Texts) => string][] = [
    [ACCOUNT, ({ account }) => account.overview],
    [SECURITY, ({ security }) => security.title]
  ]
  return async (request, reply, { userId }, path) => {
    const page = kit.page(request)
    return {
      ...page,
      csrf: kit.csrf(reply),
      account: { name: await kit.accountName(userId) },
      nav: pages.map(([target, text]) => ({ href: kit.link(target), text: text(page.texts), current: target === path })),
      actions: { logout: kit.link('/logout') }
    }
  }
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../../src/config/config.ts'
import type { AccountFrame } from '../../src/views/account-frame.tsx'
import type { Texts } from '../../src/views/texts/index.ts'
import { ACCOUNT, DATA, PROFILE, SECURITY, type Who } from './account-paths.ts'
import type { Kit } from './kit.ts'

type Entry = [path: string, text: (texts: Texts) => string]

export type MakeFrame = (request: FastifyRequest, reply: FastifyReply, who: Who, path: string) => Promise<AccountFrame>

/** What all pages of the account have. */
export function createAccountFrame (kit: Kit, { routes }: Pick<Config, 'routes'>): MakeFrame {
  const pages: Entry[] = [
    [ACCOUNT, ({ account }) => account.overview],
    ...(routes.profile ? [[PROFILE, ({ profile }) => profile.title] satisfies Entry] : []),
    [SECURITY, ({ security }) => security.title],
    ...(routes.profile ? [[DATA, ({ data }) => data.title] satisfies Entry] : [])
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

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Services } from '../../src/compose/services.ts'
import type { AccountEndModel, EndKind } from '../../src/views/account-end.tsx'
import { formatAgo } from '../../src/views/format.ts'
import type { Page } from '../../src/views/page.ts'
import { ACCOUNT, type Who } from './account-paths.ts'
import { session } from './account.ts'
import type { Kit } from './kit.ts'

export type Ending = { kind: Exclude<EndKind, 'current'>, action: string, id: string }

/** @returns null when the user has nothing of that kind and id */
export type ShowAccountEnd = (request: FastifyRequest, reply: FastifyReply, who: Who, ending: Ending) => Promise<FastifyReply | null>

type Described = Pick<AccountEndModel, 'kind' | 'name' | 'facts'>

/** Asks before something with access to the account ends. */
export function createAccountEndPage (kit: Kit, { account, clock, personalTokens }: Services): ShowAccountEnd {
  function lastUsed ({ texts, locale }: Page, date: Date | null): string {
    return date === null ? texts.account.neverUsed : `${texts.account.lastUsed} ${formatAgo(date, new Date(clock.now()), locale)}`
  }

  async function ofSession (id: string, { userId, sessionId }: Who, page: Page): Promise<Described | null> {
    const access = (await account.access.list(userId)).find((access) => access.id === id)
    if (!access) return null
    const { device, place, lastUsedAt, current } = session(access, sessionId, page)
    return {
      kind: current ? 'current' : 'session', name: device ?? page.texts.account.unknownDevice,
      facts: [...(place === null ? [] : [place]), lastUsed(page, lastUsedAt)]
    }
  }

  async function describe ({ kind, id }: Ending, who: Who, page: Page): Promise<Described | null> {
    if (kind === 'others') return { kind, name: '', facts: [] }
    if (kind === 'session') return await ofSession(id, who, page)
    const listed = kind === 'app' ? await account.apps.list(who.userId) : await personalTokens.list(who.userId)
    const item = listed.find((item) => item.id === id)
    return item ? { kind, name: item.name, facts: [lastUsed(page, item.lastUsedAt)] } : null
  }

  return async (request, reply, who, ending) => {
    const page = kit.page(request)
    const described = await describe(ending, who, page)
    if (!described) return null
    return await kit.send(reply, 'accountEnd', {
      ...page, ...described,
      action: kit.link(ending.action), csrf: kit.csrf(reply), hidden: { id: ending.id }, links: { back: kit.link(ACCOUNT) }
    }, { leaves: kit.accountLeaves })
  }
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Access } from '../../src/account/access.ts'
import type { FieldErrors } from '../../src/http/field-errors.ts'
import { formErrors } from '../../src/views/texts/field-errors.ts'
import type { Services } from '../../src/compose/services.ts'
import { shownName } from '../../src/clients/shown-name.ts'
import { agentName } from '../../src/account/agent-name.ts'
import type { AccountModel } from '../../src/views/account.tsx'
import type { Page } from '../../src/views/page.ts'
import type { MakeFrame } from './account-frame.ts'
import { ACCOUNT, ACTIONS, DAYS, type Who } from './account-paths.ts'
import type { Kit } from './kit.ts'
import type { Notice } from './notices.ts'

const DEFAULT_DAYS = 90

export type AccountState = {
  newToken?: { name: string, value: string }
  /** The rejected input, to be shown again. */
  values?: { name: string, days: number, scopes: string[] }
  errors?: FieldErrors
  notice?: Notice | undefined
}

export type ShowAccount = (request: FastifyRequest, reply: FastifyReply, who: Who, state?: AccountState) => Promise<FastifyReply>

/** The account page: everything that has access to the account. */
export function createAccountPage (kit: Kit, services: Services, frameOf: MakeFrame): ShowAccount {
  const { account, clock, personalTokens, config } = services
  const hasTokens = config.routes.personalTokens
  const { endSession, endOthers, endApp, endToken, createToken } = ACTIONS
  const link = (path: string) => kit.link(path)
  const actions = {
    logout: link('/logout'), endSession: link(endSession), endOthers: link(endOthers), endApp: link(endApp), endToken: link(endToken),
    createToken: link(createToken)
  }

  async function lists ({ userId, sessionId }: Who, page: Page): Promise<Pick<AccountModel, 'sessions' | 'apps' | 'tokens'>> {
    const [access, apps, tokens] = await Promise.all([
      account.access.list(userId),
      account.apps.list(userId),
      hasTokens ? personalTokens.list(userId) : null
    ])
    const appIds = new Set(apps.map(({ id }) => id))
    return {
      sessions: access.filter(({ client }) => client === null || !appIds.has(client.id)).map((item) => session(item, sessionId, page)),
      apps: apps.map((app) => ({ ...app, scopes: kit.scopes(app.scopes, page) })),
      tokens: tokens && tokens.map((token) => ({ ...token, scopes: kit.scopes(token.scopes, page) }))
    }
  }

  return async (request, reply, who, { newToken, values, errors, notice } = {}) => {
    const page = await frameOf(request, reply, who, ACCOUNT)
    const offered = hasTokens ? await personalTokens.ownScopes() : null
    return kit.send(errors ? reply.code(422) : reply, 'account', {
      ...page,
      now: new Date(clock.now()),
      ...await lists(who, page),
      tokenForm: offered ? { scopes: kit.scopes(offered, page), days: DAYS, values: values ?? { days: DEFAULT_DAYS } } : null,
      actions,
      newToken,
      notice: notice && page.texts.account[notice],
      ...(errors && { errors: formErrors(errors, ['name'], page.texts) })
    }, { leaves: kit.accountLeaves })
  }
}

/** A session of a first-party client is shown with the client's name, or with that of the brand. */
export function session (
  { id, client, userAgent, ip, lastUsedAt }: Access,
  current: string | null,
  { brand, texts }: Page
): AccountModel['sessions'][number] {
  const names = [client && shownName(client, brand.name), agentName(userAgent, texts.account.browserOn)].filter((name) => name != null)
  return { id, device: names.length === 0 ? null : names.join(' · '), place: ip, lastUsedAt, current: id === current }
}

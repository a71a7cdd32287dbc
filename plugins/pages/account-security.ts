import type { FastifyReply, FastifyRequest } from 'fastify'
import type { HistoryEntry } from '../../src/account/history.ts'
import { agentName } from '../../src/account/agent-name.ts'
import { shownName } from '../../src/clients/shown-name.ts'
import type { Services } from '../../src/compose/services.ts'
import type { FieldErrors } from '../../src/http/field-errors.ts'
import type { SocialServices } from '../../src/compose/social.ts'
import type { HistoryItem, Identities } from '../../src/views/account-security.tsx'
import type { Page } from '../../src/views/page.ts'
import { formErrors } from '../../src/views/texts/field-errors.ts'
import type { MakeFrame } from './account-frame.ts'
import { CHANGE_PASSWORD, LINK_IDENTITY, SECURITY, UNLINK_IDENTITY, type Who } from './account-paths.ts'
import type { Kit } from './kit.ts'
import type { Notice } from './notices.ts'

const PER_PAGE = 20

/** What the page says after a form that has changed nothing. */
const FAILURES: ReadonlySet<Notice> = new Set(['identityTaken', 'identityElsewhere', 'identityLast', 'identityFailed'] satisfies Notice[])

type State = { before?: string | null, errors?: FieldErrors, notice?: Notice | undefined }

export type ShowAccountSecurity = (request: FastifyRequest, reply: FastifyReply, who: Who, state: State) => Promise<FastifyReply>

/** The password, and what has happened to the account. */
export function createAccountSecurityPage (
  kit: Kit,
  { account, config, social, users }: Services,
  frameOf: MakeFrame
): ShowAccountSecurity {
  return async (request, reply, who, { before = null, errors, notice }) => {
    const frame = await frameOf(request, reply, who, SECURITY)
    const home = users.domains?.requiredHomeOfAny(await users.records.identifiers(who.userId))
    const { entries, next } = await account.history.list(who.userId, { before, limit: PER_PAGE })
    return await kit.send(errors ? reply.code(422) : reply, 'accountSecurity', {
      ...frame,
      actions: { ...frame.actions, changePassword: kit.link(CHANGE_PASSWORD) },
      passwordRules: config.routes.profile && !home ? users.passwordPolicy.rules : null,
      ...(home && { atProvider: home.label }),
      ...(config.routes.profile && { hasPassword: await users.records.hasPassword(who.userId) }),
      ...(social && { identities: await identitiesOf(social, who.userId) }),
      history: entries.map((entry) => itemOf(entry, frame)),
      links: {
        older: next === null ? undefined : kit.link(SECURITY, { before: next }),
        newest: before === null ? undefined : kit.link(SECURITY)
      },
      ...(notice && (FAILURES.has(notice)
        ? { errors: { form: [frame.texts.account[notice]] } }
        : { notice: frame.texts.account[notice] })),
      ...(errors && { errors: formErrors(errors, ['current_password', 'new_password'], frame.texts) })
    }, { leaves: kit.loginLeaves || social !== null })
  }

  async function identitiesOf ({ identities, providers }: SocialServices, userId: string): Promise<Identities> {
    const [items, usable] = [await identities.list(userId), await identities.usable(userId)]
    const own = new Set(items.map(({ provider }) => provider))
    const offered = [...providers.values()].filter(({ name }) => usable.includes(name) && !own.has(name))
    return {
      items: items.map(({ provider, subject, email, name, createdAt }) => ({
        provider, subject, label: providers.get(provider)?.label ?? provider, account: email ?? name, since: createdAt
      })),
      offered: offered.map(({ name, label }) => ({ provider: name, label })),
      actions: { link: kit.link(LINK_IDENTITY), unlink: kit.link(UNLINK_IDENTITY) }
    }
  }
}

function itemOf ({ type, reason, client, ip, userAgent, createdAt }: HistoryEntry, { brand, texts }: Page): HistoryItem {
  const facts = [client && shownName(client, brand.name), agentName(userAgent, texts.account.browserOn), ip]
  return {
    what: texts.history[`${type}.${reason}`] ?? texts.history[type] ?? type, at: createdAt,
    facts: facts.filter((fact) => fact != null)
  }
}

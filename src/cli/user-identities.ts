import { identitiesOf } from '../compose/identities.ts'
import { createMail } from '../compose/outbox.ts'
import type { Core } from '../compose/core.ts'
import { createEvents } from '../events/events.ts'
import type { Identities } from '../social/identities.ts'
import type { SocialAccount } from '../social/ports.ts'
import { createProviders } from '../social/providers.ts'
import { noThrottle } from '../throttle/throttle.ts'
import { createAttributes } from '../users/attributes.ts'
import type { Context } from './context.ts'
import { findUser } from './find-user.ts'
import { BY_OPERATOR } from './operator.ts'
import { table, type Result } from './result.ts'

/** The accounts at providers with which a user logs in, also at those that are not configured any more. */
export async function listIdentities ({ config, withCore }: Context, text: string): Promise<Result> {
  return await withCore(async (core) => {
    const userId = await findUser(config, core.store, text)
    const identities = await (await identitiesFor(core)).list(userId)
    return {
      json: {
        user_id: userId,
        identities: identities.map(({ provider, subject, email, name, createdAt, lastUsedAt }) => ({
          provider, subject, email, name, created_at: createdAt.toISOString(), last_used_at: lastUsedAt.toISOString()
        }))
      },
      lines: table(['PROVIDER', 'SUBJECT', 'E-MAIL THERE', 'LAST USED'], identities.map(({ provider, subject, email, lastUsedAt }) =>
        [provider, subject, email ?? '-', lastUsedAt.toISOString()]))
    }
  })
}

/** Removes one of them; sessions go on. The user is told. */
export async function removeIdentity (
  { config, withCore }: Context, text: string, provider: string, subject: string | undefined, { force = false }: { force?: boolean }
): Promise<Result> {
  return await withCore(async (core) => {
    const userId = await findUser(config, core.store, text)
    const identities = await identitiesFor(core)
    const found = theOne(await identities.list(userId), provider, subject)
    const outcome = await identities.unlink({ userId, provider, subject: found.subject }, {}, { evenLast: force })
    if (outcome === 'last') throw new Error('It is the last way in of the user, who could not log in any more; --force removes it nevertheless')
    if (outcome === 'unknown') throw noSuchIdentity(provider)
    await core.store.audit.write([{ type: 'identity.unlinked', userId, detail: { ...BY_OPERATOR, provider } }])
    return {
      json: { user_id: userId, provider, subject: found.subject, removed: true },
      lines: [`The identity ${found.subject} at ${provider} of user ${userId} is removed; sessions go on until they are revoked.`]
    }
  })
}

async function identitiesFor (core: Core): Promise<Identities> {
  const { config, store } = core
  return identitiesOf({
    ...core,
    providers: createProviders(config.social),
    attributes: await createAttributes(config.login),
    users: store.users,
    mail: createMail(core).mail,
    throttle: noThrottle,
    events: createEvents(() => {})
  })
}

function theOne (identities: SocialAccount[], provider: string, subject: string | undefined): SocialAccount {
  const there = identities.filter((each) => each.provider === provider)
  const [found, ...others] = subject === undefined ? there : there.filter((each) => each.subject === subject)
  if (!found) throw noSuchIdentity(provider)
  if (others.length > 0) {
    throw new Error(`The user has ${there.length} identities at ${provider}: name the subject, which \`npx latchkey user identities list\` shows`)
  }
  return found
}

const noSuchIdentity = (provider: string) =>
  new Error(`The user has no such identity at ${provider}; \`npx latchkey user identities list\` shows what there is`)

import { createInvitationServices } from '../compose/invitations.ts'
import { createMail } from '../compose/outbox.ts'
import type { Core } from '../compose/core.ts'
import type { Invitations } from '../invitations/invitations.ts'
import { createInvitationStore } from '../invitations/invitations.store.ts'
import type { Identifier } from '../users/attributes.ts'
import type { Context } from './context.ts'
import { BY_OPERATOR } from './operator.ts'
import { table, type Result } from './result.ts'

const MANY = 1000

/** Prints the link in any case: whoever is handed it may register. */
export async function inviteUser ({ withCore }: Context, { email, locale }: { email: string, locale?: string }): Promise<Result> {
  const { display, url, expiresAt, isMailed } = await withCore(async (core) => {
    const invitations = await invitationsOf(core)
    const identifier = addressOf(invitations, email)
    if ((await core.store.users.taken([identifier])).length > 0) throw new Error(`${email} has an account already`)
    const { mail } = createMail(core)
    const created = await invitations.create(identifier, mail.localeFor({ uiLocales: locale }))
    await core.store.audit.write([{ type: 'user.invited', detail: BY_OPERATOR }])
    return created
  })
  const until = expiresAt.toISOString()
  return {
    json: { email: display, url, expires_at: until, mailed: isMailed },
    lines: [
      isMailed ? `${display} is invited by mail. The link in it, which works until ${until}:` : `${display} is invited until ${until}. Hand over this link:`,
      url
    ]
  }
}

/** With an address: withdraws its invitation. */
export async function listInvitations ({ withCore }: Context, { withdraw }: { withdraw?: string }): Promise<Result> {
  return await withCore(async (core) => {
    const store = createInvitationStore(core.database)
    if (withdraw !== undefined) {
      if (await store.withdraw(addressOf(await invitationsOf(core), withdraw)) === 0) {
        throw new Error(`${withdraw} has no invitation; \`npx latchkey user invitations\` lists them`)
      }
      await core.store.audit.write([{ type: 'user.invitation_withdrawn', detail: BY_OPERATOR }])
      return { json: { email: withdraw, withdrawn: true }, lines: [`The invitation of ${withdraw} is withdrawn.`] }
    }
    const pending = (await store.list(MANY)).map(({ display, createdAt, expiresAt }) => ({
      email: display, created_at: createdAt.toISOString(), expires_at: expiresAt.toISOString()
    }))
    return {
      json: pending,
      lines: pending.length === 0
        ? ['There are no invitations.']
        : table(['EMAIL', 'INVITED', 'UNTIL'], pending.map((one) => [one.email, one.created_at, one.expires_at]))
    }
  })
}

async function invitationsOf (core: Core): Promise<Invitations> {
  const invitations = await createInvitationServices(core)
  if (invitations) return invitations
  throw new Error('nobody can be invited: that needs registration (REGISTRATION is not off), the pages, and an e-mail address among login.attributes')
}

function addressOf ({ attribute }: Invitations, text: string): Identifier {
  const identifier = attribute.parse(text)
  if (!identifier) throw new Error(`${text} is not a valid ${attribute.title}`)
  return identifier
}

import type { Caller } from '../oauth/ports.ts'
import type { OutboxWrites } from '../outbox/ports.ts'
import type { Attributes } from '../users/attributes.ts'
import type { IdentifierChange, UndoneChange } from '../users/identifier-change.ts'
import type { Recipient, Users } from '../users/ports.ts'
import type { Link } from './links.ts'
import { TOKEN_TTL, type OneTimeTokens } from './one-time-tokens.ts'
import type { AlsoWrite, OneTimeToken } from './ports.ts'
import { languagesOf, mailRecipient, type MailPort, type Preferences } from './recipient.ts'

type Told = { userId: string, caller: Caller, preferences: Preferences }

export type ChangeNotices = {
  /** Reads who is told. Nothing limits these messages: whoever has taken over an account must not be able to use them up beforehand. */
  prepare: (told: Told) => Promise<PreparedNotices>
  /** The same for a change that is undone by a token. */
  prepareUndone: (told: Told, token: Pick<OneTimeToken, 'attribute' | 'value'>) => Promise<AlsoWrite<UndoneChange>>
}

export type PreparedNotices = {
  /** Tells of a change, with a link that undoes it, in the transaction of the change. */
  tell: AlsoWrite<IdentifierChange>
  /** Whether anybody gets that link. */
  isTold: (change: IdentifierChange) => boolean
}

type Dependencies = {
  attributes: Attributes
  users: Pick<Users, 'recipient'>
  tokens: Pick<OneTimeTokens, 'issue'>
  outbox: Pick<OutboxWrites, 'write'>
  mail: MailPort
  /** Where the link of a notice leads to; undefined where there is no such page. */
  undoLink: Link | undefined
  /** Where a new password is set. */
  forgotUrl: () => string
  now: () => number
}

/** Who is told of a change, and by which address; null: nobody. */
type To = Pick<Recipient, 'display' | 'verified' | 'name' | 'locale'> & { isBefore: boolean }

export function createChangeNotices (
  { attributes, users, tokens, outbox, mail, undoLink, forgotUrl, now }: Dependencies
): ChangeNotices {
  const addresses = attributes.filter(({ channel }) => channel === 'mail').map(({ name }) => name)

  /** The address before the change is told of it, and otherwise one that the user has verified. */
  function toWhom ({ attribute, before }: IdentifierChange, usual: Recipient | null): To | null {
    const isBefore = before !== null && addresses.includes(attribute)
    if (isBefore) return { name: null, locale: null, ...usual, display: before.display, verified: before.verified, isBefore }
    return usual?.verified ? { ...usual, isBefore } : null
  }

  function recipientOf (to: Pick<Recipient, 'display' | 'verified' | 'name'>, { ip, userAgent }: Caller) {
    const { words, ...rest } = mailRecipient(to)
    return rest.verified ? { ...rest, words: { ...words, ip, userAgent } } : rest
  }

  const prepare: ChangeNotices['prepare'] = async ({ userId, caller, preferences }) => {
    const usual = await users.recipient({ of: { userId }, attributes: addresses })
    const tell: PreparedNotices['tell'] = async (transaction, change) => {
      const { attribute, before } = change
      const to = toWhom(change, usual)
      await tokens.issue({
        purpose: 'undo', userId, identifier: { attribute, value: before?.value ?? null }, payload: { proves: to?.isBefore === true }
      }, async (client, { token }) => {
        if (!to) return
        const undoUrl = undoLink?.({ userId, token, address: to.display })
        await outbox.write(mail.queue(
          'identifierChanged', recipientOf(to, caller), { attribute, at: new Date(now()), undoUrl, expiresIn: TOKEN_TTL.undo },
          { locale: mail.localeFor(languagesOf(to.locale, preferences)), expiresIn: TOKEN_TTL.undo }
        ), client)
      }, transaction)
    }
    return { tell, isTold: (change) => toWhom(change, usual) !== null }
  }

  const prepareUndone: ChangeNotices['prepareUndone'] = async ({ userId, caller, preferences }, { attribute, value }) => {
    const usual = await users.recipient({ of: { userId }, attributes: addresses })
    // The token has come back from the restored address; the usual one may be that of whoever is thrown out
    const isBack = attribute !== null && value !== null && addresses.includes(attribute)
    const to = isBack ? { name: null, locale: null, ...usual, display: value, verified: true } : usual
    if (!to?.verified) return async () => {}
    const recipient = isBack ? recipientOf(to, caller) : mailRecipient({ ...to, name: null })
    return async (transaction, undone) => {
      const model = { attribute: undone.attribute, at: new Date(now()), url: forgotUrl() }
      await outbox.write(
        mail.queue('changeUndone', recipient, model, { locale: mail.localeFor(languagesOf(to.locale, preferences)) }), transaction
      )
    }
  }

  return { prepare, prepareUndone }
}

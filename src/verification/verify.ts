import type { Caller } from '../oauth/ports.ts'
import type { OutboxWrites } from '../outbox/ports.ts'
import type { Throttle } from '../throttle/throttle.ts'
import type { Attributes, Identifier } from '../users/attributes.ts'
import type { VerifyCurrentPassword } from '../users/current-password.ts'
import type { Proof, Users } from '../users/ports.ts'
import type { OneTimeTokens } from './one-time-tokens.ts'
import type { AlsoWrite, OneTimeToken } from './ports.ts'
import { languagesOf, mailRecipient, type MailPort, type Preferences } from './recipient.ts'
import type { Redemption } from './redemption.ts'

type ByLink = {
  token: string
  /** Whose it must be, if known. */
  userId?: string | undefined
  /** Its sender is logged in as that user, or has just proven the password. */
  keeps: boolean
  caller: Caller
  preferences: Preferences
}

type Channel = 'mail' | 'sms'

type ByCode = {
  channel: Channel
  code: string
  userId: string
  boundTo: string
  /** The address of a registration that may have created no user. */
  entered?: Identifier | undefined
  caller: Caller
  preferences: Preferences
}

export type Verify = {
  /** The token of a link, if it is valid; nothing changes. */
  find: (token: string) => Promise<OneTimeToken | null>
  /** @returns null for anything that is wrong with the token */
  byLink: (request: ByLink) => Promise<Proof | null>
  /**
   * Whether this is the password of the user of a link, who is not logged in.
   * @throws Overloaded, TooManyAttempts
   */
  isPassword: (userId: string, password: string) => Promise<boolean>
  /**
   * A code is entered by the session that asked for it.
   * @returns null for anything that is wrong with it
   * @throws TooManyAttempts
   */
  byCode: (request: ByCode) => Promise<Proof | null>
}

type Dependencies = {
  attributes: Attributes
  users: Pick<Users, 'findById' | 'recipient'>
  verifyCurrent: VerifyCurrentPassword
  tokens: Pick<OneTimeTokens, 'find'>
  redemption: Pick<Redemption, 'verify'>
  throttle: Pick<Throttle, 'oneTimeCode'>
  outbox: Pick<OutboxWrites, 'write'>
  mail: MailPort
  /** Where the mail leads to. */
  accountUrl: () => string
}

/** Tries by a link are counted like those of a session. */
const LINK = 'verify'

export function createVerify (
  { attributes, users, verifyCurrent, tokens, redemption, throttle, outbox, mail, accountUrl }: Dependencies
): Verify {
  const named = (channel: Channel) => attributes.filter((attribute) => attribute.channel === channel).map(({ name }) => name)
  const addresses = named('mail')

  /**
   * Under what a code is counted: the identifier that it was sent to, whichever login asked for it. A registration that has created nobody
   * is counted under the address that it has entered, as one that has created a user; for a text message both are.
   */
  async function countedFor ({ channel, userId, entered }: Pick<ByCode, 'channel' | 'userId' | 'entered'>): Promise<string[][]> {
    const sentTo = async (channel: Channel) =>
      await users.recipient({ of: { userId }, attributes: named(channel), unverified: true })
    const address = await sentTo('mail') ?? entered
    const own = channel === 'mail' ? address : await sentTo(channel)
    return [
      own ? [own.attribute, own.value] : [userId],
      ...(channel !== 'mail' && address ? [[channel, address.attribute, address.value]] : [])
    ]
  }

  /** The owner of an address is told that it is now part of an account. */
  function notice (preferences: Preferences): AlsoWrite<Proof> {
    return async (transaction, { attribute, display, name, locale, first, isNew, cleaned }) => {
      if (!first || attribute === null || display === null || !addresses.includes(attribute)) return
      // The name may be the words of whoever registered the address of somebody else
      const to = mailRecipient({ display, name: cleaned ? null : name, verified: true })
      // One mail, not two. Who takes over an account that somebody has prepared is not welcomed to it
      const view = isNew && !cleaned && mail.sends('welcome') ? 'welcome' : 'verified'
      const mails = mail.queue(view, to, { url: accountUrl() }, { locale: mail.localeFor(languagesOf(locale, preferences)) })
      await outbox.write(mails, transaction)
    }
  }

  const byLink: Verify['byLink'] = ({ preferences, ...request }) => redemption.verify(request, notice(preferences))

  const byCode: Verify['byCode'] = async ({ channel, code, userId, boundTo, entered, caller, preferences }) =>
    await throttle.oneTimeCode(await countedFor({ channel, userId, entered }))(async () => {
      for (const name of named(channel)) {
        const proof = await redemption.verify({ code, attribute: name, boundTo, keeps: true, caller }, notice(preferences))
        if (proof) return proof
      }
      return null
    })

  return {
    find: (token) => tokens.find(token, 'verify'),
    isPassword: async (userId, password) =>
      await verifyCurrent({ userId, sessionId: LINK, user: await users.findById(userId), password }),
    byLink,
    byCode
  }
}

import type { Caller } from '../oauth/ports.ts'
import type { OutboxWrites } from '../outbox/ports.ts'
import type { Throttle } from '../throttle/throttle.ts'
import type { Attributes } from '../users/attributes.ts'
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

type ByCode = { channel: 'mail' | 'sms', code: string, userId: string, boundTo: string, caller: Caller, preferences: Preferences }

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
  users: Pick<Users, 'findById'>
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
  const addresses = attributes.filter(({ channel }) => channel === 'mail').map(({ name }) => name)

  /** The owner of an address is told that it is now part of an account. */
  function notice (preferences: Preferences): AlsoWrite<Proof> {
    return async (transaction, { attribute, display, name, locale, first }) => {
      if (!first || attribute === null || display === null || !addresses.includes(attribute)) return
      const to = mailRecipient({ display, name, verified: true })
      const mails = mail.queue('verified', to, { url: accountUrl() }, { locale: mail.localeFor(languagesOf(locale, preferences)) })
      await outbox.write(mails, transaction)
    }
  }

  const byLink: Verify['byLink'] = ({ preferences, ...request }) => redemption.verify(request, notice(preferences))

  const byCode: Verify['byCode'] = ({ channel, code, userId, boundTo, caller, preferences }) =>
    throttle.oneTimeCode(userId)(async () => {
      for (const { name } of attributes.filter((attribute) => attribute.channel === channel)) {
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

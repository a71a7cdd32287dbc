import type { Caller } from '../oauth/ports.ts'
import type { OutboxWrites } from '../outbox/ports.ts'
import type { Throttle } from '../throttle/throttle.ts'
import type { Attributes, Identifier } from '../users/attributes.ts'
import type { VerifyCurrentPassword } from '../users/current-password.ts'
import type { Proof, Users } from '../users/ports.ts'
import type { Confirming, IdentifierChanges } from './changes.ts'
import type { OneTimeTokens } from './one-time-tokens.ts'
import type { AlsoWrite, OneTimeToken } from './ports.ts'
import { languagesOf, mailRecipient, type MailPort, type Preferences } from './recipient.ts'
import type { Redemption } from './redemption.ts'

type ByLink = {
  token: string
  /** Whose it must be. */
  userId: string
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

/** `cleaned`: the account has lost its password, and what else somebody may have prepared. */
type Proven = Pick<Proof, 'userId' | 'cleaned'>

export type Verify = {
  /** The token of a link, of a verification or of a change, if it is valid; nothing changes. */
  find: (token: string) => Promise<OneTimeToken | null>
  /**
   * A change is confirmed only by who `keeps`: otherwise somebody could give their account the address of a stranger, who confirms it
   * without knowing what it is about.
   * @returns null for anything that is wrong with the token
   */
  byLink: (request: ByLink) => Promise<Proven | null>
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
  byCode: (request: ByCode) => Promise<Proven | null>
}

type Dependencies = {
  attributes: Attributes
  users: Pick<Users, 'findById' | 'recipient'>
  verifyCurrent: VerifyCurrentPassword
  tokens: Pick<OneTimeTokens, 'find'>
  redemption: Pick<Redemption, 'verify'>
  changes: Pick<IdentifierChanges, 'confirm'>
  throttle: Pick<Throttle, 'oneTimeCode'>
  outbox: Pick<OutboxWrites, 'write'>
  mail: MailPort
  /** Where the mail leads to. */
  accountUrl: () => string
}

/** Tries by a link are counted like those of a session. */
const LINK = 'verify'

export function createVerify (
  { attributes, users, verifyCurrent, tokens, redemption, changes, throttle, outbox, mail, accountUrl }: Dependencies
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

  const confirm = async (request: Confirming): Promise<Proven | null> =>
    await changes.confirm(request) && { userId: request.userId, cleaned: false }

  const byLink: Verify['byLink'] = async ({ preferences, ...request }) => {
    const { token, userId, keeps, caller } = request
    const proof = await redemption.verify(request, notice(preferences))
    return proof || !keeps ? proof : await confirm({ token, userId, caller, preferences })
  }

  const byCode: Verify['byCode'] = async ({ channel, code, userId, boundTo, entered, caller, preferences }) =>
    await throttle.oneTimeCode(await countedFor({ channel, userId, entered }))(async () => {
      for (const attribute of named(channel)) {
        const proof = await redemption.verify({ code, attribute, boundTo, keeps: true, caller }, notice(preferences)) ??
          await confirm({ code, attribute, boundTo, userId, caller, preferences })
        if (proof) return proof
      }
      return null
    })

  return {
    find: (token) => tokens.find(token, 'verify', 'change'),
    isPassword: async (userId, password) =>
      await verifyCurrent({ userId, sessionId: LINK, user: await users.findById(userId), password }),
    byLink,
    byCode
  }
}

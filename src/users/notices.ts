import type { MailModels } from '../mail/models.ts'
import type { NoticeName } from '../mail/notices.ts'
import type { Caller } from '../oauth/ports.ts'
import type { OutboxEntry } from '../outbox/ports.ts'
import type { Throttle } from '../throttle/throttle.ts'
import { languagesOf, mailRecipient, type MailPort, type Preferences } from '../verification/recipient.ts'
import type { Attributes } from './attributes.ts'
import type { Users } from './ports.ts'

export type About = {
  userId: string
  /** Whose address and browser the notice names; not to an address that is not verified. */
  caller?: Caller | undefined
  /** The languages of the request, where its sender is certainly the user. */
  preferences?: Preferences | undefined
  /** The attribute that the user has just proven. */
  proven?: string | null | undefined
}

/**
 * Prepares a notice to a user, to be written with what it tells of.
 * @returns nothing when it is turned off, the user has no address, or there were enough
 */
export type PrepareNotice = <Name extends NoticeName | 'deletionScheduled'>(name: Name, about: About, model: MailModels[Name]) => Promise<OutboxEntry[]>

type Dependencies = {
  attributes: Attributes
  users: Pick<Users, 'recipient'>
  mail: MailPort
  throttle: Pick<Throttle, 'message'>
}

export function createPrepareNotice ({ attributes, users, mail, throttle }: Dependencies): PrepareNotice {
  const addresses = attributes.filter(({ channel }) => channel === 'mail').map(({ name }) => name)

  return async (name, { userId, caller, preferences = {}, proven }, model) => {
    if (!mail.sends(name)) return []
    const found = await users.recipient({ of: { userId }, attributes: addresses })
    if (!found) return []
    // A name from before the proof may be the words of somebody else
    const recipient = { ...found, verified: found.verified || found.attribute === proven, name: found.verified ? found.name : null }
    // Anybody may have registered an address, or go on logging in. Not counted with what people ask for: that could hold back a notice
    const isLimited = !recipient.verified || name === 'newDevice'
    if (isLimited && !await throttle.message('notice', found.attribute, found.value)) return []
    const to = mailRecipient(recipient)
    const told = to.verified ? { ...to, words: { ...to.words, ip: caller?.ip, userAgent: caller?.userAgent } } : to
    return mail.queue(name, told, model, { locale: mail.localeFor(languagesOf(found.locale, preferences)) })
  }
}

export type PasswordChangedNotice = (about: About) => Promise<OutboxEntry[]>

/** @param forgotUrl where somebody chooses a new password who did not do it */
export function createPasswordChangedNotice (
  prepareNotice: PrepareNotice, forgotUrl: () => string, now: () => number
): PasswordChangedNotice {
  return (about) => prepareNotice('passwordChanged', about, { at: new Date(now()), url: forgotUrl() })
}

import type { QueueMail } from '../mail/queue.ts'
import type { OutboxWrites } from '../outbox/ports.ts'
import type { ProofRequests } from '../verification/requests.ts'
import type { Profile } from './ports.ts'
import type { Registrant } from './register.ts'

/**
 * The one mail after a registration, where nobody waits for a verification: to verify the address, or, by an invitation, to welcome its
 * owner. Who verifies the address is welcomed then (src/verification/verify.ts).
 */
export type SendRegisteredMail = (user: Profile, registrant: Registrant) => Promise<void>

type Dependencies = {
  /** Names of the attributes that are e-mail addresses. */
  addresses: readonly string[]
  requests: Pick<ProofRequests, 'verifyEmail'>
  mail: { queue: QueueMail }
  outbox: Pick<OutboxWrites, 'write'>
  /** The locale of a user who has none. */
  defaultLocale: string
  /** Where the mail leads to. */
  accountUrl: () => string
}

export function createSendRegisteredMail (
  { addresses, requests, mail, outbox, defaultLocale, accountUrl }: Dependencies
): SendRegisteredMail {
  return async ({ id: userId, name, identifiers }, { locale = defaultLocale, preferences = {}, link }) => {
    const given = identifiers.filter(({ attribute }) => addresses.includes(attribute))
    const verified = given.find(({ verifiedAt }) => verifiedAt !== null)
    if (verified) {
      const to = { address: verified.display, verified: true as const, words: { name } }
      await outbox.write(mail.queue('welcome', to, { url: accountUrl() }, { locale }))
    } else if (given.length > 0 && link) await requests.verifyEmail({ userId, preferences }, link)
  }
}

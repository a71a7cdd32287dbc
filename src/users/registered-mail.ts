import type { QueueMail } from '../mail/queue.ts'
import type { OutboxWrites } from '../outbox/ports.ts'
import type { AlsoWrite } from '../verification/ports.ts'
import type { ProofRequests } from '../verification/requests.ts'
import type { Identifier } from './attributes.ts'
import type { Profile } from './ports.ts'
import type { Registrant } from './register.ts'

/** Who is about to be created. `proven`: by an invitation. */
type Entered = { name: string | null, identifiers: Identifier[], proven: Identifier | null }

/**
 * The one mail after a registration, where nobody waits for a verification: to verify the address, or, by an invitation, to welcome its
 * owner. Who verifies the address is welcomed then (src/verification/verify.ts).
 * @returns what the transaction writes that creates the user; nothing where no mail is sent
 */
export type PrepareRegisteredMail = (entered: Entered, registrant: Registrant) => Promise<AlsoWrite<Profile> | undefined>

type Dependencies = {
  /** Names of the attributes that are e-mail addresses. */
  addresses: readonly string[]
  requests: Pick<ProofRequests, 'verifyNew'>
  mail: { queue: QueueMail }
  outbox: Pick<OutboxWrites, 'write'>
  /** The locale of a user who has none. */
  defaultLocale: string
  /** Where the mail leads to. */
  accountUrl: () => string
}

export function createPrepareRegisteredMail (
  { addresses, requests, mail, outbox, defaultLocale, accountUrl }: Dependencies
): PrepareRegisteredMail {
  return async ({ name, identifiers, proven }, { locale, preferences = {}, link }) => {
    const given = identifiers.filter(({ attribute }) => addresses.includes(attribute))
    const verified = given.find(({ attribute }) => attribute === proven?.attribute)
    if (verified) {
      const to = { address: verified.display, verified: true as const, words: { name } }
      const entries = mail.queue('welcome', to, { url: accountUrl() }, { locale: locale ?? defaultLocale })
      return async (transaction) => await outbox.write(entries, transaction)
    }
    const [address] = given
    return address && link && await requests.verifyNew({ address, locale: locale ?? null, preferences }, link)
  }
}

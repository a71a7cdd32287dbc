import { hashSecret } from '../crypto/secrets.ts'
import { boundToAuthSession, type AuthSessions } from '../sessions/auth-sessions.ts'
import type { ProofRequests } from '../verification/requests.ts'
import type { Attributes, Identifier } from './attributes.ts'
import type { IdentifierHolds } from './identifier-holds.ts'
import type { Registrant } from './register.ts'

/** Who has registered: a new user, or nobody, since the address has an account. Whoever asks cannot tell. */
type Registered = { userId: string | null, identifiers: Identifier[], registrant: Registrant }

/** Registration that waits for the verification of an address. */
export type WaitingRegistration = {
  /** The first attribute that is an e-mail address: an account needs one. */
  address: string
  /** Whether it is told that an identifier of the attribute is taken: a user name is chosen, an address is not. */
  isPublic: (attribute: string) => boolean
  /** Attributes of user names that are held by other registrations. */
  held: (identifiers: Identifier[]) => Promise<string[]>
  /**
   * Sends the mail: to a new user to verify the address, to the owner of a taken one that there is an account.
   * @returns an auth session, with which the code of the mail is entered
   */
  start: (registered: Registered) => Promise<string>
}

type Dependencies = {
  attributes: Attributes
  holds: IdentifierHolds
  authSessions: Pick<AuthSessions, 'create'>
  requests: Pick<ProofRequests, 'verifyEmail' | 'addressTaken'>
}

/** Seconds for which a user name stays taken, whether or not its registration has created a user. */
const HELD = 3600

export function createWaitingRegistration ({ attributes, holds, authSessions, requests }: Dependencies): WaitingRegistration {
  const addresses = attributes.filter(({ channel }) => channel === 'mail').map(({ name }) => name)
  const names = attributes.filter(({ channel }) => channel === null).map(({ name }) => name)
  const isPublic = (attribute: string) => names.includes(attribute)
  const publicOf = (identifiers: Identifier[]) => identifiers.filter(({ attribute }) => isPublic(attribute))

  async function start ({ userId, identifiers, registrant }: Registered): Promise<string> {
    const { caller = { ip: 'unknown', userAgent: undefined }, preferences = {}, link } = registrant
    const address = identifiers.find(({ attribute }) => addresses.includes(attribute))
    if (!address || !link) throw new TypeError('A registration that waits has an address, and a link for it')
    await holds.hold(publicOf(identifiers), HELD)
    const authSession = await authSessions.create({
      user: userId === null ? null : { userId, passwordStamp: 0 }, clientId: null, proven: ['pwd'], pending: { address: address.display }, caller
    })
    const boundTo = boundToAuthSession({ hash: hashSecret(authSession) })
    if (userId === null) await requests.addressTaken(address, boundTo)
    else await requests.verifyEmail({ userId, boundTo, preferences }, link)
    return authSession
  }

  return { address: addresses[0]!, isPublic, held: (identifiers) => holds.held(publicOf(identifiers)), start }
}

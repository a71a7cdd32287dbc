import { v7 as uuidv7 } from 'uuid'
import { hashSecret } from '../crypto/secrets.ts'
import { boundToAuthSession, type AuthSessions, type PendingRegistration, type SubmittedForm } from '../sessions/auth-sessions.ts'
import { TOKEN_TTL } from '../verification/one-time-tokens.ts'
import type { ProofRequests } from '../verification/requests.ts'
import type { Attributes, Identifier } from './attributes.ts'
import type { Waiting } from './decoys.ts'
import type { Registrant } from './register.ts'

/** Who has registered: a new user, or nobody, since the address has an account. Whoever asks cannot tell. */
type Registered = {
  userId: string | null
  address: Identifier
  registration: PendingRegistration
  registrant: Registrant
  submitted: SubmittedForm | undefined
}

/** Registration that waits for the verification of an address. */
export type WaitingRegistration = {
  /** The first attribute that is an e-mail address: an account needs one. */
  address: string
  /** Whether it is told that an identifier of the attribute is taken: a user name is chosen, an address is not. */
  isPublic: (attribute: string) => boolean
  /** The address that is to be verified, among what was entered, and for how long the rest is held. */
  waitingOf: (identifiers: Identifier[]) => Waiting
  /** The auth session that the same form has got before. */
  startedBy: (submitted: SubmittedForm) => Promise<string | null>
  /**
   * Sends the mail: to a new user to verify the address, to the owner of a taken one that there is an account.
   * @returns an auth session, with which the code of the mail is entered
   */
  start: (registered: Registered) => Promise<string>
}

type Dependencies = {
  attributes: Attributes
  authSessions: Pick<AuthSessions, 'create' | 'createdBy'>
  requests: Pick<ProofRequests, 'verifyEmail' | 'addressTaken'>
}

/** Seconds for which what a registration has asked for besides its address is taken, with a user or without: as long as its link. */
const CLAIMED = TOKEN_TTL.verify
/** At least as long as an address that nobody has is held for other reasons. */
const HELD = 30 * 86_400

export function createWaitingRegistration ({ attributes, authSessions, requests }: Dependencies): WaitingRegistration {
  const addresses = attributes.filter(({ channel }) => channel === 'mail').map(({ name }) => name)
  const names = attributes.filter(({ channel }) => channel === null).map(({ name }) => name)
  const isPublic = (attribute: string) => names.includes(attribute)

  function waitingOf (identifiers: Identifier[]): Waiting {
    const address = identifiers.find(({ attribute }) => addresses.includes(attribute))
    if (!address) throw new TypeError('A registration that waits has an address')
    return { id: uuidv7(), address, claimedFor: CLAIMED, heldFor: HELD }
  }

  async function start ({ userId, address, registration, registrant, submitted }: Registered): Promise<string> {
    const { caller = { ip: 'unknown', userAgent: undefined }, preferences = {}, link } = registrant
    if (!link) throw new TypeError('A registration that waits has a link for its mail')
    const user = userId === null ? null : { userId, passwordStamp: 0 }
    const authSession = await authSessions.create({ user, clientId: null, proven: ['pwd'], pending: { address, registration }, caller }, submitted)
    const boundTo = boundToAuthSession({ hash: hashSecret(authSession) })
    if (userId === null) await requests.addressTaken(address, boundTo)
    else await requests.verifyEmail({ userId, boundTo, preferences }, link)
    return authSession
  }

  return { address: addresses[0]!, isPublic, waitingOf, start, startedBy: (submitted) => authSessions.createdBy(submitted, null) }
}

import { originOf, type Events } from '../events/events.ts'
import type { Caller } from '../oauth/ports.ts'
import type { Proof, Users } from '../users/ports.ts'
import type { OneTimeTokens } from './one-time-tokens.ts'
import type { AlsoWrite } from './ports.ts'

type ByToken = { token: string, userId?: string | undefined }
type ByCode = { code: string, attribute: string, boundTo: string }

export type Redemption = {
  /**
   * Verifies the identifier that a token or code was sent to.
   * @param request `keeps`: the caller is logged in as the user of the token, or has just proven the password. Otherwise the first proof of
   * an identifier removes the password and what else somebody may have prepared. `userId`: whose token it must be
   * @param also writes something in the same transaction, such as a mail
   * @returns null for anything that is wrong with the token or code
   */
  verify: (request: (ByToken | ByCode) & { keeps: boolean, caller: Caller }, also?: AlsoWrite<Proof>) => Promise<Proof | null>
  /**
   * Sets the password, which the caller has checked against the policy, and ends every session.
   * @returns null for anything that is wrong with the token
   * @throws Overloaded
   */
  reset: (request: { token: string, password: string, caller: Caller }, also?: AlsoWrite<Proof>) => Promise<Proof | null>
}

type Dependencies = {
  tokens: Pick<OneTimeTokens, 'find' | 'findByCode'>
  users: Pick<Users, 'verifyIdentifier' | 'resetPassword'>
  /** Names of the attributes that can be verified. */
  verifiable: string[]
  events: Pick<Events, 'emit'>
}

/** The effects of tokens for verification and reset. */
export function createRedemption ({ tokens, users, verifiable, events }: Dependencies): Redemption {
  function tell ({ userId, attribute, first, cleaned, removed, clients }: Proof, caller: Caller): void {
    if (attribute !== null && first) events.emit('identifier.verified', { userId, attribute, cleaned, removed, ...originOf(caller) })
    for (const clientId of clients) events.emit('client.revoked', { clientId, userId, ...originOf(caller) })
  }

  const verify: Redemption['verify'] = async ({ keeps, caller, ...by }, also) => {
    const found = 'token' in by ? await tokens.find(by.token, 'verify') : await tokens.findByCode({ purpose: 'verify', ...by })
    if (!found) return null
    const proof = await users.verifyIdentifier({ hash: found.hash, userId: 'token' in by ? by.userId : undefined, keeps, verifiable }, also)
    if (proof) tell(proof, caller)
    return proof
  }

  const reset: Redemption['reset'] = async ({ token, password, caller }, also) => {
    // A bad token costs no hash
    const found = await tokens.find(token, 'reset')
    const proof = found && await users.resetPassword({ hash: found.hash, password, verifiable }, also)
    if (!proof) return null
    tell(proof, caller)
    events.emit('password.reset', { userId: proof.userId, ...originOf(caller) })
    return proof
  }

  return { verify, reset }
}

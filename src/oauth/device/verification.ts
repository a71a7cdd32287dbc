import { originOf, type Events } from '../../events/events.ts'
import type { Throttle } from '../../throttle/throttle.ts'
import type { Decider, Decision, Devices } from './ports.ts'
import { HttpError } from '../../http/http-error.ts'
import { MISSING_ERRORS } from '../../users/missing.ts'
import type { Users } from '../../users/ports.ts'
import type { Caller, Client, Clients } from '../ports.ts'
import type { Scopes } from '../scopes.ts'
import { displayCode, plainCode, type UserCodes } from './user-code.ts'

/** What a user is asked to allow. */
export type DeviceRequest = {
  /** As displayed on the device. */
  userCode: string
  client: Pick<Client, 'id' | 'name' | 'firstParty'> & { ofUser: boolean }
  scopes: string[]
  /** The address that the device asked from, and the user agent it sent. */
  ip: string | null
  userAgent: string | null
  askedAt: Date
}

/** Who enters a code. */
export type CodeEntry = { userCode: string, user: Decider, caller: Caller }

export type DeviceVerification = {
  /**
   * The device waiting with this code, which from now on only this user can decide about, or the decision they have made. Null for a code
   * that is wrong, expired or claimed by another user.
   * @throws TooManyAttempts
   */
  find: (entry: CodeEntry) => Promise<DeviceRequest | Decision | null>
  /**
   * The first decision wins; repeating it changes nothing.
   * @returns what this user has decided, or null when there is nothing to decide
   * @throws TooManyAttempts, HttpError LK_EMAIL_NOT_VERIFIED
   */
  decide: (entry: CodeEntry, decision: Decision) => Promise<Decision | null>
}

type Dependencies = {
  devices: Devices, clients: Pick<Clients, 'find'>, scopes: Pick<Scopes, 'remaining'>, userCodes: UserCodes,
  throttle: Throttle['userCode'], events: Events
  /** What a user must still do before a device may act for them. */
  missing: Users['missing']
}

/** RFC 8628 section 3.3: the logic of the device page. Every wrong code is counted, wherever it is sent (section 5.1). */
export function createDeviceVerification (
  { devices, clients, scopes: registry, userCodes, throttle, events, missing }: Dependencies
): DeviceVerification {
  async function look (userCode: string, user: Decider): Promise<DeviceRequest | Decision | null> {
    const hashes = userCodes.hashes(userCode)
    if (hashes.length === 0) return null
    const device = await devices.claim(hashes, user)
    if (!device) return await devices.decision(hashes, user.userId)
    const client = await clients.find(device.clientId)
    if (!client || client.revokedAt) return null
    const { id, name, firstParty, ownerId } = client
    const { scopes, ip, userAgent, createdAt } = device
    return {
      userCode: displayCode(plainCode(userCode)!), client: { id, name, firstParty, ofUser: ownerId !== null },
      scopes: registry.remaining(client, scopes), ip, userAgent, askedAt: createdAt
    }
  }

  async function settle ({ userCode, user, caller }: CodeEntry, decision: Decision): Promise<Decision | null> {
    const hashes = userCodes.hashes(userCode)
    if (hashes.length === 0) return null
    const [first] = decision === 'allowed' ? await missing(user) : []
    if (first) throw new HttpError(MISSING_ERRORS[first].code)
    const decided = await devices.decide(hashes, user, decision === 'allowed')
    // The form was submitted twice, and the first submission has decided
    if (!decided) return await devices.decision(hashes, user.userId)
    events.emit(decision === 'allowed' ? 'device.approved' : 'device.denied', { ...decided, userId: user.userId, ...originOf(caller) })
    return decision
  }

  return {
    find: ({ userCode, user, caller }) => throttle(user.userId, caller.ip)(() => look(userCode, user)),
    decide: (entry, decision) => throttle(entry.user.userId, entry.caller.ip)(() => settle(entry, decision))
  }
}

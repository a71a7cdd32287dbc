import { originOf, type Events } from '../events.ts'
import type { Throttle } from '../users/throttle.ts'
import type { Decider, Devices } from './device-ports.ts'
import type { Caller, Client, Clients } from './ports.ts'
import { displayCode, plainCode, type UserCodes } from './user-code.ts'

/** What a user is asked to allow. */
export type DeviceRequest = {
  /** As it is shown on the device. */
  userCode: string
  client: Pick<Client, 'id' | 'name' | 'firstParty'>
  scopes: string[]
  /** Where the device asked from, and what it says it is. */
  ip: string | null
  userAgent: string | null
  askedAt: Date
}

/** Who types a code in. */
export type CodeEntry = { userCode: string, user: Decider, caller: Caller }

export type DeviceVerification = {
  /** The device behind a code that waits for its user; null for a wrong, decided or expired one. @throws TooManyAttempts */
  find: (entry: CodeEntry) => Promise<DeviceRequest | null>
  /** The user allows it. @returns false when there is nothing to decide any more. @throws TooManyAttempts */
  approve: (entry: CodeEntry) => Promise<boolean>
  deny: (entry: CodeEntry) => Promise<boolean>
}

type Dependencies = { devices: Devices, clients: Pick<Clients, 'find'>, userCodes: UserCodes, throttle: Throttle['userCode'], events: Events }

/** RFC 8628 section 3.3: what the page for devices does. Every wrong code counts, wherever it is sent (section 5.1). */
export function createDeviceVerification ({ devices, clients, userCodes, throttle, events }: Dependencies): DeviceVerification {
  async function look (userCode: string): Promise<DeviceRequest | null> {
    const hashes = userCodes.hashes(userCode)
    const device = hashes.length > 0 ? await devices.findWaiting(hashes) : null
    const client = device && await clients.find(device.clientId)
    if (!client || client.revokedAt) return null
    const { id, name, firstParty } = client
    const { scopes, ip, userAgent, createdAt } = device
    return { userCode: displayCode(plainCode(userCode)!), client: { id, name, firstParty }, scopes, ip, userAgent, askedAt: createdAt }
  }

  async function decide ({ userCode, user, caller }: CodeEntry, allowed: boolean): Promise<boolean> {
    const hashes = userCodes.hashes(userCode)
    const decided = await throttle(user.userId, caller.ip)(async () => hashes.length > 0 ? await devices.decide(hashes, user, allowed) : null)
    if (!decided) return false
    events.emit(allowed ? 'device.approved' : 'device.denied', { ...decided, userId: user.userId, ...originOf(caller) })
    return true
  }

  return {
    find: ({ userCode, user, caller }) => throttle(user.userId, caller.ip)(() => look(userCode)),
    approve: (entry) => decide(entry, true),
    deny: (entry) => decide(entry, false)
  }
}

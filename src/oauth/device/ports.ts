import type { Caller, Grant } from '../ports.ts'

/** A device that asks for access (RFC 8628 section 3.1). */
export type NewDevice = {
  hash: Uint8Array
  userCodeHash: Uint8Array
  clientId: string
  scopes: string[]
  /** Seconds. */
  interval: number
  ttl: number
  caller: Caller
}

/** A device that waits for its user. */
export type WaitingDevice = Pick<NewDevice, 'clientId' | 'scopes'> & { ip: string | null, userAgent: string | null, createdAt: Date }

/** The user who decides, as they are logged in now; a browser's login must be alive still. `browser` tells theirs from others. */
export type Decider = { userId: string, tokenEpoch: number, authTime: Date, browserSessionId?: string, browser?: Uint8Array }

export type Decision = 'allowed' | 'denied'

export type DeviceState = 'unknown' | 'expired' | 'denied' | 'redeemed' | 'approved' | 'pending' | 'too soon'

export type DeviceRedemption = {
  hash: Uint8Array
  clientId: string
  sessionId: string
  secretHash: Uint8Array
  /** Seconds. */
  ttl: number
  caller: Caller
}

export type Devices = {
  /** @returns false when the user code is in use: the caller makes another */
  create: (device: NewDevice) => Promise<boolean>
  /**
   * By any of the hashes of a user code, while nobody has decided. It belongs to the first user who asks; for others there is none, unless
   * they log in in the browser of the first.
   */
  claim: (userCodeHashes: Uint8Array[], user: Pick<Decider, 'userId' | 'browser'>) => Promise<WaitingDevice | null>
  /** What this user has decided. */
  decision: (userCodeHashes: Uint8Array[], userId: string) => Promise<Decision | null>
  /** Compare-and-set: the first decision counts, and it is that of the user who has claimed the code. @returns of which client, or null */
  decide: (userCodeHashes: Uint8Array[], user: Decider, allowed: boolean) => Promise<{ clientId: string, scopes: string[] } | null>
  /** Redeems and makes the session in one statement; null when there is nothing to redeem. */
  redeem: (redemption: DeviceRedemption) => Promise<Grant | null>
  /** How it stands; notes the poll, and raises the interval by `penalty` seconds when it came too soon. */
  poll: (hash: Uint8Array, clientId: string, penalty: number) => Promise<DeviceState>
}

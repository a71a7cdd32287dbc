import type { Caller, SessionState } from '../ports.ts'

/** A device that requests access (RFC 8628 section 3.1). */
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

/** A device waiting for its user. */
export type WaitingDevice = Pick<NewDevice, 'clientId' | 'scopes'> & { ip: string | null, userAgent: string | null, createdAt: Date }

/** The user who decides, as logged in now; a browser session must still be active. `browser` identifies their browser. */
export type Decider = {
  userId: string, tokenEpoch: number, authTime: Date, amr: readonly string[], lacksFactor?: boolean
  browserSessionId?: string, browser?: Uint8Array
}

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
  /** @returns false when the user code is in use; the caller then generates another */
  create: (device: NewDevice) => Promise<boolean>
  /**
   * Looks up an undecided device by any of the hashes of its user code, and assigns it to the first user who asks. Other users get null,
   * unless they log in in the same browser.
   */
  claim: (userCodeHashes: Uint8Array[], user: Pick<Decider, 'userId' | 'browser'>) => Promise<WaitingDevice | null>
  /** What this user has decided. */
  decision: (userCodeHashes: Uint8Array[], userId: string) => Promise<Decision | null>
  /**
   * Compare-and-set: the first decision wins, and only the user who claimed the code can decide.
   * @returns the client and its scopes, or null
   */
  decide: (userCodeHashes: Uint8Array[], user: Decider, allowed: boolean) => Promise<{ clientId: string, scopes: string[] } | null>
  /** Redeems the code and creates the session in one statement; null when there is nothing to redeem. */
  redeem: (redemption: DeviceRedemption) => Promise<SessionState | null>
  /** Returns the current state and records the poll; raises the interval by `penalty` seconds when the poll came too soon. */
  poll: (hash: Uint8Array, clientId: string, penalty: number) => Promise<DeviceState>
}

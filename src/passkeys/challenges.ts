import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { DerivedKeys } from '../crypto/app-key.ts'

/** Label of the keys that sign challenges. */
export const PASSKEY_KEYS = 'passkeys'

/** Milliseconds for which a challenge is good. */
export const CHALLENGE_MS = 300_000
const NONCE = 16
const TIME = 8
const MAC = 32

/**
 * A challenge (WebAuthn Level 3, section 13.4.3) that is stored nowhere: nonce, time of issue in ms, and their HMAC.
 * @param bound for what and whom it is: another purpose, user or session has other challenges
 */
export function newChallenge ([key]: DerivedKeys, bound: readonly string[], now: number): Buffer {
  const time = Buffer.alloc(TIME)
  time.writeBigUInt64BE(BigInt(Math.floor(now)))
  const head = Buffer.concat([randomBytes(NONCE), time])
  return Buffer.concat([head, macOf(key!, head, bound)])
}

/** Whether it was issued for the same, in the last 5 minutes. @param challenge in base64url */
export function isOurChallenge (keys: DerivedKeys, challenge: string, bound: readonly string[], now: number): boolean {
  const bytes = Buffer.from(challenge, 'base64url')
  if (bytes.length !== NONCE + TIME + MAC) return false
  const [head, mac] = [bytes.subarray(0, NONCE + TIME), bytes.subarray(NONCE + TIME)]
  const age = now - Number(head.readBigUInt64BE(NONCE))
  return keys.some((key) => timingSafeEqual(macOf(key, head, bound), mac)) && age <= CHALLENGE_MS
}

function macOf (key: Buffer, head: Buffer, bound: readonly string[]): Buffer {
  return createHmac('sha256', key).update(head).update(JSON.stringify(bound)).digest()
}

import { hashSecret } from '../crypto/secrets.ts'

/** Under what a proof that counts once is remembered, and for how many seconds. */
export type Once = { hash: Uint8Array, seconds: number }

export type UsedProofStore = {
  /** Remembers it. @returns false when it was used before: of two at once, one gets true */
  use: (proof: Once) => Promise<boolean>
}

// A provider may sign what never expires
const MAX_SECONDS = 10 * 366 * 86_400

export function onceOf (text: string, seconds: number): Once {
  return { hash: hashSecret(text), seconds: Math.min(Math.ceil(seconds), MAX_SECONDS) }
}

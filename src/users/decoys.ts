import { createHmac } from 'node:crypto'
import type { DerivedKeys } from '../crypto/app-key.ts'
import type { Identifier } from './attributes.ts'

/**
 * What a registration that waits for the verification of an address leaves at its identifiers. A login with its password is answered in the
 * same way, whether the registration has created a user or the address had an account: otherwise the second request would tell what the
 * first one does not.
 */
export type Decoy = {
  tag: string
  /** Of the registration; no later one replaces it. */
  id?: string
  /** As it was entered, to be shown again. */
  address: Identifier
}

/** A registration that waits for the verification of its address. */
export type Waiting = {
  /** Names the registration. */
  id: string
  address: Identifier
  /** Seconds for which the other identifiers are held. */
  claimedFor: number
  /** Seconds for which the address is held, if it belongs to nobody and yet nobody may have it. */
  heldFor: number
}

export type Decoys = {
  create: (waiting: Pick<Waiting, 'id' | 'address'>, password: string) => Decoy
  /** Whether this may be the password of the registration: one of 65,536 others passes, too. It opens nothing. */
  matches: (decoy: Decoy, password: string) => boolean
}

/** Label of the keys under which the tags are made. */
export const DECOY_KEYS = 'registration-decoys'

/** So few that the tag does not help to find the password, even with APP_KEY. */
const TAG_BYTES = 2

export function createDecoys (keys: DerivedKeys): Decoys {
  const tagOf = (key: Buffer, { attribute, value }: Identifier, password: string) =>
    createHmac('sha256', key).update(JSON.stringify([attribute, value, password])).digest().subarray(0, TAG_BYTES).toString('base64url')
  return {
    create: ({ id, address }, password) => ({ tag: tagOf(keys[0]!, address, password), id, address }),
    matches: ({ tag, address }, password) => keys.some((key) => tagOf(key, address, password) === tag)
  }
}

import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'
import type { DerivedKeys } from '../crypto/app-key.ts'
import { hashSecret } from '../crypto/secrets.ts'
import type { Transaction } from '../database/transaction.ts'
import type { AlsoWrite, NewToken, OneTimeToken, OneTimeTokenStore, Purpose } from './ports.ts'

/** The texts of a new token, which are not stored. */
export type IssuedToken = {
  token: string
  /** Six digits; null without `boundTo`. */
  code: string | null
}

type EnteredCode = { purpose: Purpose, attribute: string, code: string, boundTo: string }

export type OneTimeTokens = {
  /**
   * Creates a token, which replaces the older ones of the same purpose: of the user for a reset, of the user's attribute for a verification
   * or change. `also` writes the message that carries it, in the same transaction, which is `transaction` if one is given.
   * @returns null when there is no such user that may log in
   */
  issue: (token: NewToken, also?: AlsoWrite<IssuedToken>, transaction?: Transaction) => Promise<IssuedToken | null>
  /** A valid token of one of these purposes by its text. Nothing changes, so that a GET may ask. */
  find: (text: string, ...purposes: Purpose[]) => Promise<OneTimeToken | null>
  /** The valid tokens of a user, by attribute. */
  list: OneTimeTokenStore['list']
  cancel: OneTimeTokenStore['cancel']
  /** The token of a code that was entered by who asked for it. Every call counts as a try. */
  findByCode: (entered: EnteredCode) => Promise<OneTimeToken | null>
}

const PREFIX = 'lk_ot_'
// 32 bytes take 43 characters; two bits of the last one are not used, and are zero in what is issued
const FORM = /^lk_ot_[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/

const CODE_FORM = /^\d{6}$/
/** Seconds. */
export const CODE_TTL = 600
const CODE_TRIES = 5

const HOUR = 3600
/** Seconds for which a token is valid. */
export const TOKEN_TTL: Record<Purpose, number> = {
  verify: 24 * HOUR, reset: HOUR, change: 24 * HOUR, undo: 72 * HOUR, invite: 168 * HOUR, upstream: HOUR / 6
}

/** In the payload of a `reset`: a code by mail is no second factor beside the password that it sets. */
export const BY_MAIL = { channel: 'mail' } as const

/** Label of the keys under which codes are hashed. */
export const CODE_KEYS = 'one-time-codes'

type Dependencies = { store: OneTimeTokenStore, keys: DerivedKeys }

export function createOneTimeTokens ({ store, keys }: Dependencies): OneTimeTokens {
  async function issue (
    { purpose, userId, identifier, payload = {}, ttl = TOKEN_TTL[purpose], boundTo }: NewToken,
    also: AlsoWrite<IssuedToken> = async () => {},
    transaction?: Transaction
  ): Promise<IssuedToken | null> {
    const token = PREFIX + randomBytes(32).toString('base64url')
    const hash = hashSecret(token)
    const code = boundTo === undefined ? null : randomInt(1_000_000).toString().padStart(6, '0')
    const stored = {
      purpose, userId, identifier, payload, ttl, hash,
      code: code === null || boundTo === undefined ? null : { hmac: codeHmac(keys[0]!, hash, code), boundTo, ttl: Math.min(CODE_TTL, ttl) }
    }
    const isCreated = await store.create(stored, (client) => also(client, { token, code }), transaction)
    return isCreated ? { token, code } : null
  }

  async function find (text: string, ...purposes: Purpose[]): Promise<OneTimeToken | null> {
    return FORM.test(text) ? await store.find(hashSecret(text), purposes) : null
  }

  async function findByCode ({ purpose, attribute, code, boundTo }: EnteredCode): Promise<OneTimeToken | null> {
    const entered = code.replace(/[\s-]/g, '')
    if (!CODE_FORM.test(entered)) return null
    const found = await store.enterCode(purpose, attribute, boundTo, CODE_TRIES)
    if (!found) return null
    const { token, hmac } = found
    return keys.some((key) => timingSafeEqual(codeHmac(key, token.hash, entered), hmac)) ? token : null
  }

  return { issue, find, findByCode, list: store.list, cancel: store.cancel }
}

/** With the row's hash, so that equal codes are stored differently. */
function codeHmac (key: Buffer, hash: Uint8Array, code: string): Buffer {
  return createHmac('sha256', key).update(hash).update(code).digest()
}

import { createHmac, createSecretKey, hash, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto'
import type { DerivedKeys } from '../crypto/app-key.ts'

/** The contents of a refresh token. It is not stored: the session row holds a hash of `secret` and the current generation. */
export type RefreshToken = { sessionId: string, generation: number, secret: Buffer }

export type RefreshTokens = {
  encode: (token: RefreshToken) => string
  /** @returns null for a forged or damaged token, without a database query */
  decode: (text: string) => RefreshToken | null
  newSecret: () => Buffer
}

const PREFIX = 'lk_rt_'
// session id ‖ generation ‖ id of the MAC key ‖ secret ‖ HMAC-SHA-256
const ID = 16
const GENERATION = ID + 4
const KEY_ID = GENERATION + 4
const SECRET = KEY_ID + 16
const LENGTH = SECRET + 32
// 72 bytes encode to whole base64url characters, so each token has exactly one spelling
const FORM = /^lk_rt_[A-Za-z0-9_-]{96}$/

/** @returns whether a text has the form of a refresh token; verifying it takes the keys */
export function looksLikeRefreshToken (text: string): boolean {
  return FORM.test(text)
}

/**
 * `APP_KEY` alone cannot forge a token (the secret is random), nor can the database alone (the MAC). The presented token contains the
 * secret from which its successor is derived.
 * @param site its issuer may change when the server starts to listen, so it is read at each use
 */
export function createRefreshTokens (keys: DerivedKeys, site: { readonly issuer: string }): RefreshTokens {
  const macKeys = keys.map((key) => ({ key: createSecretKey(key), id: keyId(key) }))
  const current = macKeys[0]!

  function encode ({ sessionId, generation, secret }: RefreshToken): string {
    const bytes = Buffer.alloc(LENGTH)
    bytes.write(sessionId.replaceAll('-', ''), 'hex')
    bytes.writeUInt32BE(generation, ID)
    bytes.set(current.id, GENERATION)
    bytes.set(secret, KEY_ID)
    bytes.set(mac(current.key, bytes, site.issuer), SECRET)
    return PREFIX + bytes.toString('base64url')
  }

  function decode (text: string): RefreshToken | null {
    if (!looksLikeRefreshToken(text)) return null
    const bytes = Buffer.from(text.slice(PREFIX.length), 'base64url')
    const known = macKeys.find(({ id }) => id.equals(bytes.subarray(GENERATION, KEY_ID)))
    if (!known || !timingSafeEqual(mac(known.key, bytes, site.issuer), bytes.subarray(SECRET))) return null
    return {
      sessionId: uuidOf(bytes.toString('hex', 0, ID)),
      generation: bytes.readUInt32BE(ID),
      secret: bytes.subarray(KEY_ID, SECRET)
    }
  }

  return { encode, decode, newSecret: () => randomBytes(SECRET - KEY_ID) }
}

function keyId (key: Buffer): Buffer {
  return Buffer.from(hash('sha256', key, 'hex'), 'hex').subarray(0, KEY_ID - GENERATION)
}

function uuidOf (hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

function mac (key: KeyObject, token: Buffer, issuer: string): Buffer {
  return createHmac('sha256', key).update(token.subarray(0, SECRET)).update(issuer).digest()
}

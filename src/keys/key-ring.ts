import { createPrivateKey, createPublicKey, generateKeyPair, hash, sign as signBytes, type JsonWebKey } from 'node:crypto'
import { promisify } from 'node:util'
import type { DerivedKeys } from '../crypto/app-key.ts'
import { seal, unseal } from '../crypto/seal.ts'
import type { Clock } from '../runtime/clock.ts'
import { createAccessTokenKeys, type FindAccessTokenKey } from './access-token-keys.ts'

/** ES256 signs access tokens, RS256 id tokens (OpenID Connect Core section 15.1). */
export type Algorithm = 'ES256' | 'RS256'
const ALGORITHMS: Algorithm[] = ['ES256', 'RS256']

/** A row; its state follows from its times alone, not from a job. */
export type SigningKey = {
  kid: string
  alg: string
  publicJwk: JsonWebKey
  sealed: Uint8Array
  createdAt: Date
  signsFrom: Date
  signsUntil: Date | null
  /** The last token signed with it has expired by then, and the key leaves the JWKS. */
  publishedUntil: Date | null
  revokedAt: Date | null
}

/** What is needed to verify signatures of a key. */
export type PublicKey = Pick<SigningKey, 'kid' | 'alg' | 'publicJwk'>

export type NewKey = Pick<SigningKey, 'kid' | 'alg' | 'publicJwk'> & { sealed: Uint8Array<ArrayBuffer> }

export type KeyStore = {
  /** Keys that have not left the JWKS. */
  list: () => Promise<SigningKey[]>
  /**
   * A key that is not revoked, for as long as anything it signed may be presented here: an id token is still used as a hint after it has
   * expired.
   */
  find: (kid: string) => Promise<PublicKey | null>
  /**
   * Adds a key that signs after `delay` seconds. The previous one then stops signing, and is kept for `keepFor` seconds more, or as long as
   * a session lives. Under an advisory lock.
   * @returns false when the newest key is younger than `unlessYoungerThan` seconds, or another process was first
   */
  add: (key: NewKey, times: { delay: number, keepFor: number, unlessYoungerThan: number }) => Promise<boolean>
  reseal: (kid: string, sealed: Uint8Array<ArrayBuffer>) => Promise<void>
  /** @returns false when there is no such key, or it is already revoked */
  revoke: (kid: string) => Promise<boolean>
}

export type KeyState = 'next' | 'current' | 'retired' | 'expired' | 'revoked'

export type KeyRing = {
  load: () => Promise<void>
  /**
   * Creates the keys that are missing or due.
   * @returns kids of new keys
   */
  rotateDue: () => Promise<string[]>
  /** Creates a new key now; it signs once every JWKS cache has it, or immediately. */
  rotate: (immediately: boolean) => Promise<string[]>
  revoke: (kid: string) => Promise<boolean>
  sign: (alg: Algorithm, claims: object, type: string) => string
  /** A key while a token that it signed may still be valid. An unknown one is looked up in the database, at most once a second. */
  accessTokenKey: FindAccessTokenKey
  jwks: () => { keys: (JsonWebKey & { kid: string, alg: string })[] }
  /** Verifies an id token that may have expired long ago. */
  hintKey: (kid: string) => Promise<PublicKey | null>
  list: () => (Pick<SigningKey, 'kid' | 'alg' | 'createdAt' | 'signsFrom' | 'signsUntil' | 'revokedAt'> & { state: KeyState })[]
}

/** Seconds for which others may cache the JWKS; a new key is published twice as long before it signs. */
export const JWKS_MAX_AGE = 300
const PUBLISHED_AHEAD = 2 * JWKS_MAX_AGE
/** Seconds for which a key stays in the JWKS after what it signed has expired. */
export const CLOCK_SKEW = 300
/** Seconds for which an id token is valid. It is read once, on arrival; as a hint it is presented for as long as the client keeps it. */
export const ID_TOKEN_TTL = 3600
// A client keeps an id token with its own login, in a cookie, and browsers limit the lifetime of cookies to 400 days
const HINT_TTL = 400 * 86_400
// Processes that start within these seconds share one first key
const START_TOGETHER = 60
const RELOAD_AFTER_MS = 1000

type Opened = SigningKey & { pem: string }
type Options = {
  store: KeyStore
  clock: Clock
  sealKeys: DerivedKeys
  /** Seconds. */
  rotateEvery: number
  /** The longest lifetime of a session or browser session: its tokens may be presented for as long. */
  sessionTtl: number
  onSealedElsewhere: (kid: string) => Error
}

export function createKeyRing ({ store, clock, sealKeys, rotateEvery, sessionTtl, onSealedElsewhere }: Options): KeyRing {
  let keys: Opened[] = []
  const accessTokenKeys = createAccessTokenKeys({ read: load, retryAfter: RELOAD_AFTER_MS, now: clock.monotonic })
  const signers = new Map<string, (claims: object) => string>()

  async function load (): Promise<void> {
    const rows = (await store.list()).filter((row) => !row.revokedAt && !isPast(row.publishedUntil, clock.now()))
    const known = new Map(keys.map((key) => [key.kid, key]))
    keys = await Promise.all(rows.map(async (row) => ({ ...(known.get(row.kid) ?? await open(row)), ...row })))
    signers.clear()
    accessTokenKeys.replace(jwks().keys)
  }

  async function open (row: SigningKey): Promise<Opened> {
    const opened = unseal(sealKeys, row.sealed, keyContext(row))
    if (!opened) throw onSealedElsewhere(row.kid)
    // Sealed under an earlier APP_KEY, so reseal it to make that key dispensable
    if (opened.keyIndex > 0) await store.reseal(row.kid, seal(sealKeys[0]!, opened.text, keyContext(row)))
    return { ...row, pem: opened.text }
  }

  async function add (alg: Algorithm, delay: number, unlessYoungerThan: number): Promise<string | null> {
    const key = await makeKey(alg, sealKeys[0]!)
    const added = await store.add(key, { delay, keepFor: Math.max(HINT_TTL, sessionTtl) + CLOCK_SKEW, unlessYoungerThan })
    return added ? key.kid : null
  }

  async function rotate (immediately: boolean): Promise<string[]> {
    const made: string[] = []
    for (const alg of ALGORITHMS) {
      const kid = await add(alg, immediately || !current(alg) ? 0 : PUBLISHED_AHEAD, 0)
      if (kid) made.push(kid)
    }
    await load()
    return made
  }

  async function rotateDue (): Promise<string[]> {
    await load()
    const made: string[] = []
    for (const alg of ALGORITHMS.filter((alg) => !current(alg) || isOld(newest(alg)))) {
      const kid = await add(alg, current(alg) ? PUBLISHED_AHEAD : 0, current(alg) ? rotateEvery - PUBLISHED_AHEAD : START_TOGETHER)
      if (kid) made.push(kid)
    }
    if (made.length > 0) await load()
    return made
  }

  async function revoke (kid: string): Promise<boolean> {
    const revoked = await store.revoke(kid)
    await load()
    for (const alg of ALGORITHMS.filter((alg) => !current(alg))) await add(alg, 0, 0)
    await load()
    return revoked
  }

  function sign (alg: Algorithm, claims: object, type: string): string {
    const key = current(alg)
    if (!key) throw new Error(`There is no ${alg} key to sign with; see \`latchkey keys\``)
    const id = `${key.kid} ${type}`
    let signer = signers.get(id)
    if (!signer) {
      signer = createSigner(key.pem, { alg, typ: type, kid: key.kid })
      signers.set(id, signer)
    }
    return signer(claims)
  }

  const jwks = () => ({ keys: keys.map(({ kid, alg, publicJwk }) => ({ ...publicJwk, kid, alg, use: 'sig' })) })
  const current = (alg: Algorithm) => keys.filter((key) => key.alg === alg && stateOf(key, clock.now()) === 'current').at(-1)
  const newest = (alg: Algorithm) => keys.filter((key) => key.alg === alg).at(-1)
  const isOld = (key: SigningKey | undefined) => !key || clock.now() - key.signsFrom.getTime() > (rotateEvery - PUBLISHED_AHEAD) * 1000

  return {
    load,
    rotateDue,
    rotate,
    revoke,
    sign,
    accessTokenKey: accessTokenKeys.find,
    jwks,
    hintKey: async (kid) => keys.find((key) => key.kid === kid) ?? await store.find(kid),
    list: () => keys.map((key) => ({ ...pick(key), state: stateOf(key, clock.now()) }))
  }
}

/** Whether one of the keys derived from APP_KEY and its predecessors opens it. */
export function canOpen (sealKeys: DerivedKeys, row: SigningKey): boolean {
  return unseal(sealKeys, row.sealed, keyContext(row)) !== null
}

export function stateOf ({ signsFrom, signsUntil, publishedUntil, revokedAt }: SigningKey, now: number): KeyState {
  if (revokedAt) return 'revoked'
  if (!isPast(signsFrom, now)) return 'next'
  if (isPast(publishedUntil, now)) return 'expired'
  return isPast(signsUntil, now) ? 'retired' : 'current'
}

/** `kid` is the JWK thumbprint (RFC 7638). */
async function makeKey (alg: Algorithm, sealKey: Buffer): Promise<NewKey> {
  const generate = promisify(generateKeyPair) as (
    type: string,
    options: object
  ) => Promise<{ privateKey: ReturnType<typeof createPrivateKey>, publicKey: ReturnType<typeof createPublicKey> }>
  const { privateKey, publicKey } = alg === 'ES256'
    ? await generate('ec', { namedCurve: 'P-256' })
    : await generate('rsa', { modulusLength: 2048 })
  const publicJwk = publicKey.export({ format: 'jwk' })
  const required = alg === 'ES256'
    ? { crv: publicJwk.crv, kty: publicJwk.kty, x: publicJwk.x, y: publicJwk.y }
    : { e: publicJwk.e, kty: publicJwk.kty, n: publicJwk.n }
  const kid = hash('sha256', JSON.stringify(required), 'base64url')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { kid, alg, publicJwk, sealed: seal(sealKey, pem, keyContext({ kid, alg })) }
}

/**
 * Compact JWS (RFC 7515 section 7.1; signatures of RFC 7518 sections 3.3 and 3.4) with one key. The header is encoded once, and the
 * signature is produced in its final format, since signing takes half the time of a token request.
 * @param pem PKCS #8
 */
export function createSigner (pem: string, header: { alg: Algorithm, typ: string, kid: string }): (claims: object) => string {
  const prefix = `${base64url(header)}.`
  const key = { key: createPrivateKey(pem), dsaEncoding: 'ieee-p1363' as const }
  return (claims) => {
    const input = prefix + base64url(claims)
    return `${input}.${signBytes('sha256', Buffer.from(input), key).toString('base64url')}`
  }
}

function base64url (value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Label of the keys that seal signing keys. */
export const SIGNING_KEYS = 'signing-keys'

/** What a key is sealed with: without the issuer, so that a server keeps its keys when its address changes. */
export function keyContext ({ kid, alg }: { kid: string, alg: string }): string {
  return `${kid}.${alg}`
}

function isPast (time: Date | null, now: number): boolean {
  return time !== null && time.getTime() <= now
}

function pick ({ kid, alg, createdAt, signsFrom, signsUntil, revokedAt }: SigningKey) {
  return { kid, alg, createdAt, signsFrom, signsUntil, revokedAt }
}

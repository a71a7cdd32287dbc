import { createPrivateKey, createPublicKey, generateKeyPair, hash, type JsonWebKey } from 'node:crypto'
import { promisify } from 'node:util'
import type { DerivedKeys } from '../app-key.ts'
import { seal, unseal } from './seal.ts'
import { createSigner } from './signer.ts'

/** ES256 signs access tokens, RS256 id tokens (OpenID Connect Core section 15.1). */
export type Algorithm = 'ES256' | 'RS256'
const ALGORITHMS: Algorithm[] = ['ES256', 'RS256']

/** A row; its state follows from the times, never from a job that ran. */
export type SigningKey = {
  kid: string
  alg: string
  publicJwk: JsonWebKey
  sealed: Uint8Array
  createdAt: Date
  signsFrom: Date
  signsUntil: Date | null
  keepUntil: Date | null
  revokedAt: Date | null
}

export type NewKey = Pick<SigningKey, 'kid' | 'alg' | 'publicJwk'> & { sealed: Uint8Array<ArrayBuffer> }

export type KeyStore = {
  list: () => Promise<SigningKey[]>
  /**
   * Adds a key that signs after `delay` seconds, when the one before it stops; under an advisory lock.
   * @returns false when the newest one is younger than `unlessYoungerThan` seconds, or another process was first
   */
  add: (key: NewKey, times: { delay: number, keepFor: number, unlessYoungerThan: number }) => Promise<boolean>
  reseal: (kid: string, sealed: Uint8Array<ArrayBuffer>) => Promise<void>
  /** @returns false when there is no such key, or it is revoked already */
  revoke: (kid: string) => Promise<boolean>
}

export type KeyState = 'next' | 'current' | 'retired' | 'expired' | 'revoked'

export type KeyRing = {
  load: () => Promise<void>
  /** Makes the keys that are missing or due. @returns kids of new keys */
  rotateDue: () => Promise<string[]>
  /** A new key now; it signs when every JWKS cache has it, or at once. */
  rotate: (immediately: boolean) => Promise<string[]>
  revoke: (kid: string) => Promise<boolean>
  sign: (alg: Algorithm, claims: object, type: string) => string
  /** PEM of a key that signs access tokens, while one may still be valid. An unknown one is looked for in the database, at most once a second. */
  accessTokenKey: (kid: unknown) => Promise<string | undefined>
  jwks: () => { keys: JsonWebKey[] }
  list: () => (Pick<SigningKey, 'kid' | 'alg' | 'createdAt' | 'signsFrom' | 'signsUntil' | 'revokedAt'> & { state: KeyState })[]
}

/** Seconds that others may cache the JWKS; a new key is in it twice as long before it signs. */
export const JWKS_MAX_AGE = 300
const PUBLISHED_AHEAD = 2 * JWKS_MAX_AGE
const CLOCK_SKEW = 300
// Processes that start at once make one first key between them
const START_TOGETHER = 60
const RELOAD_MS = 1000

type Opened = SigningKey & { pem: string, publicPem: string }
type Options = {
  store: KeyStore
  sealKeys: DerivedKeys
  /** Seconds. */
  rotateEvery: number
  /** Asked for when a key is followed by another: a client made meanwhile may have raised it. */
  longestTokenTtl: () => Promise<number>
  onSealedElsewhere: (kid: string) => Error
}

export function createKeyRing ({ store, sealKeys, rotateEvery, longestTokenTtl, onSealedElsewhere }: Options): KeyRing {
  let keys: Opened[] = []
  let loadedAt = 0
  const signers = new Map<string, (claims: object) => string>()

  async function load (): Promise<void> {
    loadedAt = Date.now()
    const rows = (await store.list()).filter((row) => !row.revokedAt && !isPast(row.keepUntil))
    const known = new Map(keys.map((key) => [key.kid, key]))
    keys = await Promise.all(rows.map(async (row) => ({ ...(known.get(row.kid) ?? await open(row)), ...row })))
    signers.clear()
  }

  async function open (row: SigningKey): Promise<Opened> {
    const opened = unseal(sealKeys, row.sealed, context(row))
    if (!opened) throw onSealedElsewhere(row.kid)
    // Sealed under an earlier APP_KEY: so that it can be dropped some day
    if (opened.keyIndex > 0) await store.reseal(row.kid, seal(sealKeys[0]!, opened.text, context(row)))
    const publicPem = createPublicKey({ key: row.publicJwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString()
    return { ...row, pem: opened.text, publicPem }
  }

  async function add (alg: Algorithm, delay: number, unlessYoungerThan: number): Promise<string | null> {
    const key = await makeKey(alg, sealKeys[0]!)
    const added = await store.add(key, { delay, keepFor: await longestTokenTtl() + CLOCK_SKEW, unlessYoungerThan })
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

  const pemOf = (kid: unknown) => keys.find((key) => key.kid === kid && key.alg === 'ES256')?.publicPem
  async function accessTokenKey (kid: unknown): Promise<string | undefined> {
    if (typeof kid === 'string' && !pemOf(kid) && Date.now() - loadedAt > RELOAD_MS) await load()
    return pemOf(kid)
  }

  const current = (alg: Algorithm) => keys.filter((key) => key.alg === alg && stateOf(key) === 'current').at(-1)
  const newest = (alg: Algorithm) => keys.filter((key) => key.alg === alg).at(-1)
  const isOld = (key: SigningKey | undefined) => !key || Date.now() - key.signsFrom.getTime() > (rotateEvery - PUBLISHED_AHEAD) * 1000

  return {
    load,
    rotateDue,
    rotate,
    revoke,
    sign,
    accessTokenKey,
    jwks: () => ({ keys: keys.map(({ kid, alg, publicJwk }) => ({ ...publicJwk, kid, alg, use: 'sig' })) }),
    list: () => keys.map((key) => ({ ...pick(key), state: stateOf(key) }))
  }
}

/** Whether one of the keys that APP_KEY and its predecessors give opens it. */
export function canOpen (sealKeys: DerivedKeys, row: SigningKey): boolean {
  return unseal(sealKeys, row.sealed, context(row)) !== null
}

export function stateOf ({ signsFrom, signsUntil, keepUntil, revokedAt }: SigningKey): KeyState {
  if (revokedAt) return 'revoked'
  if (!isPast(signsFrom)) return 'next'
  if (isPast(keepUntil)) return 'expired'
  return isPast(signsUntil) ? 'retired' : 'current'
}

/** `kid` is the JWK thumbprint (RFC 7638). */
async function makeKey (alg: Algorithm, sealKey: Buffer): Promise<NewKey> {
  const generate = promisify(generateKeyPair) as (type: string, options: object) => Promise<{ privateKey: ReturnType<typeof createPrivateKey>, publicKey: ReturnType<typeof createPublicKey> }>
  const { privateKey, publicKey } = alg === 'ES256'
    ? await generate('ec', { namedCurve: 'P-256' })
    : await generate('rsa', { modulusLength: 2048 })
  const publicJwk = publicKey.export({ format: 'jwk' })
  const required = alg === 'ES256' ? { crv: publicJwk.crv, kty: publicJwk.kty, x: publicJwk.x, y: publicJwk.y } : { e: publicJwk.e, kty: publicJwk.kty, n: publicJwk.n }
  const kid = hash('sha256', JSON.stringify(required), 'base64url')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { kid, alg, publicJwk, sealed: seal(sealKey, pem, context({ kid, alg })) }
}

// Not the issuer, too: a server that moves to another address keeps its keys
function context ({ kid, alg }: { kid: string, alg: string }): string {
  return `${kid}.${alg}`
}

function isPast (time: Date | null): boolean {
  return time !== null && time.getTime() <= Date.now()
}

function pick ({ kid, alg, createdAt, signsFrom, signsUntil, revokedAt }: SigningKey) {
  return { kid, alg, createdAt, signsFrom, signsUntil, revokedAt }
}

import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { isoCBOR } from '@simplewebauthn/server/helpers'

/** Flags of authenticator data (WebAuthn Level 3, section 6.1): user present, user verified, backup eligible, backed up, credential. */
const FLAGS = { up: 1, uv: 4, be: 8, bs: 16, at: 64 }

export type CreationOptions = { challenge: string, rp: { id: string }, user: { id: string }, excludeCredentials: { id: string }[] }

type Twist = { origin?: string, rpId?: string, type?: string, id?: Buffer, attestation?: [string, Map<string, unknown>] }

/** What a browser returns for creation options: a synced ES256 passkey with user verification. */
export function createCredential ({ challenge, rp }: CreationOptions, twist: Twist = {}) {
  const { origin = 'http://localhost:3000', rpId = rp.id, type = 'webauthn.create', id = randomBytes(16) } = twist
  const { x, y } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  const key = isoCBOR.encode(new Map<number, number | Uint8Array>([
    [1, 2], [3, -7], [-1, 1], [-2, bytes(x!)], [-3, bytes(y!)]
  ]))
  const length = Buffer.alloc(2)
  length.writeUInt16BE(id.length)
  const flags = FLAGS.up + FLAGS.uv + FLAGS.be + FLAGS.bs + FLAGS.at
  const authData = Buffer.concat([createHash('sha256').update(rpId).digest(), Buffer.from([flags, 0, 0, 0, 0]), Buffer.alloc(16), length, id, key])
  const [fmt, attStmt] = twist.attestation ?? ['none', new Map()]
  const attestation = isoCBOR.encode(new Map<string, never>([
    ['fmt', fmt as never], ['attStmt', attStmt as never], ['authData', Uint8Array.from(authData) as never]
  ]))
  return {
    id: id.toString('base64url'),
    rawId: id.toString('base64url'),
    type: 'public-key',
    response: {
      clientDataJSON: Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false })).toString('base64url'),
      attestationObject: Buffer.from(attestation).toString('base64url'),
      transports: ['internal', 'hybrid']
    },
    clientExtensionResults: {}
  }
}

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'base64url'))

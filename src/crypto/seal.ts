import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { DerivedKeys } from './app-key.ts'

const IV = 12
const TAG = 16

/** AES-256-GCM: iv ‖ tag ‖ ciphertext. `context` must be the same when opened. */
export function seal (key: Buffer, text: string, context: string): Uint8Array<ArrayBuffer> {
  const iv = randomBytes(IV)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context))
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return new Uint8Array(Buffer.concat([iv, cipher.getAuthTag(), body]))
}

/** @returns the text and which of the keys opened it, or null when none does */
export function unseal (keys: DerivedKeys, sealed: Uint8Array, context: string): { text: string, keyIndex: number } | null {
  for (const [keyIndex, key] of keys.entries()) {
    const text = open(key, Buffer.from(sealed), context)
    if (text !== null) return { text, keyIndex }
  }
  return null
}

function open (key: Buffer, sealed: Buffer, context: string): string | null {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV), { authTagLength: TAG })
      .setAAD(Buffer.from(context))
      .setAuthTag(sealed.subarray(IV, IV + TAG))
    return Buffer.concat([decipher.update(sealed.subarray(IV + TAG)), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}

import { createHmac } from 'node:crypto'
import type { DerivedKeys } from '../crypto/app-key.ts'
import type { Transaction } from '../database/transaction.ts'
import type { Identifier } from './attributes.ts'

export type Named = Pick<Identifier, 'attribute' | 'value'>

export type HoldStore = {
  /** Which of these are held. */
  held: (hashes: Uint8Array[]) => Promise<Uint8Array[]>
  hold: (hashes: Uint8Array[], seconds: number, transaction?: Transaction) => Promise<void>
}

/** Identifiers that nobody can take for a while, although they belong to no user. The table does not tell what they are. */
export type IdentifierHolds = {
  /** Attributes of those that are held. */
  held: (identifiers: Named[]) => Promise<string[]>
  hold: (identifiers: Named[], seconds: number, transaction?: Transaction) => Promise<void>
  /** For a statement that takes effect only if none of these is held. */
  hashesOf: (identifiers: Named[]) => Promise<Uint8Array[]>
}

/** Label of the keys under which identifiers are hashed. */
export const HOLD_KEYS = 'identifier-holds'

export function createIdentifierHolds ({ store, keys }: { store: HoldStore, keys: DerivedKeys }): IdentifierHolds {
  const hashOf = (key: Buffer, { attribute, value }: Named) => createHmac('sha256', key).update(JSON.stringify([attribute, value])).digest()
  const hashesOf: IdentifierHolds['hashesOf'] = async (identifiers) =>
    identifiers.flatMap((identifier) => keys.map((key) => hashOf(key, identifier)))
  return {
    hashesOf,
    async held (identifiers) {
      const hashes = identifiers.flatMap((identifier) => keys.map((key) => ({ identifier, hash: hashOf(key, identifier) })))
      const found = new Set((await store.held(hashes.map(({ hash }) => hash))).map((hash) => Buffer.from(hash).toString('hex')))
      return hashes.filter(({ hash }) => found.has(hash.toString('hex'))).map(({ identifier }) => identifier.attribute)
    },
    hold: async (identifiers, seconds, transaction) =>
      await store.hold(identifiers.map((identifier) => hashOf(keys[0]!, identifier)), seconds, transaction)
  }
}

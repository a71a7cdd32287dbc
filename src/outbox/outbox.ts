import { v7 as uuidv7 } from 'uuid'
import type { DerivedKeys } from '../crypto/app-key.ts'
import { seal, unseal } from '../crypto/seal.ts'
import type { OutboxEntry, OutboxKind, OutboxMode } from './ports.ts'

type NewEntry = {
  kind: OutboxKind
  /** JSON; it may contain a link with a secret. */
  payload: object
  /** Seconds after which it is not sent any more, such as those for which the link in it is valid. */
  expiresIn: number
}

export type Outbox = {
  /** What happens to entries of a kind. */
  mode: (kind: OutboxKind) => OutboxMode
  /**
   * Prepares an entry, to be written by the statement or transaction that causes it: either by `store.outbox.write(entries, client)` in an
   * `inTransaction`, or by a part of a single statement that `store.outbox.insertSql` makes:
   * @example
   * // In a *.store.ts; $2 is JSON.stringify(entries), and nothing is sent unless the password was changed
   * `WITH changed AS (UPDATE ${users} SET … WHERE id = $1 RETURNING id),
   *   told AS (${outbox.insertSql('$2', 'EXISTS (SELECT FROM changed)')})
   *   SELECT id FROM changed`
   * // And after the commit, so that it is sent at once; otherwise it is sent within seconds
   * outbox.announce()
   */
  seal: (entry: NewEntry) => OutboxEntry
  /** @returns null when it was sealed under another APP_KEY */
  open: (entry: { id: string, kind: string, sealed: Uint8Array }) => unknown
}

type Options = {
  /** Derived for the label `OUTBOX_KEYS`. */
  keys: DerivedKeys
  modes: Record<OutboxKind, OutboxMode>
}

/** Label of the keys that seal entries. */
export const OUTBOX_KEYS = 'outbox'

export function createOutbox ({ keys, modes }: Options): Outbox {
  return {
    mode: (kind) => modes[kind],
    seal ({ kind, payload, expiresIn }) {
      const id = uuidv7()
      const sealed = Buffer.from(seal(keys[0]!, JSON.stringify(payload), entryContext({ id, kind }))).toString('base64')
      return { id, kind, sealed, expiresIn: Math.ceil(expiresIn), parked: modes[kind] !== 'send' }
    },
    open (entry) {
      const opened = unseal(keys, entry.sealed, entryContext(entry))
      return opened && JSON.parse(opened.text) as unknown
    }
  }
}

/** What an entry is sealed with, so that it opens as no other. */
export function entryContext ({ id, kind }: { id: string, kind: string }): string {
  return `${id}.${kind}`
}

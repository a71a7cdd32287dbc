import { deriveKeys } from '../crypto/app-key.ts'
import { seal, unseal } from '../crypto/seal.ts'
import { FACTOR_KEYS, factorContext } from '../factors/secrets.ts'
import { keyContext, SIGNING_KEYS } from '../keys/key-ring.ts'
import { entryContext, OUTBOX_KEYS } from '../outbox/outbox.ts'
import { PROVIDER_TOKEN_KEYS, providerTokenContext } from '../social/provider-tokens.ts'
import { ID_TOKEN_KEYS, idTokenContext } from '../sessions/upstream-origin.ts'

/** A table with a column `sealed`. */
export type SealedTable = {
  table: string
  /** Of one column, and unique. */
  key: string
  /** The other columns that the context needs. */
  columns: string[]
  /** Gives the keys derived from APP_KEY. */
  label: string
  /** What a row is sealed with. */
  context: (row: Record<string, string>) => string
  /** SQL; rows that are not needed any more are left as they are. */
  where?: string
}

/** Everything that is sealed under a key derived from APP_KEY: `latchkey keys reseal` and `latchkey doctor` go through this list. */
const SEALED: SealedTable[] = [
  {
    table: 'signing_keys', key: 'kid', columns: ['alg'], label: SIGNING_KEYS, where: 'revoked_at IS NULL',
    context: ({ kid = '', alg = '' }) => keyContext({ kid, alg })
  },
  { table: 'outbox', key: 'id', columns: ['kind'], label: OUTBOX_KEYS, context: ({ id = '', kind = '' }) => entryContext({ id, kind }) },
  { table: 'factors', key: 'id', columns: [], label: FACTOR_KEYS, where: 'sealed IS NOT NULL', context: ({ id = '' }) => factorContext({ id }) },
  {
    table: 'upstream_sessions', key: 'id', columns: ['provider', 'subject'], label: ID_TOKEN_KEYS, where: 'sealed IS NOT NULL',
    context: ({ provider = '', subject = '' }) => idTokenContext({ provider, subject })
  },
  {
    table: 'provider_tokens', key: 'id', columns: ['provider', 'subject'], label: PROVIDER_TOKEN_KEYS,
    context: ({ provider = '', subject = '' }) => providerTokenContext({ provider, subject })
  }
]

export type SealedRow = { key: string, row: Record<string, string>, sealed: Uint8Array }

export type SealedStore = {
  /** Rows after a key, in the order of their keys. */
  page: (table: SealedTable, after: string | null, limit: number) => Promise<SealedRow[]>
  /** @returns false when the row was sealed again or deleted meanwhile */
  replace: (table: SealedTable, key: string, from: Uint8Array, to: Uint8Array) => Promise<boolean>
}

/** Rows by the key that opens them. */
export type SealedCounts = { table: string, current: number, previous: number, unopened: number }

const PAGE = 500

/** Counts, and changes nothing. */
export async function countSealed (store: Pick<SealedStore, 'page'>, appKeys: readonly string[]): Promise<SealedCounts[]> {
  return await walk(store, appKeys, async () => false)
}

/**
 * Seals again, under the current key, what an earlier one has sealed: that one is then dispensable.
 * @returns `previous` counts what was sealed again
 */
export async function reseal (store: SealedStore, appKeys: readonly string[]): Promise<SealedCounts[]> {
  return await walk(store, appKeys, async (table, { key, row, sealed }, text, current) =>
    await store.replace(table, key, sealed, seal(current, text, table.context(row))))
}

type OnPrevious = (table: SealedTable, row: SealedRow, text: string, current: Buffer) => Promise<unknown>

async function walk (store: Pick<SealedStore, 'page'>, appKeys: readonly string[], onPrevious: OnPrevious): Promise<SealedCounts[]> {
  const all: SealedCounts[] = []
  for (const table of SEALED) {
    const keys = deriveKeys(appKeys, table.label)
    const counts = { table: table.table, current: 0, previous: 0, unopened: 0 }
    for (let after: string | null = null, rows: SealedRow[] = []; ; after = rows.at(-1)!.key) {
      rows = await store.page(table, after, PAGE)
      for (const row of rows) {
        const opened = unseal(keys, row.sealed, table.context(row.row))
        if (!opened) counts.unopened++
        else if (opened.keyIndex === 0) counts.current++
        else {
          counts.previous++
          await onPrevious(table, row, opened.text, keys[0]!)
        }
      }
      if (rows.length < PAGE) break
    }
    all.push(counts)
  }
  return all
}

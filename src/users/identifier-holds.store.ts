import type { Database } from '../database/client.ts'
import type { HoldStore } from './identifier-holds.ts'

export function createHoldStore ({ pool, tables: { identifier_holds: holds } }: Database): HoldStore {
  return {
    async held (hashes) {
      const { rows } = await pool.query<{ hash: Uint8Array }>({
        name: 'identifier-held',
        text: `SELECT h.hash FROM ${holds} h WHERE h.hash = ANY ($1::bytea[]) AND h.expires_at > now()`,
        values: [hashes]
      })
      return rows.map(({ hash }) => hash)
    },
    async hold (hashes, seconds, transaction) {
      await (transaction ?? pool).query({
        name: 'identifier-hold',
        text: `INSERT INTO ${holds} AS h (hash, expires_at) SELECT hash, now() + $2 * interval '1 second' FROM unnest($1::bytea[]) AS w (hash) ORDER BY hash
          ON CONFLICT (hash) DO UPDATE SET expires_at = greatest(h.expires_at, excluded.expires_at)`,
        values: [hashes, seconds]
      })
    }
  }
}

import type { Database } from '../../src/database/client.ts'

export const LONGEST_TOKEN_TTL = 'longest_access_token_ttl'
const KEY_CHECK = 'app_key_check'

export type SettingStore = ReturnType<typeof createSettingStore>

/** Facts that every process must agree on. What a start asks is plain SQL: Prisma's query compiler weighs 100 MB from its first query on. */
export function createSettingStore ({ prisma, pool, tables }: Database) {
  /** Raises the longest life of an access token (seconds) that was ever configured. @returns what it is now */
  async function raiseLongestTokenTtl (ttl: number): Promise<number> {
    const { rows } = await pool.query<{ ttl: number }>(
      `INSERT INTO ${tables.settings} AS s (name, value, updated_at) VALUES ($1, to_jsonb($2::int), now())
       ON CONFLICT (name) DO UPDATE SET value = to_jsonb(greatest(s.value::text::int, $2::int)) RETURNING value::text::int AS ttl`, [LONGEST_TOKEN_TTL, ttl])
    return rows[0]!.ttl
  }

  /** The check value of the APP_KEY in use; writes `mine` where there is none. */
  async function keyCheck (mine: string): Promise<string> {
    await pool.query(`INSERT INTO ${tables.settings} (name, value, updated_at) VALUES ($1, to_jsonb($2::text), now()) ON CONFLICT DO NOTHING`, [KEY_CHECK, mine])
    const { rows } = await pool.query<{ value: string }>(`SELECT value #>> '{}' AS value FROM ${tables.settings} WHERE name = $1`, [KEY_CHECK])
    return rows[0]!.value
  }

  async function replaceKeyCheck (mine: string): Promise<void> {
    await (await prisma()).setting.update({ where: { name: KEY_CHECK }, data: { value: mine } })
  }

  return { raiseLongestTokenTtl, keyCheck, replaceKeyCheck }
}

import type { Database } from './client.ts'

export const LONGEST_TOKEN_TTL = 'longest_access_token_ttl'
const KEY_CHECK = 'app_key_check'

export type SettingStore = ReturnType<typeof createSettingStore>

/**
 * Facts on which all processes must agree. Queries of a start are plain SQL: Prisma's query compiler takes 100 MB from its first query on.
 */
export function createSettingStore ({ prisma, pool, tables }: Database) {
  /**
   * Raises the longest lifetime of an access token (seconds) ever configured.
   * @returns the current value
   */
  async function raiseLongestTokenTtl (ttl: number): Promise<number> {
    const { rows } = await pool.query<{ ttl: number }>(
      `INSERT INTO ${tables.settings} AS s (name, value, updated_at) VALUES ($1, to_jsonb($2::int), now())
       ON CONFLICT (name) DO UPDATE SET value = to_jsonb(greatest(s.value::text::int, $2::int)) RETURNING value::text::int AS ttl`,
      [LONGEST_TOKEN_TTL, ttl]
    )
    return rows[0]!.ttl
  }

  /** The check value of the APP_KEY in use, and whether any APP_KEY has sealed anything yet. */
  async function keyCheck (): Promise<{ known: string | null, sealed: boolean }> {
    const { rows } = await pool.query<{ known: string | null, sealed: boolean }>(
      `SELECT (SELECT value #>> '{}' FROM ${tables.settings} WHERE name = $1) AS known, EXISTS (SELECT FROM ${tables.signing_keys}) AS sealed`,
      [KEY_CHECK]
    )
    return rows[0]!
  }

  /**
   * Writes the first check value.
   * @returns the one that another process has written before, or this one
   */
  async function firstKeyCheck (mine: string): Promise<string> {
    await pool.query(
      `INSERT INTO ${tables.settings} (name, value, updated_at) VALUES ($1, to_jsonb($2::text), now()) ON CONFLICT DO NOTHING`,
      [KEY_CHECK, mine]
    )
    return (await keyCheck()).known ?? mine
  }

  async function replaceKeyCheck (mine: string): Promise<void> {
    await (await prisma()).setting.update({ where: { name: KEY_CHECK }, data: { value: mine } })
  }

  return { raiseLongestTokenTtl, keyCheck, firstKeyCheck, replaceKeyCheck }
}

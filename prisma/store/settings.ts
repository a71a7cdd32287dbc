import type { Database } from '../../src/database/client.ts'

export const LONGEST_TOKEN_TTL = 'longest_access_token_ttl'
const KEY_CHECK = 'app_key_check'

export type SettingStore = ReturnType<typeof createSettingStore>

/** Facts that every process must agree on. */
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
    await prisma.setting.createMany({ data: [{ name: KEY_CHECK, value: mine }], skipDuplicates: true })
    return String((await prisma.setting.findUniqueOrThrow({ where: { name: KEY_CHECK } })).value)
  }

  async function replaceKeyCheck (mine: string): Promise<void> {
    await prisma.setting.update({ where: { name: KEY_CHECK }, data: { value: mine } })
  }

  return { raiseLongestTokenTtl, keyCheck, replaceKeyCheck }
}

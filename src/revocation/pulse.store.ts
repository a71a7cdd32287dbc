import { escapeLiteral, type Client } from 'pg'
import { NotTaken } from './freshness.ts'

/**
 * Commits the number after `from`, unless another process has done so or is about to, waits until the server has confirmed it, and notifies
 * the others.
 * @param from null before the first
 * @returns the number, or null when another process commits it
 * @throws NotTaken when the server refused
 */
export type MakePulse = (from: string | null) => Promise<string | null>

type Taken = { number: string, began: string }

// The code of a notice; a warning has another code, in every language
const SUCCESS = '00000'

/** The commit that proves a server to be the live primary, over a connection used for nothing else at the time. */
export function createPulse (client: Client, table: string, channel: string): MakePulse {
  const { insert, take, prove } = pulseSql(table)
  let warnings = 0
  client.on('notice', ({ code }) => { if (code !== SUCCESS) warnings++ })

  async function make (from: string | null): Promise<string | null> {
    if (from === null) await client.query(insert)
    warnings = 0
    const { rows: [taken] } = await client.query<Taken>(take, [from ?? '0'])
    if (!taken) return null
    // Canceling the wait for a standby leaves a warning and a written row, but no error
    if (warnings > 0) throw new NotTaken('The commit was not confirmed by the standbys')
    await client.query(`${prove(taken)}; NOTIFY ${channel}`)
    return taken.number
  }

  return (from) => make(from).catch((cause: unknown) => {
    throw isRefusal(cause) ? new NotTaken('The server refused the commit', { cause }) : cause
  })
}

/** Whether the server answered with an error; without an SQLSTATE the connection failed. */
const isRefusal = (error: unknown): boolean => error instanceof Error && 'code' in error && /^[0-9A-Z]{5}$/.test(String(error.code))

function pulseSql (table: string) {
  const set = (name: string, value: string) => `set_config('${name}', ${value}, true)`
  const level = "current_setting('synchronous_commit')"
  // A commit that waits for a standby holds the row: other processes do not queue behind it
  const free = (condition: string) => `id = (SELECT id FROM ${table} WHERE id = 1 AND ${condition} FOR NO KEY UPDATE SKIP LOCKED)`
  return {
    insert: `INSERT INTO ${table} (id) VALUES (1) ON CONFLICT DO NOTHING`,
    // The settings apply to this transaction only. The commit waits for whatever the server is configured to wait for, and at least for its
    // own disk and a synchronous standby
    take: `UPDATE ${table} SET number = number + 1, began_at = clock_timestamp()
      FROM (SELECT ${set('synchronous_commit', `CASE WHEN ${level} IN ('off', 'local') THEN 'on' ELSE ${level} END`)}, ${set('client_min_messages', "'warning'")}) AS settings
      WHERE ${free('number = $1')} RETURNING number::text, began_at::text AS began`,
    // Records what is already proven, so it need not wait. It names that commit, because through a pooler another server may answer
    prove: ({ number, began }: Taken) =>
      `UPDATE ${table} SET proven = number, proven_at = began_at FROM (SELECT ${set('synchronous_commit', "'off'")}) AS settings
      WHERE ${free(`number = ${escapeLiteral(number)} AND began_at = ${escapeLiteral(began)}`)}`
  }
}

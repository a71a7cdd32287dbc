import { escapeLiteral } from 'pg'
import { quoteIdentifier } from './connection.ts'

/** Milliseconds by name, as a URL gives them; 0 is none. */
export type Timeouts = { statement_timeout?: string, lock_timeout?: string, idle_in_transaction_session_timeout?: string }

type Options = {
  schema: string
  /** Of one transaction only: behind a pooler the session is shared with others. */
  local?: boolean
  timeouts?: Timeouts
}

/**
 * What our statements and the reading of their answers stand on, whatever a role, a database or a server has set. Prisma's adapter sends
 * times without an offset and drops that of those it reads; no text of a date but ISO is understood; a statement is in one transaction that
 * sees what others have committed meanwhile.
 */
const RELIED_ON: Record<string, string> = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  transform_null_equals: 'off',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  // A pool's connections wait for work as long as there is none
  idle_session_timeout: '0'
}

const NO_TIMEOUTS = { statement_timeout: '0', lock_timeout: '0', idle_in_transaction_session_timeout: '0' }
// PostgreSQL 17 and later
const RECENT: Record<string, string> = { transaction_timeout: '0' }

/** One statement that sets them. A pooler that refuses them as parameters of the start takes them so. */
export function sessionSettings ({ schema, local = false, timeouts = {} }: Options): string {
  const set = (name: string, value: string) => `set_config(${escapeLiteral(name)}, ${escapeLiteral(value)}, ${local})`
  const settings = { search_path: quoteIdentifier(schema), ...RELIED_ON, ...NO_TIMEOUTS, ...timeouts }
  const always = Object.entries(settings).map(([name, value]) => set(name, value))
  const recent = Object.entries(RECENT).map(([name, value]) =>
    `CASE WHEN current_setting(${escapeLiteral(name)}, true) IS NOT NULL THEN ${set(name, value)} END`
  )
  return `SELECT ${[...always, ...recent].join(', ')}`
}

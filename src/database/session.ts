import { escapeLiteral } from 'pg'
import { quoteIdentifier } from './connection.ts'

/** Milliseconds by name, as in the URL; 0 means none. */
export type Timeouts = { statement_timeout?: string, lock_timeout?: string, idle_in_transaction_session_timeout?: string }

type Options = {
  schema: string
  /** For one transaction only: behind a pooler, others share the session. */
  local?: boolean
  timeouts?: Timeouts
}

/**
 * Settings on which our statements and the parsing of results rely, whatever a role, a database or a server has set. Prisma's adapter sends
 * times without an offset and ignores the offset of those it reads; dates are parsed in ISO format only; and each statement sees what
 * others have committed before it.
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
  // Connections of a pool may be idle for any time
  idle_session_timeout: '0'
}

const NO_TIMEOUTS = { statement_timeout: '0', lock_timeout: '0', idle_in_transaction_session_timeout: '0' }
// PostgreSQL 17 and later
const RECENT: Record<string, string> = { transaction_timeout: '0' }

/** One statement with these settings. It works with poolers that refuse them as startup parameters. */
export function sessionSettings ({ schema, local = false, timeouts = {} }: Options): string {
  const set = (name: string, value: string) => `set_config(${escapeLiteral(name)}, ${escapeLiteral(value)}, ${local})`
  const settings = { search_path: quoteIdentifier(schema), ...RELIED_ON, ...NO_TIMEOUTS, ...timeouts }
  const always = Object.entries(settings).map(([name, value]) => set(name, value))
  const recent = Object.entries(RECENT).map(([name, value]) =>
    `CASE WHEN current_setting(${escapeLiteral(name)}, true) IS NOT NULL THEN ${set(name, value)} END`
  )
  return `SELECT ${[...always, ...recent].join(', ')}`
}

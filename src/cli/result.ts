import { printable } from './terminal.ts'

/** The result of a command: `json` for programs, `lines` for people. */
export type Result = { json: object, lines: string[], exitCode?: number }

/** One line for each member. */
export function describe (json: object): string[] {
  return Object.entries(json).map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(' ') || '-' : value ?? '-'}`)
}

/** Rows in aligned columns under their headings. */
export function table (heads: string[], rows: string[][]): string[] {
  const all = [heads, ...rows.map((row) => row.map(printable))]
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd())
}

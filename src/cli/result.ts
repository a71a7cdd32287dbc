/** What a command found or did: `json` for programs, `lines` for people. */
export type Result = { json: object, lines: string[], exitCode?: number }

/** Rows in aligned columns under their heads. */
export function table (heads: string[], rows: string[][]): string[] {
  const all = [heads, ...rows]
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd())
}

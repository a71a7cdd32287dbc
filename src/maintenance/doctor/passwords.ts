import type { Config } from '../../config/config.ts'
import { fail, ok, warn, type Check } from './check.ts'

const YEAR_MS = 365 * 86_400_000

/** The list of breached passwords, where there is one. */
export async function checkPasswords ({ passwords: { breached } }: Config): Promise<Check[]> {
  if (breached === undefined) return []
  const name = 'breached-passwords'
  const fix = 'download the list and run `latchkey passwords import`'
  const { readBreachedList } = await import('../../passwords/breached-list.ts')
  try {
    const { count, importedAt } = await readBreachedList(breached)
    const found = `${count.toLocaleString('en')} passwords, imported on ${importedAt.toISOString().slice(0, 10)}`
    return [Date.now() - importedAt.getTime() > YEAR_MS ? warn(name, `${found}: newer leaks are not in it`, fix) : ok(name, found)]
  } catch (error) {
    return [fail(name, (error as Error).message, fix)]
  }
}

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const PACKAGE_NAME = 'latchkey'

/** The directory of our package.json, the same from `src/` and from `dist/src/`. */
export const packageRoot = findPackageRoot(import.meta.dirname)

function findPackageRoot (start: string): string {
  const manifest = join(start, 'package.json')
  if (existsSync(manifest) && nameIn(manifest) === PACKAGE_NAME) return start
  const parent = dirname(start)
  if (parent === start) throw new Error(`no package.json of ${PACKAGE_NAME} above ${import.meta.dirname}`)
  return findPackageRoot(parent)
}

function nameIn (manifest: string): unknown {
  const content: unknown = JSON.parse(readFileSync(manifest, 'utf8'))
  return typeof content === 'object' && content !== null && 'name' in content ? content.name : undefined
}

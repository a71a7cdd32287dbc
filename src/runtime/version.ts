import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../database/package-root.ts'

/** Of this package, from package.json. */
export const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }

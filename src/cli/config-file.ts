import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { AppOptions } from '../../plugins/latchkey.ts'
import { ConfigError } from '../config/config-error.ts'
import type { Variables } from '../config/environment.ts'

const DEFAULT_FILE = 'latchkey.config.js'

/**
 * The options of `latchkey.config.js`, or of the file named by LATCHKEY_CONFIG, for settings that environment variables cannot express,
 * such as schemas.
 * @throws ConfigError
 */
export async function readConfigFile (cwd: string, variables: Variables): Promise<AppOptions> {
  const named = variables['LATCHKEY_CONFIG']?.trim()
  const path = resolve(cwd, named || DEFAULT_FILE)
  if (!existsSync(path)) {
    if (!named) return {}
    throw new ConfigError([{ name: 'LATCHKEY_CONFIG', message: `names ${path}, which does not exist` }])
  }
  const exported = await load(path)
  if (typeof exported !== 'object' || exported === null) {
    throw new ConfigError([{ name: basename(path), message: 'has no options; write `export default { … }`' }])
  }
  return exported as AppOptions
}

async function load (path: string): Promise<unknown> {
  try {
    const { default: exported } = await import(pathToFileURL(path).href) as { default?: unknown }
    return exported
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    throw new ConfigError([{
      name: basename(path),
      message: `cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`
    }])
  }
}

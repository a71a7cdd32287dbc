import { ConfigError } from '../../src/config/config-error.ts'

/** What a configuration is refused for. */
export function problems (run: () => unknown): ConfigError['problems'] {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

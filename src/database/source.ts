import { ConfigError } from '../config-error.ts'
import { nameOf } from '../config-names.ts'
import type { Config } from '../config.ts'
import { parseDatabaseUrl } from './connection.ts'

export type DatabaseSource = { url: string, embedded: boolean, stop: () => Promise<void> }

/** The database of DATABASE_URL, or the embedded one, started when it does not run. */
export async function embeddedOrUrl (config: Config, log: { info: (details: object, message: string) => void }): Promise<DatabaseSource> {
  checkUrls(config)
  if (config.databaseUrl) return { url: config.databaseUrl, embedded: false, stop: async () => {} }
  const { startEmbedded } = await import('./embedded.ts')
  const { url, stop } = await startEmbedded({ dataDir: config.dataDir, log: (message) => log.info({}, message) })
  return { url, embedded: true, stop }
}

/** Both, before anything is opened: the feed would only try again and again. @throws ConfigError */
export function checkUrls ({ databaseUrl, databaseDirectUrl, sources }: Config): void {
  for (const [option, url] of Object.entries({ databaseUrl, databaseDirectUrl })) {
    try {
      if (url !== undefined) parseDatabaseUrl(url)
    } catch (error) {
      throw new ConfigError([{ name: nameOf(sources, [option]), message: `cannot be used: ${(error as Error).message}` }])
    }
  }
}

import type { Config } from '../config.ts'

export type DatabaseSource = { url: string, embedded: boolean, stop: () => Promise<void> }

/** The database of DATABASE_URL, or the embedded one, started when it does not run. */
export async function embeddedOrUrl (config: Config, log: { info: (details: object, message: string) => void }): Promise<DatabaseSource> {
  if (config.databaseUrl) return { url: config.databaseUrl, embedded: false, stop: async () => {} }
  const { startEmbedded } = await import('./embedded.ts')
  const { url, stop } = await startEmbedded({ dataDir: config.dataDir, log: (message) => log.info({}, message) })
  return { url, embedded: true, stop }
}

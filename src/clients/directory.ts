import { createCache } from '../runtime/cache.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Client, Clients } from '../oauth/ports.ts'
import type { Config } from '../config/config.ts'

export type ClientDirectory = Clients & {
  /** The client of a proxy route, or null. */
  findProxied: (slug: string) => Promise<Client | null>
  /** Called for a client that the feed reports as revoked or changed. */
  forget: (id: string) => void
}

/** Milliseconds after which every process sees a changed client; a revoked one is seen at once through the feed. */
const TTL_MS = 2000
const MAX_ENTRIES = 10_000

/**
 * Clients from memory for a moment: token requests need no statement to know who asks.
 * @param named clients that the configuration puts behind proxy routes, by slug
 */
export function createClientDirectory (store: Omit<Clients, 'findAgain'>, clock: Clock, named: Config['clients'] = {}): ClientDirectory {
  const cache = createCache<Promise<Client | null>>({ ttl: TTL_MS, max: MAX_ENTRIES, now: clock.monotonic })

  function cached (key: string, load: () => Promise<Client | null>): Promise<Client | null> {
    const known = cache.get(key)
    if (known) return known
    const client = load()
    cache.set(key, client)
    // Neither an unknown client nor a failed query is cached
    client.then((found) => { if (!found) cache.delete(key) }, () => { cache.delete(key) })
    return client
  }

  function forget (id: string): void {
    for (const [key, client] of cache.entries()) client.then((found) => { if (found?.id === id) cache.delete(key) }, () => {})
  }

  function findAgain (id: string): Promise<Client | null> {
    cache.delete(`id ${id}`)
    return cached(`id ${id}`, () => store.find(id))
  }

  const find = (id: string) => cached(`id ${id}`, () => store.find(id))
  const findBySlug = (slug: string) => cached(`slug ${slug}`, () => store.findBySlug(slug))

  async function findProxied (slug: string): Promise<Client | null> {
    const known = Object.hasOwn(named, slug) ? named[slug] : undefined
    const client = await (known ? find(known.id) : findBySlug(slug))
    return client && !client.revokedAt && (client.proxy || known) ? client : null
  }

  return { find, findAgain, findBySlug, findProxied, forget }
}

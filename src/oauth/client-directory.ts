import type { Client, Clients } from './ports.ts'

export type ClientDirectory = Clients & {
  /** For a client that the feed says is revoked or changed. */
  forget: (id: string) => void
}

/** A changed client is seen by every process after this time; a revoked one at once, by the feed. */
const TTL_MS = 2000
const MAX_ENTRIES = 10_000

/** Clients from memory for a moment: token requests need no statement to know who asks. */
export function createClientDirectory (store: Omit<Clients, 'findAgain'>): ClientDirectory {
  const entries = new Map<string, { until: number, client: Promise<Client | null> }>()

  function remember (key: string, load: () => Promise<Client | null>): Promise<Client | null> {
    const now = performance.now()
    const known = entries.get(key)
    if (known && known.until > now) return known.client
    const client = load()
    if (entries.size >= MAX_ENTRIES) entries.clear()
    entries.set(key, { until: now + TTL_MS, client })
    // What is unknown is asked for again, and so is what could not be read
    client.then((found) => { if (!found) entries.delete(key) }, () => { entries.delete(key) })
    return client
  }

  function forget (id: string): void {
    for (const [key, { client }] of entries) client.then((found) => { if (found?.id === id) entries.delete(key) }, () => {})
  }

  function findAgain (id: string): Promise<Client | null> {
    entries.delete(`id ${id}`)
    return remember(`id ${id}`, () => store.find(id))
  }

  return {
    findAgain,
    find: (id) => remember(`id ${id}`, () => store.find(id)),
    findBySlug: (slug) => remember(`slug ${slug}`, () => store.findBySlug(slug)),
    forget
  }
}

export type Cache<Value> = {
  get: (key: string) => Value | undefined
  set: (key: string, value: Value) => void
  delete: (key: string) => void
  clear: () => void
  /** Entries that are still fresh, oldest first. */
  entries: () => Iterable<[key: string, value: Value]>
}

export type CacheOptions = {
  /** Milliseconds for which an entry is fresh. */
  ttl: number
  /** Entries; a further one evicts the oldest. */
  max: number
  /** A monotonic clock, in milliseconds. */
  now: () => number
}

/** Caches query results briefly. The age of an entry runs from when it was set; reading does not extend it. */
export function createCache<Value> ({ ttl, max, now }: CacheOptions): Cache<Value> {
  // In order of age
  const kept = new Map<string, { value: Value, until: number }>()

  function get (key: string): Value | undefined {
    const entry = kept.get(key)
    // Without a lifetime, the clock need not be read
    if (entry && (entry.until === Infinity || entry.until > now())) return entry.value
    if (entry) kept.delete(key)
    return undefined
  }

  function set (key: string, value: Value): void {
    kept.delete(key)
    if (kept.size >= max) kept.delete(kept.keys().next().value!)
    kept.set(key, { value, until: now() + ttl })
  }

  function * entries (): Generator<[string, Value]> {
    const time = now()
    for (const [key, { value, until }] of kept) if (until > time) yield [key, value]
  }

  return { get, set, delete: (key) => { kept.delete(key) }, clear: () => { kept.clear() }, entries }
}

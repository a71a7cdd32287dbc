export type Cache<Value> = {
  get: (key: string) => Value | undefined
  set: (key: string, value: Value) => void
  delete: (key: string) => void
  clear: () => void
  /** Those that are still fresh, the oldest first. */
  entries: () => Iterable<[key: string, value: Value]>
}

export type CacheOptions = {
  /** Milliseconds for which an entry is fresh. */
  ttl: number
  /** Entries; one more pushes out the oldest. */
  max: number
  /** Milliseconds of a clock that only goes forward. */
  now?: () => number
}

/** Keeps what costs a question to the database, for a moment. An entry is as old as when it was set: reading it keeps it no longer. */
export function createCache<Value> ({ ttl, max, now = () => performance.now() }: CacheOptions): Cache<Value> {
  // In the order of their age
  const kept = new Map<string, { value: Value, until: number }>()

  function get (key: string): Value | undefined {
    const entry = kept.get(key)
    if (entry && entry.until > now()) return entry.value
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

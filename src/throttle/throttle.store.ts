import type { Pool } from 'pg'
import type { RateLimiterPostgres } from 'rate-limiter-flexible'
import type { Clock } from '../runtime/clock.ts'
import type { Database } from '../database/client.ts'
import type { Added, Counter, CounterOptions, CreateCounter } from './attempts.ts'

/** Members that the library has but does not declare: its memory of blocked keys, and the write used by its stores. */
type Limiter = RateLimiterPostgres & { _inMemoryBlockedKeys: BlockedKeys, _upsert: Upsert }

type BlockedKeys = { addMs: (key: string, milliseconds: number) => void, msBeforeExpire: (key: string) => number }

type Row = { key: string, points: number, expire: number }
type Upsert = (key: string, points: number, milliseconds: number) => Promise<{ rows: Row[] }>
type Change = {
  key: string, points: number, milliseconds: number, resolve: (result: { rows: Row[] }) => void,
  reject: (error: unknown) => void
}

/** Beyond this number, those that are over are removed. */
const MAX_BLOCKED = 999

const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint'

/** Counters shared by all processes. The library is loaded only when something is counted. */
export function createThrottleStore ({ pool, tables, schema }: Database) {
  async function counters (clock: Clock): Promise<CreateCounter> {
    const { RateLimiterPostgres, RateLimiterRes } = await import('rate-limiter-flexible')
    const _upsert = createUpsert(pool, tables.rate_limits)

    function createLimiter (
      name: string,
      [points, duration]: CounterOptions['tiers'][number],
      remember: CounterOptions['remember']
    ): Limiter {
      const inMemoryBlockOnConsumed = remember === 'at once' ? points + 1 : points * 2 + 1
      return Object.assign(
        new RateLimiterPostgres({
          storeClient: pool,
          storeType: 'pool',
          tableName: 'rate_limits',
          schemaName: schema,
          tableCreated: true,
          clearExpiredByTimeout: false,
          keyPrefix: `${name}/${duration}`,
          points,
          duration,
          inMemoryBlockOnConsumed
        }) as Limiter,
        { _upsert, _inMemoryBlockedKeys: createBlockedKeys(clock) }
      )
    }

    /** @returns milliseconds to wait */
    async function consume (limiter: Limiter, key: string): Promise<number> {
      try {
        await limiter.consume(key)
        return 0
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal
        return Math.max(1, refusal.msBeforeNext)
      }
    }

    async function add (limiters: Limiter[], key: string): Promise<Added> {
      const waits = await Promise.all(limiters.map((limiter) => consume(limiter, key)))
      const taken = limiters.filter((_limiter, index) => waits[index] === 0)
      return {
        wait: Math.max(...waits),
        takeBack: async () => { await Promise.all(taken.map((limiter) => limiter.reward(key))) }
      }
    }

    return ({ name, tiers, remember }): Counter => {
      const limiters = tiers.map((tier) => createLimiter(name, tier, remember))
      return {
        name,
        blockedFor: (key) => Math.max(...limiters.map((limiter) => limiter._inMemoryBlockedKeys.msBeforeExpire(limiter.getKey(key)))),
        add: (key) => add(limiters, key)
      }
    }
  }

  return { counters }
}

/** In place of the library's, which has no clock of ours. */
function createBlockedKeys ({ monotonic: now }: Clock): BlockedKeys {
  const until = new Map<string, number>()

  function addMs (key: string, milliseconds: number): void {
    until.set(key, now() + milliseconds)
    if (until.size <= MAX_BLOCKED) return
    for (const [blocked, end] of until) if (end <= now()) until.delete(blocked)
  }

  // Every attempt asks for each key and tier, nearly none of which is blocked: then the time does not matter
  function msBeforeExpire (key: string): number {
    const end = until.get(key)
    return end === undefined ? 0 : Math.max(0, end - now())
  }

  return { addMs, msBeforeExpire }
}

/**
 * Changes made in the same tick are one statement, rather than one for each key and tier. Rows are locked in the order of their keys, so
 * that statements cannot deadlock; times are the database's.
 */
function createUpsert (pool: Pool, table: string): Upsert {
  let waiting: Change[] = []
  const text = `INSERT INTO ${table} AS r (key, points, expire)
    SELECT n.key, n.points, ${NOW} + n.milliseconds FROM unnest($1::text[], $2::int[], $3::bigint[]) AS n (key, points, milliseconds) ORDER BY n.key COLLATE "C"
    ON CONFLICT (key) DO UPDATE SET
      points = CASE WHEN r.expire <= ${NOW} THEN greatest(excluded.points, 0) ELSE greatest(r.points + excluded.points, 0) END,
      expire = CASE WHEN r.expire <= ${NOW} THEN excluded.expire ELSE r.expire END
    RETURNING key, points, (expire - ${NOW})::float8 AS left`

  async function flush (): Promise<void> {
    const changes = waiting
    waiting = []
    if (changes.length === 0) return
    try {
      const values = [changes.map(({ key }) => key), changes.map(({ points }) => points), changes.map(({ milliseconds }) => milliseconds)]
      const { rows } = await pool.query<{ key: string, points: number, left: number }>({ name: 'rate-limits', text, values })
      // The library subtracts the same
      const found = new Map(rows.map(({ key, points, left }) => [key, { key, points, expire: Date.now() + left }]))
      for (const { key, resolve } of changes) resolve({ rows: [found.get(key)!] })
    } catch (error) {
      for (const { reject } of changes) reject(error)
    }
  }

  return (key, points, milliseconds) => new Promise((resolve, reject) => {
    // A statement can change a row only once
    if (waiting.some((change) => change.key === key)) flush()
    if (waiting.push({ key, points, milliseconds, resolve, reject }) === 1) queueMicrotask(flush)
  })
}

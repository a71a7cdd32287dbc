import { readFileSync } from 'node:fs'
import { cpuOf, load, percentile } from '../load.js'

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

/** CPU time of the server processes behind the connections of one app, in microseconds. */
async function databaseCpu (client, name) {
  const { rows } = await client.query(
    "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND application_name LIKE 'latchkey%' AND application_name <> 'latchkey lease'",
    [name]
  )
  return rows.reduce((sum, { pid }) => sum + (alive(pid) ? cpuOf(pid) : 0), 0)
}

function alive (pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`).length > 0
  } catch {
    return false
  }
}

/** One round of a scenario at one server, with the CPU time of its database connections. */
export async function round (client, { server, scenario, seconds, prepared }) {
  const run = (more) => load({ port: server.port, pid: server.pid, seconds: 600, ...more })
  if (scenario.prepare) await scenario.prepare(run, prepared)
  const before = await databaseCpu(client, server.database)
  const result = await load({ port: server.port, pid: server.pid, ...scenario, seconds })
  return { ...result, database: (await databaseCpu(client, server.database) - before) / result.times.length }
}

/**
 * The ratio of two medians, and two standard errors of it, estimated from the rounds themselves: on a busy machine a ratio that differs
 * from the limit by less than that means nothing. The standard error of a median is 1.25 σ/√n, and σ is estimated from the median
 * deviation, which a single bad round does not change.
 */
export function compare (small, full, field) {
  const [a, b] = [small, full].map((rounds) => rounds.map((result) => result[field]))
  const error = Math.hypot(
    ...[a, b].map((values) =>
      1.25 * 1.4826 * median(values.map((value) => Math.abs(value - median(values)))) / Math.sqrt(values.length) / median(values)
    )
  )
  return { small: median(a), full: median(b), ratio: median(b) / median(a), noise: 2 * error }
}

/** The p99 of all rounds together. */
export const p99 = (rounds) => percentile(rounds.flatMap(({ times }) => times).sort((x, y) => x - y), 0.99)

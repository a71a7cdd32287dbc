import { readFileSync } from 'node:fs'
import { Pool } from 'undici'

const TICKS_PER_SECOND = 100

/** User and system CPU time of a process, in microseconds. */
export function cpuOf (pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 1_000_000 / TICKS_PER_SECOND
}

export const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]

/**
 * Sends requests for a number of seconds, one at a time on each connection. `next(lane)` returns a request, or nothing when there are no
 * more; `take(lane, body)` receives its answer.
 * @returns requests/s, p50 and p99 in ms, all times, server CPU in µs per request
 */
export async function load ({ port, pid, seconds, connections, next, take = () => {} }) {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections, pipelining: 1 })
  const times = []
  const until = performance.now() + seconds * 1000

  async function lane (index) {
    while (performance.now() < until) {
      const began = performance.now()
      const request = next(index)
      if (!request) return
      const { statusCode, body } = await pool.request(request)
      const text = await body.text()
      if (statusCode >= 300) throw new Error(`status ${statusCode}: ${text}`)
      times.push(performance.now() - began)
      take(index, text)
    }
  }

  const cpu = cpuOf(pid)
  const began = performance.now()
  await Promise.all(Array.from({ length: connections }, (_, index) => lane(index)))
  const elapsed = (performance.now() - began) / 1000
  const used = cpuOf(pid) - cpu
  await pool.close()
  times.sort((a, b) => a - b)
  return { perSecond: times.length / elapsed, p50: percentile(times, 0.5), p99: percentile(times, 0.99), times, cpu: used / times.length }
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { Services } from '../../src/compose/services.ts'
import type { OutboxCounts } from '../../src/outbox/ports.ts'
import { internals } from '../internals.ts'

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** Milliseconds. */
const COUNT_MS = 1000

let shared: Registry | undefined

/** Metrics of the process, one registry for all its apps: prom-client never stops observing, and would keep each closed app in memory. */
function ofProcess (): Registry {
  if (shared) return shared
  shared = new Registry()
  collectDefaultMetrics({ register: shared })
  return shared
}

/** Metrics for Prometheus in a registry of our own, served by routes/operations/metrics.ts. */
async function metrics (scope: FastifyInstance): Promise<void> {
  const registry = new Registry()
  for (const { name } of ofProcess().getMetricsAsArray()) registry.registerMetric(ofProcess().getSingleMetric(name)!)
  countEvents(registry, internals(scope))
  gauge(registry, internals(scope))
  gaugeOutbox(registry, internals(scope))
  const durations = new Histogram({
    name: 'latchkey_request_duration_seconds',
    help: 'Time to answer, by route',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers: [registry]
  })
  scope.addHook('onResponse', (request, reply, done) => {
    durations.observe({ method: request.method, route: routeOf(request), status: reply.statusCode }, reply.elapsedTime / 1000)
    done()
  })
  scope.decorate('metricsRegistry', registry)
}

function countEvents (registry: Registry, { events }: Services): void {
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name: `latchkey_${name}`, help, labelNames, registers: [registry] })
  const issued = counter('tokens_issued_total', 'Access tokens, by grant', ['grant'])
  const refused = counter('token_refusals_total', 'Refusals of the token endpoint, by grant and error', ['grant', 'error'])
  const revoked = counter('revocations_total', 'Revocations of this process, by kind', ['kind'])
  const replays = counter('refresh_replays_total', 'Refresh tokens that came twice within the grace')
  const reuses = counter('refresh_reuses_total', 'Refresh tokens that came again after the grace; their sessions were revoked')
  const wentBack = counter('database_went_back_total', 'Sessions behind their refresh token: a backup was restored')
  const bearers = counter('bearer_refusals_total', 'Bearer tokens that a guard refused, by reason', ['reason'])
  const throttled = counter('attempts_refused_total', 'Attempts refused after too many failures, by what was counted', ['counter'])
  const registrations = counter('registrations_total', 'Users registered')
  const browserLogins = counter('browser_logins_total', 'Logins of browsers on the pages')
  const logins = counter('login_failures_total', 'Logins refused')
  events.on('token.issued', ({ grantType }) => issued.inc({ grant: grantType }))
  events.on('token.refused', ({ grantType, error }) => refused.inc({ grant: grantType, error }))
  events.on('login.failed', () => logins.inc())
  events.on('login.succeeded', ({ clientId }) => { if (clientId === null) browserLogins.inc() })
  events.on('token.revoked', ({ kind }) => revoked.inc({ kind }))
  events.on('session.replayed', () => replays.inc())
  events.on('session.reused', () => reuses.inc())
  events.on('database.went_back', () => wentBack.inc())
  events.on('bearer.refused', ({ reason }) => bearers.inc({ reason }))
  events.on('attempt.refused', ({ counter }) => throttled.inc({ counter }))
  const sent = counter('messages_sent_total', 'Mails and text messages that their server accepted, by kind', ['kind'])
  const delayed = counter('messages_delayed_total', 'Attempts to send that failed and are repeated, by kind', ['kind'])
  const failed = counter('messages_failed_total', 'Mails and text messages that were given up, by kind and reason', ['kind', 'reason'])
  events.on('message.sent', ({ kind }) => sent.inc({ kind }))
  events.on('message.delayed', ({ kind }) => delayed.inc({ kind }))
  events.on('message.failed', ({ kind, reason }) => failed.inc({ kind, reason }))
  events.on('user.registered', () => registrations.inc())
}

function gauge (registry: Registry, { revocation: { feed, list }, passwords, database: { pool } }: Services): void {
  const read = (name: string, help: string, value: () => number) =>
    new Gauge({ name: `latchkey_${name}`, help, registers: [registry], collect () { this.set(value()) } })
  read('feed_age_seconds', 'Age of what is known of revocations', () => feed.age())
  read('revocations_live', 'Revocations held in memory', () => list.size())
  read('password_queue', 'Password hashes that wait for their turn', () => passwords.waiting())
  read('pool_connections', 'Connections to the database', () => pool.totalCount)
  read('pool_idle', 'Connections that are free', () => pool.idleCount)
  read('pool_waiting', 'Requests that wait for a connection', () => pool.waitingCount)
}

/** Of all processes, read from the database at each scrape. */
function gaugeOutbox (registry: Registry, { outbox, store }: Services): void {
  if (outbox.mode('mail') !== 'send' && outbox.mode('sms') !== 'send') return
  let reading: Promise<OutboxCounts | null> | undefined
  // A database that does not answer must not take the other metrics along
  const read = async () => {
    reading ??= Promise.race([store.outbox.counts().catch(() => null), sleep(COUNT_MS, null, { ref: false })])
      .finally(() => { reading = undefined })
    return await reading
  }
  const gauge = (name: string, help: string, value: keyof OutboxCounts) => new Gauge({
    name: `latchkey_outbox_${name}`, help, registers: [registry], async collect () { this.set((await read())?.[value] ?? NaN) }
  })
  gauge('queued', 'Messages that wait to be sent', 'queued')
  gauge('failed', 'Messages that were given up, until a week after their expiry', 'failed')
  gauge('oldest_seconds', 'Age of the oldest message that waits', 'oldest')
}

/** The route pattern, not the path, so that the number of label values is limited. */
function routeOf ({ routeOptions }: FastifyRequest): string {
  return routeOptions.url ?? 'none'
}

export default fp(metrics, { name: 'latchkey-metrics', fastify: '5.x', dependencies: ['latchkey-services'] })

declare module 'fastify' {
  interface FastifyInstance {
    metricsRegistry: Registry
  }
}

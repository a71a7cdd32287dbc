// Runs in a process of its own: it measures times
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { createMailbox } from '../../support/mailbox.ts'
import { sql } from '../../support/session-rows.ts'
import { build, eventually, register } from '../../support/start-server.ts'

const TRIES = 200
/** The parts by which two medians may differ on a machine with other work. */
const TOLERANCE = 0.05

async function timed (app: FastifyInstance, url: string, email: string): Promise<number> {
  const start = performance.now()
  await app.inject({ method: 'POST', url, payload: { email } })
  return performance.now() - start
}

const median = (times: number[]) => [...times].sort((a, b) => a - b)[times.length / 2]!

for (const url of ['/v1/password/forgot', '/v1/email/verification-notification']) {
  t.test(`${url}: the time does not tell whether there is an account`, async (t) => {
    const box = createMailbox()
    const { app } = await build(t, { ...box.options, appUrl: 'https://id.example' })
    for (let user = 0; user < TRIES; user++) await register(app, { email: `user${user}@example.com` }).catch(() => {})
    await sql(app, 'DELETE FROM rate_limits')
    const sent = async () => await eventually(async () => (await sql(app, 'SELECT FROM outbox WHERE expires_at > created_at')).length === 0)
    const measure = async (known: number[], unknown: number[], round: number) => {
      // In turn first, so that neither follows the other's work
      const ask = [
        async () => known.push(await timed(app, url, `user${round}@example.com`)),
        async () => unknown.push(await timed(app, url, `none${round}@example.com`))
      ]
      for (const one of round % 2 === 0 ? ask : ask.reverse()) {
        await one()
        await sent()
      }
    }
    const [known, unknown]: [number[], number[]] = [[], []]
    for (let round = 0; round < TRIES; round++) await measure(known, unknown, round)
    const [a, b] = [median(known.slice(20)), median(unknown.slice(20))]
    t.comment(`medians of ${known.length}: ${a.toFixed(3)} ms with an account, ${b.toFixed(3)} ms without`)
    t.equal(box.mails.length, TRIES)
    t.ok(Math.abs(a - b) / Math.max(a, b) < TOLERANCE, `${a} and ${b} ms`)
  })
}

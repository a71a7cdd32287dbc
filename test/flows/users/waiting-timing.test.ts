// Runs in a process of its own: it measures times
import t, { type Test } from 'tap'
import { createUser } from '../../../src/testing/users.ts'
import { takesSameTime, timed } from '../../support/same-time.ts'
import { sql } from '../../support/session-rows.ts'
import { build, login, register } from '../../support/start-server.ts'

const TAKEN = 'ada@example.com'
const TYPED = 'typed by somebody else'
const NEW = 20

/** With hashes that cost what they cost in production. */
async function server (t: Test) {
  const { app } = await build(t, {
    requireEmailVerification: 'on', appUrl: 'https://id.example', mail: { send: async () => {} }, passwords: {}
  })
  await createUser(app, { email: TAKEN })
  await sql(app, 'UPDATE identifiers SET verified_at = now()')
  return app
}

t.test('registration takes the same time, whether or not the address has an account', async (t) => {
  const app = await server(t)
  const registered = (email: string) => timed(async () => {
    const { statusCode } = await register(app, { email, password: TYPED })
    if (statusCode !== 202) t.fail(String(statusCode))
  })
  await takesSameTime(t, [(round) => registered(`user${round}@example.com`), () => registered(TAKEN)])
})

t.test('so does a login with the password that was just typed, and one with another password', async (t) => {
  const app = await server(t)
  const fresh = (round: number) => `user${round % NEW}@example.com`
  for (let user = 0; user < NEW; user++) await register(app, { email: fresh(user), password: TYPED })
  await register(app, { email: TAKEN, password: TYPED })
  for (const [password, status] of [[TYPED, 403], ['wrong', 401]] as const) {
    const tried = (email: string) => timed(async () => {
      const { statusCode } = await login(app, { email, password })
      if (statusCode !== status) t.fail(String(statusCode))
    })
    await takesSameTime(t, [(round) => tried(fresh(round)), () => tried(TAKEN)])
  }
})

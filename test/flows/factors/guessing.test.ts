import t from 'tap'
import { challenge, codeOf, enrolled, halfLogin, wrongCode } from '../../support/factors.ts'
import { sql } from '../../support/session-rows.ts'
import { build, PASSWORD } from '../../support/start-server.ts'
import { deviceCookie, farAway, ON } from '../../support/throttled.ts'
import type { FastifyInstance } from 'fastify'

/** A login from an address, with a code. */
async function enter (app: FastifyInstance, code: string, { from = '203.0.113.1', cookie = '' } = {}) {
  const headers = cookie === '' ? {} : { cookie }
  const half = await app.inject({
    method: 'POST', url: '/v1/clients/web/login', remoteAddress: from, headers, payload: { email: 'ada@example.com', password: PASSWORD }
  })
  const { auth_session: authSession } = half.json<{ auth_session: string }>()
  return await challenge(app, { auth_session: authSession, code }, { from, headers })
}

t.test('guesses of somebody with the password are slowed over all logins and addresses, and lock nobody out', async (t) => {
  const { app } = await build(t, ON)
  const { secret, recoveryCodes } = await enrolled(app)
  const first = await enter(app, codeOf(app, secret))
  t.equal(first.statusCode, 200)
  const { pair: cookie } = deviceCookie(first)!
  const wrong = wrongCode(app, secret)
  for (let count = 0; count < 5; count++) t.equal((await enter(app, wrong, { from: farAway(count) })).statusCode, 401)
  await sql(app, 'UPDATE factors SET last_step = last_step - 2')
  const stopped = await enter(app, codeOf(app, secret), { from: farAway(9) })
  t.match([stopped.statusCode, stopped.json()], [429, { code: 'LK_TOO_MANY_ATTEMPTS' }], 'each guess with a login of its own')
  t.ok(Number(stopped.headers['retry-after']) > 0)
  t.equal((await enter(app, codeOf(app, secret), { from: farAway(9), cookie })).statusCode, 200, 'the owner, from a known device')
  t.equal((await enter(app, recoveryCodes[0]!, { from: farAway(10) })).statusCode, 200, 'and from any other with a recovery code')
})

t.test('the second factor gives the device that is known from then on, not the password alone', async (t) => {
  const { app } = await build(t, ON)
  const { secret } = await enrolled(app)
  const half = await app.inject({ method: 'POST', url: '/v1/clients/web/login', payload: { email: 'ada@example.com', password: PASSWORD } })
  t.equal(deviceCookie(half), undefined)
  t.ok(deviceCookie(await challenge(app, { auth_session: await halfLogin(app), code: codeOf(app, secret) })))
})

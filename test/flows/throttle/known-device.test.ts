import t from 'tap'
import { build, makeClient, PASSWORD, register } from '../../support/start-server.ts'
import { all, attempt, deviceCookie, farAway, ON, rightly, times } from '../../support/throttled.ts'

t.test('RFC 6749 section 10.7: guesses from many addresses are stopped, and the user can still log in from a known device', async (t) => {
  const { app } = await build(t, ON)
  await register(app)
  await register(app, { email: 'mallory@example.com' })
  const device = deviceCookie(await rightly(app))!
  const mallorys = deviceCookie(await rightly(app, { email: 'mallory@example.com' }))!
  t.same(await times(20, (index) => attempt(app, { from: farAway(index) })), all(20, 401))
  const elsewhere = { from: farAway(99) }
  t.equal((await rightly(app, elsewhere)).statusCode, 429, 'a device that is not known')
  t.equal((await rightly(app, { ...elsewhere, headers: { cookie: mallorys.pair } })).statusCode, 429, 'the device of someone else')
  t.equal((await rightly(app, { ...elsewhere, headers: { cookie: `${device.pair.slice(0, -2)}AA` } })).statusCode, 429, 'a forged device')
  const again = await rightly(app, { ...elsewhere, headers: { cookie: device.pair } })
  t.equal(again.statusCode, 200, 'the device of the user')
  t.equal(deviceCookie(again)?.pair, device.pair, 'it stays the same')
})

t.test('a known device has a limit of its own', async (t) => {
  const { app } = await build(t, ON)
  await register(app)
  const { header, pair } = deviceCookie(await rightly(app))!
  t.match(header, /; Max-Age=31536000; Path=\/v1\/clients; HttpOnly; SameSite=Lax$/)
  t.same(await times(11, (index) => attempt(app, { from: farAway(index), headers: { cookie: pair } })), [...all(10, 401), 429])
  t.equal((await rightly(app)).statusCode, 200, 'which is not that of the user elsewhere')
})

t.test('a client without cookies receives and sends the known device in a header', async (t) => {
  const { app } = await build(t, ON)
  await register(app)
  const { basic } = await makeClient(app)
  const login = (from: string, device?: string) =>
    app.inject({
      method: 'POST',
      url: '/v1/oauth/token',
      remoteAddress: from,
      headers: { authorization: basic, ...(device && { 'x-latchkey-device': device }) },
      payload: { grant_type: 'password', username: 'ada@example.com', password: PASSWORD }
    })
  const device = String((await login('203.0.113.9')).headers['x-latchkey-device'])
  await times(20, (index) => attempt(app, { from: farAway(index) }))
  t.equal((await login('203.0.113.9')).statusCode, 429)
  t.equal((await login('203.0.113.9', device)).statusCode, 200)
})

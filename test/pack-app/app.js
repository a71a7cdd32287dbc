// A host app as a user writes it, run against the packed package.
import assert from 'node:assert/strict'
import Fastify from 'fastify'
import { latchkey } from 'latchkey'

const app = Fastify()
app.setErrorHandler((error, _request, reply) => reply.code(418).send({ host: error.message }))
await app.register(latchkey, { prefix: '/auth' })
app.get('/orders', { onRequest: app.authGuard('api') }, async ({ auth }) => ({ user: auth.userId }))
app.get('/broken', async () => { throw new Error('of the host') })
await app.ready()

const credentials = { email: 'ada@example.com', password: 'correct horse battery staple' }
const user = (await app.inject({ method: 'POST', url: '/auth/v1/register', payload: credentials })).json()
const login = await app.inject({ method: 'POST', url: '/auth/v1/clients/web/login', payload: credentials })
assert.equal(login.statusCode, 200, login.body)
assert.match(String(login.headers['set-cookie']), /refreshToken=.*Path=\/auth\/v1\/clients\/web/)

const headers = { authorization: `Bearer ${login.json().access_token}` }
assert.deepEqual((await app.inject({ url: '/orders', headers })).json(), { user: user.id })
assert.equal((await app.inject({ method: 'POST', url: '/auth/v1/api/logout', headers })).statusCode, 202)
assert.equal((await app.inject({ url: '/orders', headers })).statusCode, 418, "the host's error handler answers on the host's routes")
assert.deepEqual((await app.inject('/broken')).json(), { host: 'of the host' })
await app.close()

import t from 'tap'
import { sharedServers } from '../support/shared-server.ts'

const build = sharedServers(t)

t.test('/.well-known/change-password leads to the page, under a prefix too', async (t) => {
  const { app } = await build(t)
  const answer = await app.inject('/.well-known/change-password')
  t.same([answer.statusCode, answer.headers.location], [302, '/account/security'])
  t.equal((await app.inject('/account/security')).statusCode, 401, 'which is for users')
  const { app: bare } = await build(t, { routes: { pages: false } })
  t.equal((await bare.inject('/.well-known/change-password')).statusCode, 404)
})

t.test('GET /v1 says what answers here', async (t) => {
  const { app } = await build(t, { appUrl: 'https://id.example', brand: { name: 'Northwind' } })
  t.same((await app.inject('/v1')).json(), {
    message: 'Welcome to Northwind (API V1)', issuer: 'https://id.example', documentation: 'https://id.example/docs'
  })
})

// The built server inside a host app with one guarded route, as users run it. Prints `ready <port> <clients>`.
import Fastify from 'fastify'
import { latchkey } from '../dist/src/index.js'
import { hashSecret, newClientId, newClientSecret } from '../dist/src/oauth/secrets.js'

const app = Fastify()
await app.register(latchkey, { rateLimit: 'off', databasePoolSize: 20 })
app.get('/guarded', { onRequest: app.authGuard('api') }, async ({ auth }) => ({ user: auth.userId }))
await app.listen({ port: 0, host: '127.0.0.1' })

async function makeClient (name, grantTypes) {
  const client = { client_id: newClientId(), client_secret: newClientSecret() }
  await app.latchkey.store.clients.create({
    id: client.client_id, name, authMethod: 'client_secret_post', grantTypes, firstParty: true, secretHash: hashSecret(client.client_secret)
  })
  return client
}

const clients = { users: await makeClient('Bench', ['password', 'refresh_token']), machine: await makeClient('Machine', ['client_credentials']) }
console.log(`ready ${app.server.address().port} ${JSON.stringify(clients)}`)

process.once('SIGTERM', async () => {
  await app.close()
  process.exit(0)
})

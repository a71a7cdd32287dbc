// The built server in a host app with one guarded route, as users run it. Prints `ready <port> <clients>`. BENCH_OPTIONS holds more options
// as JSON, BENCH_CLIENTS clients that already exist. SIGUSR2 starts the purge.
import Fastify from 'fastify'
import { latchkey } from '../dist/src/index.js'
import { hashSecret, newClientId, newClientSecret } from '../dist/src/crypto/secrets.js'
import { internals } from '../dist/plugins/internals.js'

const app = Fastify()
await app.register(latchkey, { env: true, rateLimit: 'off', databasePoolSize: 20, ...JSON.parse(process.env.BENCH_OPTIONS ?? '{}') })
app.get('/guarded', { onRequest: app.authGuard('api') }, async ({ auth }) => ({ user: auth.userId }))
await app.listen({ port: 0, host: '127.0.0.1' })

async function makeClient (name, grantTypes, introspects = false) {
  const client = { client_id: newClientId(), client_secret: newClientSecret() }
  await internals(app).store.clients.create({
    id: client.client_id,
    name,
    authMethod: 'client_secret_post',
    grantTypes,
    introspects,
    firstParty: true,
    secretHash: hashSecret(client.client_secret)
  })
  return client
}

const clients = process.env.BENCH_CLIENTS
  ? JSON.parse(process.env.BENCH_CLIENTS)
  : {
      users: await makeClient('Bench', ['password', 'refresh_token', 'authorization_code']),
      machine: await makeClient('Machine', ['client_credentials'], true)
    }
console.log(`ready ${app.server.address().port} ${JSON.stringify(clients)}`)

process.once('SIGUSR2', async () => {
  const { startPurgeJob } = await import('../dist/src/maintenance/purge-job.js')
  startPurgeJob({ ...internals(app), config: { ...internals(app).config, purgeEvery: 1 } }, app.log)
})
process.once('SIGTERM', async () => {
  await app.close()
  process.exit(0)
})

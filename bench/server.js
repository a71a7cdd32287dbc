// The built server inside a host app with one guarded route, as users run it. Prints `ready <port>`.
import Fastify from 'fastify'
import { latchkey } from '../dist/src/index.js'

const app = Fastify()
await app.register(latchkey, { rateLimit: 'off', databasePoolSize: 20 })
app.get('/guarded', { onRequest: app.authGuard('api') }, async ({ auth }) => ({ user: auth.userId }))
await app.listen({ port: 0, host: '127.0.0.1' })
console.log(`ready ${app.server.address().port}`)

process.once('SIGTERM', async () => {
  await app.close()
  process.exit(0)
})

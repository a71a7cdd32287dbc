// A host app with Latchkey under /auth and routes of its own. Run node examples/host-app.js, then open http://127.0.0.1:3100/orders in a
// browser, or get a token from POST /auth/v1/clients/web/login for GET /api/orders.
import Fastify from 'fastify'
import { latchkey } from 'latchkey'

const port = Number(process.env.PORT ?? 3100)
const app = Fastify({ logger: { level: 'warn' } })
await app.register(latchkey, {
  prefix: '/auth',
  appUrl: `http://127.0.0.1:${port}`,
  // Without a URL the embedded database is used. Of a host's environment only LATCHKEY_… variables are read
  databaseUrl: process.env.DATABASE_URL,
  appKey: process.env.APP_KEY,
  scopes: { 'orders:read': 'See your orders' },
  homePath: '/orders'
})

app.get(
  '/api/orders',
  { onRequest: app.authGuard('api') },
  async ({ auth }) => ({ orders: [], of: auth.userId, mayRead: auth.can('orders:read') })
)

app.get('/orders', { onRequest: app.authGuard('web') }, async ({ auth }, reply) => {
  const { name, identifiers } = await auth.user()
  return reply.type('text/plain').send(`Orders of ${name ?? identifiers[0].display}`)
})

console.log(`Orders: ${await app.listen({ port, host: '127.0.0.1' })}/orders`)
process.once('SIGTERM', () => app.close())
process.once('SIGINT', () => app.close())

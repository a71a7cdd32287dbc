import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { buildServer } from '../../../src/server/server.ts'
import { createDatabase, FAST } from '../../support/start-server.ts'
import { loggedIn, visit } from '../../support/visitor.ts'

async function server (t: Test, options: object = {}): Promise<FastifyInstance> {
  const { app } = await buildServer({ ...FAST, logLevel: 'silent', databaseUrl: await createDatabase(t), ...options }, {})
  t.teardown(() => app.close())
  return app
}

const linksOf = (body: string) => [...body.matchAll(/<a href="([^"]+)"/g)].map(([, href]) => href)

t.test('the start page links to login and registration for guests, and to the account for users', async (t) => {
  const app = await server(t, { brand: { name: 'Northwind' } })
  const guest = await visit(app).get('/')
  t.match(guest, {
    statusCode: 200,
    headers: { 'content-type': /^text\/html/, 'cache-control': 'no-store', 'content-security-policy': /^default-src 'none'/ },
    body: 'Apps of Northwind'
  })
  t.same(linksOf(guest.body), ['/login', '/register', '/docs'])
  for (const link of linksOf(guest.body)) t.equal((await visit(app).get(link!)).statusCode, 200, String(link))
  t.match((await visit(app, { 'accept-language': 'de' }).get('/')).body, 'Willkommen')
  const ada = await loggedIn(app)
  const page = await ada.get('/')
  t.match(page.body, 'ada@example.com')
  t.same(linksOf(page.body), ['/account', '/logout', '/docs'])
})

t.test('the start page has no link to a page that is off', async (t) => {
  const app = await server(t, { registration: 'off', routes: { docs: false } })
  t.same(linksOf((await visit(app).get('/')).body), ['/login'])
  const api = await server(t, { routes: { pages: false } })
  t.match(await visit(api).get('/'), { statusCode: 303, headers: { location: '/docs' } })
  const nothing = await server(t, { routes: { pages: false, docs: false } })
  t.equal((await visit(nothing).get('/')).statusCode, 404)
})

t.test('the links of the start page include the prefix and the path of APP_URL', async (t) => {
  const app = await server(t, { prefix: '/auth', appUrl: 'https://id.example.com' })
  t.same(linksOf((await visit(app).get('/')).body), ['/auth/login', '/auth/register', '/auth/docs'])
})

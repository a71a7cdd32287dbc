import { FastifyOtelInstrumentation } from '@fastify/otel'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import Fastify from 'fastify'
import t from 'tap'
import { latchkey } from '../../src/index.ts'
import { createDatabase, FAST, login, logout, PASSWORD, profile, refresh, register, type Tokens } from '../support/start-server.ts'

t.test('OpenTelemetry in a host sees our requests by route, and no secret', async (t) => {
  const exporter = new InMemorySpanExporter()
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const instrumentation = new FastifyOtelInstrumentation({
    requestHook: (span, request) => {
      span.setAttribute('url.path', request.url.split('?')[0]!)
    }
  })
  instrumentation.setTracerProvider(provider)
  const app = Fastify()
  await app.register(instrumentation.plugin())
  await app.register(latchkey, { databaseUrl: await createDatabase(t), ...FAST })
  t.teardown(() => app.close())
  app.addHook('onRequest', app.authGuard('api'))
  app.get('/open', async () => 'open')

  await register(app)
  const tokens = (await login(app)).json<Tokens>()
  const renewed = (await refresh(app, tokens.refresh_token)).json<Tokens>()
  t.equal((await profile(app, renewed.access_token)).statusCode, 200)
  await logout(app, renewed.access_token)
  t.equal((await profile(app, renewed.access_token)).statusCode, 401)
  await app.inject(`/v1/profile?access_token=${tokens.access_token}`)
  const foreign = await app.inject({
    method: 'POST', url: '/v1/clients/web/login', headers: { origin: 'https://evil.example' },
    payload: { email: 'ada@example.com', password: PASSWORD }
  })
  t.match([foreign.statusCode, foreign.json()], [403, { code: 'LK_FOREIGN_ORIGIN' }], 'what we ask of a request is asked here, too')
  t.equal((await app.inject('/open')).statusCode, 401, 'a guard on everything is for the routes of the host')

  const spans = exporter.getFinishedSpans()
  const routes = spans.map(({ attributes }) => attributes['http.route']).filter(Boolean)
  for (const route of ['/v1/register', '/v1/clients/:client/login', '/v1/clients/:client/refresh', '/v1/profile', '/v1/api/logout']) {
    t.ok(routes.includes(route), route)
  }
  t.ok(spans.some(({ attributes }) => attributes['http.response.status_code'] === 401))
  const seen = JSON.stringify(spans.map(({ name, attributes, events, status }) => ({ name, attributes, events, status })))
  for (const secret of [PASSWORD, tokens.access_token, tokens.refresh_token, renewed.access_token, renewed.refresh_token]) {
    t.notOk(seen.includes(secret), 'no secret in a span')
  }
})

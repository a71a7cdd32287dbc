import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { latchkey } from '../../src/index.ts'
import type { AppOptions } from '../../plugins/latchkey.ts'
import { APP_KEY, createDatabase, FAST } from '../support/start-server.ts'

function setVariables (t: Test, variables: Record<string, string>): void {
  const before = { ...process.env }
  t.teardown(() => { process.env = before })
  Object.assign(process.env, variables)
}

async function createHost (t: Test, options: AppOptions): Promise<FastifyInstance> {
  const host = Fastify()
  t.teardown(() => host.close())
  await host.register(latchkey, { ...FAST, ...options })
  return host
}

const scopesOf = async (host: FastifyInstance) =>
  (await host.inject('/.well-known/openid-configuration')).json<{ scopes_supported: string[] }>().scopes_supported

t.test('variables without the prefix LATCHKEY_ are not read in a host, unless env is true', async (t) => {
  const databaseUrl = await createDatabase(t)
  setVariables(t, {
    CLIENT_GOOGLE_ID: 'x.apps.googleusercontent.com',
    CLIENT_WEB_ID: 'web',
    LOG_LEVEL: 'verbose',
    CORS_ORIGINS: '*',
    SCOPES: 'read write',
    PORT: '\\\\.\\pipe\\abc',
    APP_URL: 'example.com',
    APP_KEY: 'secret',
    DATABASE_URL: 'mysql://db/app',
    WORKERS: 'auto',
    TRUST_PROXY: 'yes',
    RATE_LIMIT: '100'
  })
  t.notOk((await scopesOf(await createHost(t, { databaseUrl }))).includes('read'))
  await t.rejects(
    createHost(t, { databaseUrl, env: true }),
    { code: 'LK_CONFIG', message: /^SCOPES is not JSON/ },
    'unless it says that they are not'
  )
})

t.test('variables with the prefix LATCHKEY_ are read in a host, and errors have their full name', async (t) => {
  setVariables(t, {
    LATCHKEY_DATABASE_URL: await createDatabase(t), LATCHKEY_APP_KEY: APP_KEY,
    LATCHKEY_SCOPES: '{"orders:read":"See your orders"}'
  })
  t.ok((await scopesOf(await createHost(t, {}))).includes('orders:read'))
  setVariables(t, { LATCHKEY_SCOPES: 'read write' })
  await t.rejects(createHost(t, {}), { code: 'LK_CONFIG', message: /^LATCHKEY_SCOPES is not JSON/ })
  setVariables(t, { LATCHKEY_SCOPES: '{}', LATCHKEY_CLIENT_GOOGLE_ID: 'x' })
  await t.rejects(createHost(t, {}), { code: 'LK_CONFIG', message: /^LATCHKEY_CLIENT_GOOGLE_ID names no client/ })
})

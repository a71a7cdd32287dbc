import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { PASSWORD } from '../support/start-server.ts'
import { serve } from './server.ts'

const HOOKS =
  "import { appendFileSync } from 'node:fs'\nexport async function load (url, context, next) { appendFileSync(process.env.LOADED, url + '\\n'); return await next(url, context) }\n"
const post = (url: string, body: object) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

/** A server, and the files that it has loaded so far. */
async function spied (t: Test, env: Record<string, string> = {}, config = '') {
  const folder = t.testdir({ 'hooks.mjs': HOOKS, loaded: '' })
  writeFileSync(
    join(folder, 'spy.mjs'),
    `import { register } from 'node:module'\nregister(${JSON.stringify(pathToFileURL(join(folder, 'hooks.mjs')).href)})\n`
  )
  const loaded = join(folder, 'loaded')
  const { address, child } = await serve(t, 1, config, {
    NODE_OPTIONS: `--import=${pathToFileURL(join(folder, 'spy.mjs')).href}`, LOADED: loaded, ...env
  })
  return { address, child, files: () => readFileSync(loaded, 'utf8') }
}

t.test('common commands load neither Prisma nor dependencies with many files', async (t) => {
  const { address, child, files } = await spied(t)
  const started = count(files())
  t.ok(started > 100 && started < 435, `a start loads ${started} files`)

  const user = { email: 'ada@example.com', password: PASSWORD }
  t.equal((await post(`${address}/v1/register`, user)).status, 201)
  const { access_token: token } = await (await post(`${address}/v1/clients/web/login`, user)).json() as { access_token: string }
  t.equal((await fetch(`${address}/v1/profile`, { headers: { authorization: `Bearer ${token}` } })).status, 200)
  await sleep(100)
  t.notMatch(files(), /@prisma\/client\/|generated\/client/, 'no Prisma client, which takes 100 MB with its first query')
  child.kill('SIGTERM')
})

t.test('a capability that is off loads no module', async (t) => {
  const { address, child, files } = await spied(t, {
    REGISTRATION: 'off', PROFILE: 'off', USER_CLIENTS: 'off', PERSONAL_TOKENS: 'off', DOCS: 'off', METRICS: 'off',
    SOCIAL_ACME_ISSUER: 'https://login.example.com', SOCIAL_ACME_CLIENT_ID: 'id'
  })
  t.equal((await fetch(`${address}/login`)).status, 200)
  const parts = [
    'routes/v1/account/(register|profile)',
    'routes/pages/(register|account-token)',
    'routes/v1/oauth/(clients|client-secret|personal-access-tokens)',
    'routes/operations/metrics',
    'plugins/(docs|metrics|pages/register)',
    'src/users/(register|change-profile|change-password)',
    'src/social/(provider-tokens|upstream-tokens)',
    'src/oauth/(client-management|own-tokens)',
    '@fastify/swagger/',
    'prom-client/'
  ]
  for (const part of parts) t.notMatch(files(), new RegExp(`/${part}`), part)
  for (const path of [
    '/v1/register', '/register', '/v1/profile', '/v1/oauth/clients', '/v1/oauth/personal-access-tokens', '/docs', '/metrics'
  ]) t.equal((await fetch(address + path)).status, 404, path)
  child.kill('SIGTERM')
})

// What the test runner puts into every process that a test starts
const RUNNER = /\/node_modules\/(?:@tapjs|node-options-to-argv|pirates|process-on-spawn|signal-exit|uuid)\/|^node:|\/spy\.mjs$/

function count (lines: string): number {
  return new Set(lines.split('\n').filter((line) => line !== '' && !RUNNER.test(line))).size
}

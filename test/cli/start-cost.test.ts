import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { PASSWORD } from '../helper.ts'
import { serve } from './server.ts'

const HOOKS = "import { appendFileSync } from 'node:fs'\nexport async function load (url, context, next) { appendFileSync(process.env.LOADED, url + '\\n'); return await next(url, context) }\n"
const post = (url: string, body: object) => fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

t.test('what people do all day loads neither Prisma nor dependencies of many files', async (t) => {
  const folder = t.testdir({ 'hooks.mjs': HOOKS, loaded: '' })
  writeFileSync(join(folder, 'spy.mjs'), `import { register } from 'node:module'\nregister(${JSON.stringify(pathToFileURL(join(folder, 'hooks.mjs')).href)})\n`)
  const loaded = join(folder, 'loaded')
  const { address, child } = await serve(t, 1, '', { NODE_OPTIONS: `--import=${pathToFileURL(join(folder, 'spy.mjs')).href}`, LOADED: loaded })
  const started = count(readFileSync(loaded, 'utf8'))
  t.ok(started > 100 && started < 500, `a start loads ${started} files`)

  const user = { email: 'ada@example.com', password: PASSWORD }
  t.equal((await post(`${address}/v1/register`, user)).status, 201)
  const { access_token: token } = await (await post(`${address}/v1/clients/web/login`, user)).json() as { access_token: string }
  t.equal((await fetch(`${address}/v1/profile`, { headers: { authorization: `Bearer ${token}` } })).status, 200)
  await sleep(100)
  const files = readFileSync(loaded, 'utf8')
  t.notMatch(files, /@prisma\/client\/|generated\/client/, 'no Prisma client, which takes 100 MB with its first query')
  child.kill('SIGTERM')
})

function count (lines: string): number {
  return lines.split('\n').filter(Boolean).length
}

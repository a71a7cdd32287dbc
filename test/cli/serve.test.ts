import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { embeddedUrl } from '../../src/database/embedded.ts'
import { PASSWORD } from '../support/start-server.ts'
import { run } from './helper.ts'
import { folder, serve } from './server.ts'

const register = (address: string) => fetch(`${address}/v1/register`, {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email: 'ada@example.com', password: PASSWORD })
})

t.test('on SIGTERM the in-flight request is answered, the database stopped, and the exit code is 0', async (t) => {
  const { child, cwd, dataDir, address, exited, logged, stderr } = await serve(t, 8)
  t.equal((await fetch(`${address}/health`)).status, 200)
  const { issuer } = await (await fetch(`${address}/.well-known/openid-configuration`)).json() as { issuer: string }
  t.equal(issuer, address.replace('127.0.0.1', 'localhost'), 'PORT=0: the issuer is made from the port that was taken')

  const listed = await run(['user', 'list', '--json'], { cwd })
  t.same(listed, { code: 0, stdout: '{\n  "users": [],\n  "next": null\n}\n', stderr: '' }, 'a command uses the running database')
  t.ok(await embeddedUrl(dataDir), 'and leaves it running')

  const answer = register(address)
  await logged(/^incoming request/, '/v1/register')
  child.kill('SIGTERM')
  t.equal((await answer).status, 201)
  t.equal(await exited, 0)
  t.ok(await logged(/^Closing$/))
  t.equal(await embeddedUrl(dataDir), null)
  t.equal(await stderr, '', 'no hint where nobody watches')

  t.match((await run(['user', 'list'], { cwd })).stdout, /ada@example.com/, 'what was answered is kept')
  await t.rejects(fetch(`${address}/health`))
})

t.test('a signal that npm or a primary process sends again is treated as one', async (t) => {
  const { child, dataDir, address, exited, logged } = await serve(t, 8)
  const answer = register(address)
  await logged(/^incoming request/, '/v1/register')
  for (const signal of ['SIGINT', 'SIGINT', 'SIGTERM', 'SIGHUP'] as const) child.kill(signal)
  t.equal((await answer).status, 201)
  t.equal(await exited, 0)
  t.equal(await embeddedUrl(dataDir), null)
})

t.test('a second signal after a while ends the server at once', async (t) => {
  const { child, address, exited, logged } = await serve(t, 60)
  register(address).catch(() => {})
  await logged(/^incoming request/, '/v1/register')
  child.kill('SIGINT')
  await logged(/^Closing$/)
  const again = setInterval(() => child.kill('SIGINT'), 100)
  t.teardown(() => clearInterval(again))
  t.equal(await exited, 1)
})

t.test('a port in use is reported in one line, and nothing is left running', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const { port } = other.address() as AddressInfo
  const cwd = folder(t)
  const { code, stderr } = await run(['serve'], { cwd, env: { PORT: String(port), LOG_LEVEL: 'silent' } })
  t.equal(code, 1)
  t.equal(stderr, `error: Port ${port} of 127.0.0.1 is in use by another program; stop it, or set another PORT\n`)
  t.equal(await embeddedUrl(join(cwd, '.latchkey')), null)
})

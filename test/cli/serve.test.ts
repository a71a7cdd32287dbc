import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { embeddedUrl, startEmbedded } from '../../src/database/embedded.ts'
import { PASSWORD } from '../helper.ts'
import { run, start } from './helper.ts'

type Entry = { msg: string, req?: { url: string } }

/** A folder whose embedded database is stopped before it is removed. */
function folder (t: Test): string {
  const cwd = mkdtempSync(join(tmpdir(), 'latchkey-cli-'))
  chmodSync(cwd, 0o755)
  t.teardown(async () => {
    if (await embeddedUrl(join(cwd, '.latchkey'))) await (await startEmbedded({ dataDir: join(cwd, '.latchkey') })).stop()
    rmSync(cwd, { recursive: true })
  })
  return cwd
}

/** A server on an embedded database of its own, where a password hash takes as long as `timeCost` says. */
async function serve (t: Test, timeCost: number) {
  const cwd = folder(t)
  writeFileSync(join(cwd, 'latchkey.config.js'), `export default { passwords: { memoryCost: 65536, timeCost: ${timeCost} }, rateLimit: 'off' }`)
  writeFileSync(join(cwd, '.env'), 'PORT=0\nLOG_LEVEL=info\n')
  const child = start(['serve'], { cwd })
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const stderr = text(child.stderr!)
  const entries: Entry[] = []
  const lines = createInterface({ input: child.stdout! }).on('line', (line) => { entries.push(JSON.parse(line) as Entry) })
  const logged = async (message: RegExp, url?: string): Promise<string> => {
    for (;;) {
      const entry = entries.find(({ msg, req }) => message.test(msg) && req?.url === url)
      if (entry) return entry.msg
      await once(lines, 'line')
    }
  }
  const address = (await logged(/^Server listening at/)).split(' ').at(-1)!
  return { child, cwd, dataDir: join(cwd, '.latchkey'), address, exited, logged, stderr }
}

const register = (address: string) => fetch(`${address}/v1/register`, {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email: 'ada@example.com', password: PASSWORD })
})

t.test('on SIGTERM the open request is answered, the database stopped, the exit code 0', async (t) => {
  const { child, cwd, dataDir, address, exited, logged, stderr } = await serve(t, 8)
  t.equal((await fetch(`${address}/health?token=x`)).status, 200)
  t.ok(await logged(/^incoming request/, '/health'), 'what stands after the path is not logged')

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

t.test('a second signal ends it at once', async (t) => {
  const { child, address, exited, logged } = await serve(t, 60)
  register(address).catch(() => {})
  await logged(/^incoming request/, '/v1/register')
  child.kill('SIGINT')
  await logged(/^Closing$/)
  child.kill('SIGINT')
  t.equal(await exited, 1)
})

t.test('a port that is taken is one line, and nothing stays behind', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const { port } = other.address() as AddressInfo
  const cwd = folder(t)
  const { code, stderr } = await run(['serve'], { cwd, env: { PORT: String(port), LOG_LEVEL: 'silent' } })
  t.equal(code, 1)
  t.equal(stderr, `error: Port ${port} of 127.0.0.1 is taken by another program; stop that one, or set PORT to another\n`)
  t.equal(await embeddedUrl(join(cwd, '.latchkey')), null)
})

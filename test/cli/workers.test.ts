import t from 'tap'
import { embeddedUrl } from '../../src/database/embedded.ts'
import { eventually, PASSWORD } from '../support/start-server.ts'
import { serve } from './server.ts'

const json = (body: object) => ({
  method: 'POST', headers: { 'content-type': 'application/json', connection: 'close' }, body: JSON.stringify(body)
})

t.test('WORKERS share one port and one embedded database; a logout reaches all, and one that dies is replaced', async (t) => {
  const { child, dataDir, address, exited, stderr, entries } = await serve(t, 1, 'WORKERS=3\n')
  const workers = () => [...new Set(entries.filter(({ msg }) => msg.startsWith('Server listening at')).map(({ pid }) => pid))]
  const answers = async (path: string, init: RequestInit, times: number) => {
    const statuses = await Promise.all(Array.from({ length: times }, async () => (await fetch(address + path, init)).status))
    return [...new Set(statuses)]
  }
  t.ok(await eventually(() => workers().length === 3, 30_000))
  t.equal((await fetch(`${address}/v1/register`, json({ email: 'ada@example.com', password: PASSWORD }))).status, 201)
  const { access_token: token } =
    await (await fetch(`${address}/v1/clients/web/login`, json({ email: 'ada@example.com', password: PASSWORD }))).json() as {
      access_token: string
    }
  // A connection each, which the workers take in turn
  const guarded = { headers: { authorization: `Bearer ${token}`, connection: 'close' } }
  t.same(await answers('/v1/profile', guarded, 12), [200])
  const served = new Set(entries.filter(({ req }) => req?.url === '/v1/profile').map(({ pid }) => pid))
  t.equal(served.size, 3, 'all of them serve')

  await fetch(`${address}/v1/api/logout`, { ...json({}), headers: guarded.headers, body: null })
  t.ok(await eventually(async () => (await answers('/v1/profile', guarded, 12)).join() === '401'))

  const [victim] = workers()
  process.kill(victim!, 'SIGKILL')
  t.ok(await eventually(() => workers().length === 4, 30_000))
  t.same(await answers('/v1/profile', guarded, 12), [401], 'the new one knows it, too')

  child.kill('SIGTERM')
  t.equal(await exited, 0)
  t.equal(await embeddedUrl(dataDir), null, 'the database stops with them')
  t.match(await stderr, /A worker exited and is replaced/)
})

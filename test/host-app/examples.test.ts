import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { packageRoot } from '../../src/database/package-root.ts'
import { APP_KEY, createDatabase, PASSWORD } from '../support/start-server.ts'

const json = (body: object) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

t.test('examples/host-app.js runs: guards for users and clients beside the routes of the host', async (t) => {
  const child = spawn(process.execPath, [join(packageRoot, 'examples/host-app.js')], {
    cwd: t.testdir({}),
    env: { PATH: process.env['PATH'], PORT: '0', DATABASE_URL: await createDatabase(t, { empty: true }), APP_KEY },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGTERM')
    await exited
  })
  const [line] = await once(createInterface({ input: child.stdout }), 'line') as [string]
  const { origin } = new URL(line.replace('Orders: ', ''))

  const guest = await fetch(`${origin}/orders`, { headers: { accept: 'text/html' }, redirect: 'manual' })
  t.equal(guest.status, 303)
  t.match(guest.headers.get('location'), /^\/auth\/login\?return_to=%2Forders$/)
  t.match(await (await fetch(origin + guest.headers.get('location'))).text(), /Log in/)

  t.equal((await fetch(`${origin}/api/orders`)).status, 401)
  t.equal((await fetch(`${origin}/auth/v1/register`, json({ email: 'ada@example.com', password: PASSWORD }))).status, 201)
  const { access_token: token } =
    await (await fetch(`${origin}/auth/v1/clients/web/login`, json({ email: 'ada@example.com', password: PASSWORD }))).json() as {
      access_token: string
    }
  t.match(await (await fetch(`${origin}/api/orders`, { headers: { authorization: `Bearer ${token}` } })).json(), {
    orders: [],
    of: /^[0-9a-f-]{36}$/
  })
})

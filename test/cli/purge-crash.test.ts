import { once } from 'node:events'
import pg from 'pg'
import t from 'tap'
import { APP_KEY, createDatabase, eventually } from '../support/start-server.ts'
import { run, start } from './helper.ts'

t.test('a purge that is killed goes on where it was: every user is deleted, each once, with the holds on the identifiers', async (t) => {
  const url = await createDatabase(t)
  const cwd = t.testdir({})
  const env = { APP_KEY, DATABASE_URL: url }
  const client = new pg.Client(url)
  await client.connect()
  t.teardown(() => client.end())
  const count = async (sql: string) => (await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${sql}`)).rows[0]!.n
  await client.query("INSERT INTO users (id, deletion_requested_at) SELECT gen_random_uuid(), now() - interval '15 days' FROM generate_series(1, 300)")
  await client.query("INSERT INTO identifiers (attribute, value, display, user_id) SELECT 'email', id || '@example.com', '', id FROM users")
  // Killed after the first user, and after some: a start takes longer than a user
  for (let left = 300, kills = 0; left > 100; kills++) {
    const before = left - kills % 10
    const child = start(['purge'], { cwd, env })
    const exited = once(child, 'exit')
    t.ok(await eventually(async () => await count('users') < before, 60_000))
    child.kill('SIGKILL')
    await exited
    left = await count('users')
    t.equal(await count("audit_events WHERE type = 'user.deleted'"), 300 - left)
    t.equal(await count('identifier_holds'), 300 - left)
  }
  t.equal((await run(['purge'], { cwd, env })).code, 0)
  t.equal(await count('users'), 0)
  t.equal(await count("audit_events WHERE type = 'user.deleted'"), 300)
  t.equal(await count('(SELECT DISTINCT user_id FROM audit_events) AS u'), 300)
  t.equal(await count('identifier_holds'), 300)
})

import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { listClients } from '../../src/cli/clients.ts'
import { migrate } from '../../src/cli/migrate.ts'
import { migrate as applyMigrations } from '../../src/database/migrate.ts'
import { shippedMigrations } from '../../src/database/migrations-directory.ts'
import { createDatabase } from '../support/start-server.ts'
import { contextFor } from './helper.ts'

const names = readdirSync(shippedMigrations).filter((name) => !name.includes('.')).sort()

t.test('migrate gives an empty database all migrations, keys and clients', async (t) => {
  const context = await contextFor(t, { DATABASE_URL: await createDatabase(t, { empty: true }) })
  t.same(await migrate(context), { json: { applied: names }, lines: names.map((name) => `Applied ${name}`) })
  t.match((await listClients(context)).json, { clients: [{ slug: 'web' }, { slug: 'mobile' }, { slug: 'personal-access' }] })
})

t.test('a second run has nothing to do', async (t) => {
  t.same(await migrate(await contextFor(t)), { json: { applied: [] }, lines: ['The database is up to date.'] })
})

t.test('migrate applies what is missing, and until then other commands name it', async (t) => {
  const databaseUrl = await createDatabase(t, { empty: true })
  const older = t.testdir({})
  for (const entry of [names[0]!, 'migration_lock.toml']) cpSync(join(shippedMigrations, entry), join(older, entry), { recursive: true })
  await applyMigrations(databaseUrl, older)
  const context = await contextFor(t, { DATABASE_URL: databaseUrl })
  await t.rejects(listClients(context), { message: /is behind by .*run `npx latchkey migrate` first/ })
  t.same((await migrate(context)).json, { applied: names.slice(1) })
  t.ok(await listClients(context))
})

t.test('a host that migrates with its own Prisma project is told so', async (t) => {
  const context = await contextFor(t)
  await t.rejects(migrate({ ...context, options: { prisma: {} as never } }), { message: /npx prisma migrate deploy/ })
})

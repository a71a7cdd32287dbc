import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { chooseSchema, withSchema } from '../../../src/database/choose-schema.ts'
import { migrate } from '../../../src/database/migrate.ts'
import { migrationNames, shippedMigrations } from '../../../src/database/migrations-directory.ts'
import { packageRoot } from '../../../src/database/package-root.ts'
import { createDatabase } from '../../support/start-server.ts'
import { query } from './embedded-helper.ts'
import { prisma, skip } from './prisma-cli.ts'

const CONFIG = `import { defineConfig } from 'prisma/config'
export default defineConfig({ schema: 'schema.prisma', migrations: { path: 'migrations' }, datasource: { url: process.env['DATABASE_URL']! } })`
// Called like ours
const SCHEMA = `
datasource db {
  provider = "postgresql"
}
model User {
  id Int @id
  @@map("users")
}`

/** The Prisma project of a host: `dev` and `deploy` say what the CLI says. */
function projectOf (t: Test, files: Record<string, string | Record<string, string>>) {
  const folder = t.testdir(files)
  const cli = (url: string, ...args: string[]) => prisma(folder, { DATABASE_URL: url }, ...args)
  return {
    folder, cli, dev: (url: string, ...args: string[]) => cli(url, 'migrate', 'dev', ...args),
    deploy: (url: string) => cli(url, 'migrate', 'deploy')
  }
}

/** Our migrations without the last one: an older version. */
async function olderMigrations (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-test-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await cp(shippedMigrations, folder, { recursive: true })
  const last = (await migrationNames(shippedMigrations)).at(-1)!
  await rm(join(folder, last), { recursive: true })
  return folder
}

/** As a start or `latchkey migrate` does it. */
async function migrateOurs (url: string, directory?: string) {
  const chosen = await chooseSchema(url)
  return { schema: chosen.schema, ...await migrate(chosen.url, directory, chosen.because === 'new') }
}

const count = async (url: string, schema: string) => (await query(url, `SELECT FROM pg_tables WHERE schemaname = '${schema}'`)).length

t.test("a host's Prisma project in public and our tables do not affect each other, in either order and after later migrations", {
  skip
}, async (t) => {
  const { folder, dev, deploy } = projectOf(t, { 'prisma.config.ts': CONFIG, 'schema.prisma': SCHEMA })
  const [ours, theirs] = [await createDatabase(t, { empty: true }), await createDatabase(t, { empty: true })]

  t.equal((await migrateOurs(ours, await olderMigrations(t))).schema, 'latchkey')
  t.match(await dev(ours, '--name', 'init'), /created and applied/, 'ours first')
  t.same((await migrateOurs(ours)).applied, (await migrationNames(shippedMigrations)).slice(-1), 'another one of ours')
  const tables = await count(ours, 'latchkey')
  await writeFile(join(folder, 'schema.prisma'), SCHEMA.replace('@id', '@id\n  name String'))
  t.match(await dev(ours, '--name', 'more'), /created and applied/, 'another one of theirs')
  t.equal(await count(ours, 'latchkey'), tables)
  t.equal(await count(ours, 'public'), 2)

  t.match(await deploy(theirs), /successfully applied/)
  t.equal((await migrateOurs(theirs)).schema, 'latchkey', 'theirs first')
  t.match(await dev(theirs), /Already in sync/)
})

t.test(
  "a host's model can relate to our User by the files of docs/database.md, and its SQL moves our tables out of public",
  { skip },
  async (t) => {
    const { move, history, config, schema } = await filesOfTheDocs()
    const url = await createDatabase(t, { empty: true })
    await migrate(withSchema(url, 'public'))
    await query(url, move)
    t.same(await migrateOurs(url), { schema: 'latchkey', applied: [] })

    const { folder, cli, dev } = projectOf(t, { 'prisma.config.ts': config, prisma: { 'schema.prisma': schema, 'history.sql': history } })
    t.match(await cli(url, 'db', 'execute', '--file', 'prisma/history.sql'), /executed successfully/)
    t.match(await dev(url, '--name', 'init'), /created and applied/)
    const [made] = (await readdir(join(folder, 'prisma', 'migrations'))).filter((name) => name.endsWith('_init'))
    const sql = await readFile(join(folder, 'prisma', 'migrations', made!, 'migration.sql'), 'utf8')
    t.match(sql, 'REFERENCES "latchkey"."users"("id")')
    t.same(sql.match(/^CREATE .*/gm), ['CREATE TABLE "posts" ('], 'nothing of ours is made or changed')
    t.match(await dev(url), /Already in sync/)
  })

async function filesOfTheDocs () {
  const text = await readFile(join(packageRoot, 'docs', 'database.md'), 'utf8')
  const blocks = (language: string) => [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, block]) => block!)
  const [[move, history], [config], [schema]] = [blocks('sql'), blocks('ts'), blocks('prisma')]
  return { move: move!, history: history!, config: config!, schema: schema! }
}

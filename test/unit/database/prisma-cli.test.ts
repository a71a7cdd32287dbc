import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { embeddedUrl } from '../../../src/database/embedded.ts'
import { packageRoot } from '../../../src/database/package-root.ts'
import { createDatabase } from '../../support/start-server.ts'
import { PRISMA, prisma, skip } from './prisma-cli.ts'

const run = promisify(execFile)

t.test('the Prisma CLI works with our engine on an external database', { skip }, async (t) => {
  const url = await createDatabase(t, { empty: true })
  const env = { DATABASE_URL: `${url}?schema=auth` }
  t.match(await prisma(packageRoot, env, 'migrate', 'deploy'), /successfully applied/)
  t.match(await prisma(packageRoot, env, 'migrate', 'status'), /up to date/)
  t.match(await prisma(packageRoot, env, 'migrate', 'dev'), /Already in sync/, 'and finds no drift')
})

t.test('the migrations create what the Prisma schema describes', { skip }, async (t) => {
  const url = await createDatabase(t, { empty: true })
  const difference = ['migrate', 'diff', '--from-migrations', 'prisma/migrations', '--to-schema', 'prisma/schema.prisma', '--exit-code']
  t.match(await prisma(packageRoot, { DATABASE_URL: url }, ...difference), /No difference/)
})

t.test('without DATABASE_URL the command starts the embedded database, and stops it', { skip }, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'latchkey-test-'))
  await chmod(dataDir, 0o711)
  t.teardown(() => rm(dataDir, { recursive: true }))
  t.match(await prisma(packageRoot, { DATABASE_URL: '', LATCHKEY_DATA_DIR: dataDir }, 'migrate', 'deploy'), /successfully applied/)
  for (let tries = 0; tries < 100 && await embeddedUrl(dataDir) !== null; tries++) await delay(50)
  t.equal(await embeddedUrl(dataDir), null)
})

t.test('the command reads .env as the server does, also with a byte order mark', { skip }, async (t) => {
  const cwd = t.testdir({ '.env': '\uFEFFDATABASE_URL=postgresql://u:p@127.0.0.1:1/none\n' })
  const { DATABASE_URL: _url, ...env } = process.env
  const { stderr } = await run(process.execPath, [PRISMA, 'migrate', 'status', '--config', join(packageRoot, 'prisma.config.ts')], {
    cwd, env: { ...env, CHECKPOINT_DISABLE: '1', NODE_OPTIONS: '' }
  }).catch((error: { stderr: string }) => error)
  t.match(stderr, /127\.0\.0\.1:1\b/)
  t.notOk(existsSync(join(cwd, '.latchkey')))
})

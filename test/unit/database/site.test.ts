import { fork } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { makeAppKey } from '../../../src/crypto/app-key.ts'
import { fixFor, inDataDir } from '../../../src/config/data-dir.ts'
import { prepareSite } from '../../../src/database/embedded/site.ts'
import { temporaryDirectory } from './embedded-helper.ts'

const IS_ROOT = process.getuid?.() === 0
const AS_USER = fileURLToPath(new URL(`as-user${extname(import.meta.url)}`, import.meta.url))
/** One that has a name everywhere, and one that has none. */
const DAEMON = 1
const NAMELESS = 54_321

const FIX =
  /set LATCHKEY_DATA_DIR \(the option dataDir\) to .*, or set DATABASE_URL \(the option databaseUrl\) to a PostgreSQL of your own$/

t.test('when the data directory cannot be created, the error names its variable', async (t) => {
  const folder = t.testdir({ file: '' })
  for (const path of ['file', join('file', 'data')]) {
    await t.rejects(prepareSite(join(folder, path)), {
      message: new RegExp(
        `^the data directory ${join(folder, path)} cannot be used: a file is where a directory must be.*\\(E(NOTDIR|EXIST)\\): .*${FIX.source}`
      )
    })
  }
})

t.test('only the data directory has a closed mode, not the parent folders that are created', async (t) => {
  const folder = await temporaryDirectory(t)
  await mkdir(join(folder, 'usual'))
  await prepareSite(join(folder, 'on', 'the', 'way', 'data'))
  const modes = await Promise.all(
    ['usual', 'on', 'on/the', 'on/the/way', 'on/the/way/data'].map(async (path) => (await stat(join(folder, path))).mode & 0o777)
  )
  const [usual, ...made] = modes
  const closed = made.pop()!
  t.same(made, [usual, usual, usual])
  t.equal(closed & 0o066, 0)
})

t.test('when app.key cannot be written, the error names the variable', async (t) => {
  const folder = t.testdir({ 'app.key': {} })
  await t.rejects(makeAppKey(folder), { message: new RegExp(`a directory is where a file must be.* \\(EISDIR\\): .*${FIX.source}`) })
  t.same(await readdir(folder), ['app.key'], 'and no draft is left')
})

t.test('a full disk is reported as such, whether the system or PostgreSQL finds it', { skip: process.platform !== 'linux' }, async (t) => {
  await t.rejects(inDataDir('/data', async () => await writeFile('/dev/full', 'x')), {
    message: /^the data directory \/data cannot be used: no space is left \(ENOSPC\): free some space there, /
  })
  t.match(fixFor('FATAL:  could not write lock file "postmaster.pid": No space left on device'), /^free some space there, set LATCHKEY_DATA_DIR/)
  t.match(fixFor('could not open file: Permission denied'), /LATCHKEY_DATA_DIR/)
  t.equal(fixFor('FATAL:  unrecognized configuration parameter'), undefined)
})

t.test('an error that is not about files is passed on unchanged', async (t) => {
  const refused = Object.assign(new Error('connect EACCES'), { code: 'EACCES', syscall: 'connect' })
  await t.rejects(inDataDir('/data', async () => { throw refused }), refused)
})

/** Why another user could not do what each line asks for. */
async function failuresAs (uid: number, work: [name: string, dataDir: string][]): Promise<string[]> {
  // Without the variables that collect coverage: they would write files as this user
  const child = fork(AS_USER, [String(uid), ...work.flat()], { env: { PATH: process.env['PATH'] } })
  const [messages] = await once(child, 'message') as [string[]]
  return messages
}

/** A data directory of the user, with files of root in it that nobody else may read. */
async function closedFiles (t: Test): Promise<string> {
  const dataDir = await temporaryDirectory(t)
  await chown(dataDir, DAEMON, DAEMON)
  await mkdir(join(dataDir, 'postgres', 'global'), { recursive: true })
  for (const file of ['app.key', 'postgres.log', 'postgres/latchkey.password', 'postgres/global/pg_control']) {
    await writeFile(join(dataDir, file), 'x', { mode: 0o600 })
  }
  return dataDir
}

t.test('permission denied is reported with the file, the variable and what to do', { skip: !IS_ROOT }, async (t) => {
  const files = await closedFiles(t)
  const closed = await temporaryDirectory(t)
  await chmod(closed, 0o700)
  await mkdir(join(closed, 'data'))
  const CASES: [work: string, dataDir: string, path: string][] = [
    ['readKey', files, 'app.key'],
    ['join', files, 'postgres/latchkey.password'],
    ['start', files, 'postgres.log'],
    ['prepare', closed, 'postgres'],
    ['prepare', join(closed, 'data'), 'postgres'],
    ['makeKey', closed, 'app.key'],
    ['join', closed, 'postgres']
  ]
  const messages = await failuresAs(DAEMON, CASES.map(([work, dataDir]) => [work, dataDir]))
  for (const [index, [work, dataDir, path]] of CASES.entries()) {
    t.match(
      messages[index],
      new RegExp(
        `^the data directory ${dataDir} cannot be used: permission denied at ${join(dataDir, path)}\\S* \\(EACCES\\): run as the owner of the directory, ${FIX.source}`
      ),
      `${work} ${path}`
    )
  }
})

t.test('a uid without a user name is told to set DATABASE_URL, and nothing is created', { skip: !IS_ROOT }, async (t) => {
  const folder = await temporaryDirectory(t)
  await chown(folder, NAMELESS, NAMELESS)
  t.same(await failuresAs(NAMELESS, [['prepare', join(folder, 'data')]]), [
    `the embedded PostgreSQL does not run as uid ${NAMELESS}, which has no user name here: set DATABASE_URL (the option databaseUrl) to a PostgreSQL of your own, or run as a user of /etc/passwd`
  ])
  t.same(await readdir(folder), [])
})

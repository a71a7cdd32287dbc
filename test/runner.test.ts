import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { isAlive } from '../src/database/embedded/postmaster.ts'
import { packageRoot } from '../src/database/package-root.ts'
import { eventually } from './support/start-server.ts'

type Totals = { total: number, pass: number, fail: number, skip: number, todo: number }
type Result = { code: number | null, signal: string | null, totals: Totals, output: string }
type Shared = { run: (file: string) => Promise<Result>, close: () => Promise<string[]> }

const scripts = pathToFileURL(join(packageRoot, 'scripts/')).href
const { createSharedProcess } = await import(`${scripts}test-runs.js`) as {
  createSharedProcess: (options: { timeout: number, closing?: number }) => Shared
}

/** Runs files with these texts one after another in one process, as long as it can go on. */
async function results (t: Test, texts: string[]): Promise<{ results: Result[], problems: string[] }> {
  const files = texts.map((text, index) =>
    [`${index}.js`, `import t from '${scripts}test-tap.js?${encodeURIComponent(t.name)}-${index}'\n${text}`])
  const folder = t.testdir(Object.fromEntries(files) as Record<string, string>)
  const shared = createSharedProcess({ timeout: 60, closing: 200 })
  const results: Result[] = []
  for (const [name] of files) results.push(await shared.run(relative(join(packageRoot, 'build'), join(folder, name!))))
  return { results, problems: await shared.close() }
}

const count = (pass: number, fail = 0): Totals => ({ total: pass + fail, pass, fail, skip: 0, todo: 0 })

t.test('files in one process have totals and failures of their own', async (t) => {
  const { results: all, problems } = await results(t, [
    "globalThis.first = process.pid; t.ok(true); t.test('inner', async (t) => { t.ok(true); t.ok(true) })",
    "t.test('same process', async (t) => { t.equal(globalThis.first, process.pid) })",
    "t.test('wrong', async (t) => { t.ok(true); t.equal(1, 2, 'one is two') })",
    "t.test('new process', async (t) => { t.equal(globalThis.first, undefined) })"
  ])
  t.match(all, [
    { code: 0, totals: count(3) }, { code: 0, totals: count(1) },
    { code: 1, totals: count(1, 1), output: 'not ok 2 - one is two' }, { code: 0, totals: count(1) }
  ])
  t.same(problems, [])
})

t.test('what ends a process, or is thrown where no test waits, fails its file', async (t) => {
  const { results: all } = await results(t, [
    "t.test('exit', async (t) => { t.ok(true, 'before'); process.exit(0) })",
    "t.ok(true); throw new Error('at the top')",
    "t.test('later', async () => { setTimeout(() => { throw new Error('nobody waits') }); await new Promise((r) => setTimeout(r, 5000)) })",
    "t.test('rejection', async () => { Promise.reject(new Error('nobody catches')); await new Promise((r) => setTimeout(r, 5000)) })",
    't.ok(true); t.teardown(() => { process.exitCode = 3 })',
    "t.test('never', { timeout: 100 }, async (t) => { setInterval(() => {}, 50).unref(); await new Promise(() => {}) })",
    't.ok(true)'
  ])
  t.match(all, [
    { totals: count(0), output: 'ok 1 - before' },
    { code: 1, output: 'at the top' }, { code: 1, output: 'nobody waits' }, { code: 1, output: 'nobody catches' },
    { code: 1, totals: count(1) }, { code: 1, output: 'timeout!' }, { code: 0, totals: count(1) }
  ])
})

t.test('a file must close what it opens, and has no total without assertions', async (t) => {
  const { results: all } = await results(t, [
    "import { createServer } from 'node:net'\nt.ok(true); createServer().listen(0)",
    "import { createServer } from 'node:net'\nconst server = createServer().listen(0); t.ok(true); t.teardown(() => server.close())",
    ''
  ])
  t.match(all, [{ code: 1, output: 'left open: TCPServerWrap' }, { code: 0 }, { totals: count(0) }])
})

t.test('variables and the working directory are as before after each file', async (t) => {
  const { results: all } = await results(t, [
    "process.env.ADDED = '1'; delete process.env.PATH; process.chdir('/'); process.env = { ...process.env }; t.ok(true)",
    "t.equal(process.env.ADDED, undefined); t.ok(process.env.PATH); t.not(process.cwd(), '/')"
  ])
  t.match(all, [{ code: 0 }, { code: 0, totals: count(3) }])
})

/** Runs, for a run that is ended, a test that waits and has started another process. */
const RUN = `const [runs, file] = process.argv.slice(1)
const { createSharedProcess, killTests } = await import(runs)
process.once('SIGTERM', killTests)
await createSharedProcess({ timeout: 60 }).run(file)`
const WAITING = `import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
t.test('waits', async () => {
  const { pid } = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  writeFileSync(new URL('pids', import.meta.url), JSON.stringify([process.pid, pid]))
  await new Promise(() => {})
})`

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  t.test(`${signal} to a run ends what runs tests, and what these have started`, async (t) => {
    const folder = t.testdir({ 'waiting.js': `import t from '${scripts}test-tap.js?${signal}'\n${WAITING}` })
    const pids = join(folder, 'pids')
    const file = relative(join(packageRoot, 'build'), join(folder, 'waiting.js'))
    const run = spawn(process.execPath, ['--input-type=module', '--eval', RUN, `${scripts}test-runs.js`, file], { stdio: 'ignore' })
    const ended = once(run, 'exit')
    t.ok(await eventually(() => existsSync(pids) && readFileSync(pids, 'utf8').endsWith(']'), 60_000))
    run.kill(signal)
    t.same(await ended, signal === 'SIGTERM' ? [0, null] : [null, signal])
    for (const pid of JSON.parse(readFileSync(pids, 'utf8')) as number[]) {
      t.teardown(() => { if (isAlive(pid)) process.kill(pid, 'SIGKILL') })
      t.ok(await eventually(() => !isAlive(pid), 30_000))
    }
  })
}

// Runs each test file in a process of its own, and prints the failures and the number of assertions.
// npm test -- [--watch] [--inspect] [--jobs=2] [--timeout=300] [file or folder …]
// Without arguments it runs all files except browser tests. For a single file it prints the whole output.
import { spawn } from 'node:child_process'
import { existsSync, watch } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildPackage, compileTests, FOLDERS, outputOf } from './compile-tests.js'
import { failuresIn, totalsIn } from './tap-output.js'

/** Tests in these folders read dist/, so they need a build. */
const READ_PACKAGE = ['test/cli', 'test/host-app', 'test/package'].map((folder) => join(folder, sep))

const root = fileURLToPath(new URL('..', import.meta.url))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    watch: { type: 'boolean', default: false },
    inspect: { type: 'boolean', default: false },
    jobs: { type: 'string', default: String(availableParallelism()) },
    /** Time limit for one file, in seconds. */
    timeout: { type: 'string', default: '300' }
  }
})
const timeout = values.inspect ? 0 : Number(values.timeout)

/** The test files that the command line names. */
function chosen (sources) {
  const tests = sources.filter((file) => file.endsWith('.test.ts'))
  if (positionals.length === 0) return tests.filter((file) => !file.startsWith(join('test', 'browser')))
  return [...new Set(positionals.map((path) => relative(root, path)).flatMap((path) => {
    const found = tests.filter((file) => file === path || path === '' || file.startsWith(path + sep))
    if (found.length === 0) throw new Error(`no test at ${path}`)
    return found
  }))]
}

/** Runs one file; resolves when its process has ended. */
function runFile (file, stdio) {
  return new Promise((resolve) => {
    const started = performance.now()
    const child = spawn(process.execPath, ['--enable-source-maps', ...(values.inspect ? ['--inspect-brk'] : []), outputOf(file)], {
      cwd: root, stdio: ['ignore', stdio, stdio], env: { ...process.env, TAP_TIMEOUT: String(timeout) }
    })
    let output = ''
    child.stdout?.setEncoding('utf8').on('data', (text) => { output += text })
    child.stderr?.setEncoding('utf8').on('data', (text) => { output += text })
    // tap ends a slow test by itself; this ends a process that does not react
    const late = timeout === 0 ? undefined : setTimeout(() => child.kill('SIGKILL'), (timeout + 30) * 1000)
    child.on('close', (code, signal) => {
      clearTimeout(late)
      resolve({ file, output, code, signal, seconds: (performance.now() - started) / 1000 })
    })
  })
}

async function runAll (files) {
  const queue = [...files]
  const sum = { total: 0, pass: 0, fail: 0, skip: 0, todo: 0 }
  const failed = []

  function report ({ file, output, code, signal, seconds }) {
    const totals = totalsIn(output)
    // A file without assertions fails
    const passed = code === 0 && totals.total > 0 && totals.fail === 0
    console.log(`${passed ? 'ok' : 'not ok'} - ${file} # ${totals.total} in ${seconds.toFixed(1)} s`)
    for (const name of Object.keys(sum)) sum[name] += totals[name]
    if (passed) return
    failed.push(file)
    console.log(failuresIn(output) || output)
    if (signal || totals.total === 0) console.log(`${file} ended with ${signal ?? `code ${code}`} after ${totals.total} assertions`)
  }

  await Promise.all(Array.from({ length: Number(values.jobs) }, async () => {
    for (let file = queue.shift(); file; file = queue.shift()) report(await runFile(file, 'pipe'))
  }))
  console.log(`\n${files.length - failed.length} files passed, ${failed.length} failed`)
  for (const file of failed) console.log(`  ${file}`)
  console.log(`# { ${Object.entries(sum).filter(([, count]) => count > 0).map((entry) => entry.join(': ')).join(', ')} }`)
  return failed.length === 0
}

async function runOnce () {
  buildPackage({ onlyClient: true })
  const files = chosen(await compileTests())
  if (files.some((file) => READ_PACKAGE.some((folder) => file.startsWith(folder)))) buildPackage()
  return files.length === 1 ? (await runFile(files[0], 'inherit')).code === 0 : await runAll(files)
}

/** A database that tests have started is kept for later tests of this run, and stopped at its end. */
async function stopDatabase () {
  if (!existsSync(join(root, '.latchkey-test/postgres/postmaster.pid'))) return
  await new Promise((resolve) => spawn(process.execPath, [outputOf('test/setup/stop-database.ts')], { stdio: 'inherit' }).on('close', resolve))
}

function watchSources () {
  let waiting
  let running = Promise.resolve()
  const again = () => { running = running.then(runOnce).catch((error) => console.error(error)) }
  for (const folder of FOLDERS) {
    watch(join(root, folder), { recursive: true }, () => {
      clearTimeout(waiting)
      waiting = setTimeout(again, 100)
    })
  }
  again()
}

if (values.watch) watchSources()
else {
  process.exitCode = await runOnce() ? 0 : 1
  await stopDatabase()
}

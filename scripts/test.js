// Runs test files, several in one process, and prints the failures and the number of assertions.
// npm test -- [--watch] [--inspect] [--jobs=2] [--timeout=300] [file or folder …]
// Without arguments it runs all files except browser tests. For a single file it prints the whole output.
import { spawn } from 'node:child_process'
import { existsSync, statSync, watch } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildPackage, compileTests, FOLDERS, outputOf } from './compile-tests.js'
import { failuresIn } from './tap-output.js'
import { testDataDir } from './test-data-dir.js'
import { createSharedProcess, killTests, runAlone, runsAlone } from './test-runs.js'

/** Tests in these folders read dist/, so they need a build. */
const READ_PACKAGE = ['test/cli', 'test/host-app', 'test/package'].map((folder) => join(folder, sep))

const root = fileURLToPath(new URL('..', import.meta.url))
const dataDir = process.env.LATCHKEY_TEST_DIR ??= testDataDir(root)
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
/** The exit code of a run that a signal has ended: no further file is run. */
let endedWith
const timeout = values.inspect ? 0 : positive('timeout')

function positive (option) {
  const number = Number(values[option])
  if (!(number >= 1)) fail(`--${option} must be a number of at least 1`)
  return number
}

function fail (message) {
  console.error(message)
  process.exit(1)
}

/** The test files that the command line names. */
function chosen (sources) {
  const tests = sources.filter((file) => file.endsWith('.test.ts'))
  if (positionals.length === 0) return tests.filter((file) => !file.startsWith(join('test', 'browser')))
  return [...new Set(positionals.map((path) => relative(root, path)).flatMap((path) => {
    const found = tests.filter((file) => file === path || path === '' || file.startsWith(path + sep))
    if (found.length === 0) fail(`There is no test at ${path}`)
    return found
  }))]
}

/** A file without assertions fails. */
const hasPassed = ({ code, totals }) => code === 0 && totals.total > 0 && totals.fail === 0

/** Files that measure or are in folders that have slow ones come first, and then the largest, so that no job works alone at the end. */
function inOrder (files) {
  const folders = ['test/fuzz', join('test', 'unit', 'database', sep), ...READ_PACKAGE]
  const isSlow = (file) => runsAlone(file) || folders.some((folder) => file.startsWith(folder))
  const weights = new Map(files.map((file) => [file, statSync(join(root, file)).size + (isSlow(file) ? 1e9 : 0)]))
  return [...files].sort((a, b) => weights.get(b) - weights.get(a))
}

async function runAll (files) {
  const queue = inOrder(files)
  const problems = []
  let passed = 0
  const sum = { total: 0, pass: 0, fail: 0, skip: 0, todo: 0 }
  const failed = []

  function report (result) {
    const { file, output, code, signal, seconds, totals } = result
    const isGood = hasPassed(result)
    console.log(`${isGood ? 'ok' : 'not ok'} - ${file} # ${totals.total} in ${seconds.toFixed(1)} s`)
    for (const name of Object.keys(sum)) sum[name] += totals[name]
    if (isGood) return passed++
    failed.push(file)
    console.log(failuresIn(output) || output)
    if (signal || totals.total === 0) console.log(`${file} ended with ${signal ?? `code ${code}`} after ${totals.total} assertions`)
  }

  await Promise.all(Array.from({ length: positive('jobs') }, async () => {
    const shared = createSharedProcess({ timeout })
    for (let file = queue.shift(); file && endedWith === undefined; file = queue.shift()) {
      report(await (runsAlone(file) ? runAlone(file, { timeout }) : shared.run(file)))
    }
    problems.push(...await shared.close())
  }))
  for (const problem of problems) console.log(`not ok - ${problem}`)
  console.log(`\n${passed} files passed, ${failed.length} failed`)
  for (const file of failed) console.log(`  ${file}`)
  console.log(`# { ${Object.entries(sum).filter(([, count]) => count > 0).map((entry) => entry.join(': ')).join(', ')} }`)
  return passed === files.length && problems.length === 0
}

async function runOnce () {
  buildPackage({ onlyClient: true })
  const files = chosen(await compileTests())
  if (files.some((file) => READ_PACKAGE.some((folder) => file.startsWith(folder)))) buildPackage()
  if (files.length > 1) {
    if (values.inspect) fail('--inspect takes one file')
    return await runAll(files)
  }
  const result = await runAlone(files[0], { timeout, inspect: values.inspect, echo: true })
  if (result.code === 0 && result.totals.total === 0) console.error(`${files[0]} asserts nothing`)
  return hasPassed(result)
}

/** A database that tests have started is kept for later tests of this run, and stopped at its end. */
async function stopDatabase () {
  if (!existsSync(join(dataDir, 'postgres/postmaster.pid'))) return
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

for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]]) {
  process.once(signal, async () => {
    endedWith = code
    killTests()
    if (!values.watch) return
    await stopDatabase()
    process.exit(code)
  })
}

if (values.watch) {
  watchSources()
} else {
  const isGood = await runOnce()
  await stopDatabase()
  process.exitCode = endedWith ?? (isGood ? 0 : 1)
}

// npm run bench:breached -- [passwords]: makes a list of random hashes, as Have I Been Pwned has them (--unsorted: in no order), imports it
// with the command, and measures time, memory, size, look-ups, and how many passwords that are not in the list are taken for breached ones.
import { spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { isBreached, readBreachedList } from '../dist/src/passwords/breached-list.js'

const TIMED = 10_000
const OTHERS = 200_000
const AT_ONCE = 100
const SORT_AT_ONCE = 100_000
const count = Number(process.argv.slice(2).find((text) => /^\d+$/.test(text)) ?? 1_000_000)
const unsorted = process.argv.includes('--unsorted')
const folder = mkdtempSync(join(tmpdir(), 'latchkey-breached-'))
const [source, target] = [join(folder, 'source.txt'), join(folder, 'breached')]

/** The SHA-1 of `breached <number>`, where the list is not sorted; otherwise random hashes in the order of their first 6 digits. */
async function writeSource () {
  const out = createWriteStream(source)
  for (let done = 0; done < count; done += SORT_AT_ONCE) {
    const size = Math.min(SORT_AT_ONCE, count - done)
    const lines = Array.from({ length: size }, (_, index) => hash('sha1', `breached ${done + index}`).toUpperCase())
    if (!unsorted) {
      // Each batch is a range of its own, so that the whole is in order
      const range = (line) => Math.floor((parseInt(line.slice(0, 8), 16) / 2 ** 32 + done / size) / (count / size) * 2 ** 32)
      lines.forEach((line, index) => { lines[index] = range(line).toString(16).toUpperCase().padStart(8, '0') + line.slice(8) })
      lines.sort()
    }
    if (!out.write(lines.map((line, index) => `${line}:${index + 1}\r\n`).join(''))) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
}

/** Runs the command; seconds, and megabytes at most. */
async function importSource () {
  const began = performance.now()
  const child = spawn(process.execPath, [join(import.meta.dirname, '../dist/src/cli/main.js'), 'passwords', 'import', source, '--output', target], {
    cwd: folder, stdio: ['ignore', 'inherit', 'inherit']
  })
  let most = 0
  const timer = setInterval(() => {
    const [, kilobytes = 0] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? []
    most = Math.max(most, Number(kilobytes))
  }, 100)
  const [code] = await once(child, 'exit')
  clearInterval(timer)
  if (code !== 0) throw new Error('the import failed')
  return { seconds: (performance.now() - began) / 1000, megabytes: most * 1024 / 1e6 }
}

async function lookUps () {
  const times = []
  for (let index = 0; index < TIMED; index++) {
    const began = performance.now()
    await isBreached(target, `not in the list ${index}`)
    times.push(performance.now() - began)
  }
  times.sort((a, b) => a - b)
  let found = 0
  for (let done = 0; done < OTHERS; done += AT_ONCE) {
    const others = Array.from({ length: AT_ONCE }, (_, index) => isBreached(target, `another ${done + index}`))
    found += (await Promise.all(others)).filter(Boolean).length
  }
  return { found, p50: times[TIMED / 2], p99: times[TIMED * 0.99] }
}

try {
  await writeSource()
  const { seconds, megabytes } = await importSource()
  const { size } = statSync(target)
  const { found, p50, p99 } = await lookUps()
  const { partPages } = await readBreachedList(target)
  console.log(`- Node ${process.version}, ${cpus()[0].model}`)
  console.log(`- ${count} passwords${unsorted ? ', in no order' : ''}, ${(statSync(source).size / 1e6).toFixed(0)} MB: imported in ${seconds.toFixed(1)} s with at most ${megabytes.toFixed(0)} MB of memory`)
  console.log(`- list of ${(size / 1e6).toFixed(1)} MB, ${(size * 8 / count).toFixed(1)} bits for each password, ${partPages * 256} pages`)
  console.log(`- look-up p50 ${p50.toFixed(3)} ms, p99 ${p99.toFixed(3)} ms`)
  console.log(`- ${found} of ${OTHERS} other passwords were taken for breached ones`)
} finally {
  rmSync(folder, { recursive: true })
}

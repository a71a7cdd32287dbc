// Reads the table of security rules in docs/security.md and fails when a rule has no test, or names a file or a test that does not exist.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('..', import.meta.url)
const TABLE = 'docs/security.md'
/** Rules under this heading have a reason instead of a test. */
const NOT_SERVED = 'Not served'

/** The rows of all tables with the heading above them; lines count from 1. */
function rowsOf (text) {
  let heading = ''
  return text.split('\n').flatMap((line, index, lines) => {
    if (/^#+ /.test(line)) heading = line.replace(/^#+ /, '')
    const isRow = line.startsWith('|') && !/^\|[-| ]+$/.test(line) && !/^\|[-| ]+$/.test(lines[index + 1] ?? '')
    return isRow ? [{ heading, number: index + 1, cells: line.slice(1, -1).split('|').map((cell) => cell.trim()) }] : []
  })
}

/** `` `file`: title `` for each test of a cell. */
function testsIn (cell) {
  return cell.split('<br>').map((test) => /^`([^`]+)`: (.+)$/.exec(test.trim())?.slice(1) ?? null)
}

const titles = new Map()

/** Patterns for the titles of a test file. A title from a table is a string elsewhere in the file. */
function titlesOf (file) {
  if (!titles.has(file)) {
    const source = readFileSync(new URL(file, root), 'utf8')
    const literal = [...source.matchAll(/\bt\.test\((['"`])((?:\\.|(?!\1)[^\\])*)\1/g)].map(([, , title]) => patternOf(title))
    const fromTable = /\bt\.test\([a-z]\w*,/.test(source) ? [...source.matchAll(/\[(['"])((?:\\.|(?!\1)[^\\])*)\1,/g)].map(([, , title]) => patternOf(title)) : []
    titles.set(file, [...literal, ...fromTable])
  }
  return titles.get(file)
}

/** `${…}` in a title stands for any text. */
function patternOf (title) {
  const parts = title.split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/).map((part) => part.replace(/\\(['"`\\])/g, '$1').replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.+')}$`)
}

function problemsOf ({ heading, cells }) {
  if (cells.length !== (heading === NOT_SERVED ? 2 : 3) || cells.includes('')) return ['a cell is empty or missing']
  if (heading === NOT_SERVED) return []
  return testsIn(cells[2]).flatMap((test) => {
    if (!test) return ['the test is not written as `file`: title']
    const [file, title] = test
    if (!existsSync(new URL(file, root))) return [`there is no file ${file}`]
    return titlesOf(file).some((pattern) => pattern.test(title)) ? [] : [`${file} has no test "${title}"`]
  })
}

const rows = rowsOf(readFileSync(new URL(TABLE, root), 'utf8'))
const problems = rows.flatMap((row) => problemsOf(row).map((problem) => `${TABLE}:${row.number}: ${problem} (${row.cells[0]})`))
const tested = rows.filter(({ heading }) => heading !== NOT_SERVED)
if (tested.length === 0) problems.push(`${fileURLToPath(new URL(TABLE, root))}: there is no rule`)
if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exit(1)
}
const count = new Set(tested.flatMap(({ cells }) => cells[2].split('<br>').map((test) => test.trim()))).size
console.log(`${tested.length} rules, kept by ${count} tests; ${rows.length - tested.length} are not served`)

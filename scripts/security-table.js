// Reads the table of security rules in docs/security.md. Fails when a rule has no test, or names a file or test that does not exist.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('..', import.meta.url)
const TABLE = 'docs/security.md'
/** Rules under this heading give a reason instead of a test. */
const NOT_SERVED = 'Not served'

/** The rows of all tables, each with its heading and its line number, counted from 1. */
function rowsOf (text) {
  let heading = ''
  return text.split('\n').flatMap((line, index, lines) => {
    if (/^#+ /.test(line)) heading = line.replace(/^#+ /, '')
    const isRow = line.startsWith('|') && !/^\|[-| ]+$/.test(line) && !/^\|[-| ]+$/.test(lines[index + 1] ?? '')
    return isRow ? [{ heading, number: index + 1, cells: line.slice(1, -1).split('|').map((cell) => cell.trim()) }] : []
  })
}

/** The tests in a cell, written as `` `file`: title ``. */
function testsIn (cell) {
  return cell.split('<br>').map((test) => /^`([^`]+)`: (.+)$/.exec(test.trim())?.slice(1) ?? null)
}

const sources = new Map()

function sourceOf (file) {
  if (!sources.has(file)) sources.set(file, readFileSync(new URL(file, root), 'utf8'))
  return sources.get(file)
}

/**
 * Whether a file has a `t.test(…)` with the title. The text of `${…}` in it, or a whole title in a list, must be a string of the same file.
 */
function hasTest (file, title) {
  const source = sourceOf(file)
  const isString = (text) => ["'", '"', '`'].some((quote) => source.includes(`${quote}${text.replaceAll(quote, `\\${quote}`)}${quote}`))
  if (/\bt\.test\([a-z]\w*, /.test(source) && isString(title)) return true
  return [...source.matchAll(/\bt\.test\((['"`])((?:\\.|(?!\1)[^\\])*)\1/g)].some(([, quote, literal]) => {
    const found = patternOf(literal, quote === '`').exec(title)
    return found !== null && found.slice(1).every((part) => isString(part.replace(/^"(.*)"$/, '$1')))
  })
}

function patternOf (literal, isTemplate) {
  const parts = isTemplate ? literal.split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/) : [literal]
  return new RegExp(`^${parts.map((part) => part.replace(/\\(['"`\\])/g, '$1').replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('(.+)')}$`)
}

function problemsOf ({ heading, cells }) {
  if (cells.length !== (heading === NOT_SERVED ? 2 : 3) || cells.includes('')) return ['a cell is empty or missing']
  if (heading === NOT_SERVED) return []
  return testsIn(cells[2]).flatMap((test) => {
    if (!test) return ['the test is not written as `file`: title']
    const [file, title] = test
    if (!existsSync(new URL(file, root))) return [`there is no file ${file}`]
    return hasTest(file, title) ? [] : [`${file} has no test "${title}"`]
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

import t from 'tap'
import { createLog } from '../../src/cli/log.ts'
import { failureLines } from '../../src/cli/failure.ts'
import { table } from '../../src/cli/result.ts'
import { printable, printableJson } from '../../src/cli/terminal.ts'

const BAD = [
  '\u001b[2K\u001b[1A\u001b[32mroot\u001b[0m', 'Ada\nforged  line', 'Ada\rroot', 'a\u009b31m', 'Adam\b\b\b\b', 'a\u007f',
  'a\u0085b', 'a\u2028b', 'a\u202eb', 'a\u{e0061}b', 'a\0b', 'a\u2066b'
]
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/u

t.test('text for a terminal contains nothing that moves its cursor or begins a line', async (t) => {
  for (const text of BAD) {
    const [, row = ''] = table(['NAME', 'STATE'], [[text, 'active']])
    for (const line of [printable(text), row, ...failureLines(new Error(text))]) t.notOk(UNSAFE.test(line), printable(text))
    createLog((line) => t.notOk(UNSAFE.test(line))).warn({ err: new Error(text) }, text)
  }
  t.equal(printable('a\u001bb'), 'a\\u{1b}b')
  t.equal(printable('می\u200cخواهم 👩‍🚀'), 'می\u200cخواهم 👩‍🚀', 'what only joins stays')
})

t.test('JSON for a terminal parses to the same value', async (t) => {
  for (const text of [...BAD, 'a\ud800', 'می\u200cخواهم 👩‍🚀']) {
    const json = printableJson({ [text]: [text] })
    t.notMatch(json.replaceAll('\n', ''), UNSAFE)
    t.strictSame(JSON.parse(json), { [text]: [text] })
  }
})

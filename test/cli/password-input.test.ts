import { PassThrough } from 'node:stream'
import t from 'tap'
import { readPassword } from '../../src/cli/password-input.ts'

/** A terminal where somebody types each answer when a question stands there. */
function terminal (answers: string[], isTTY = true) {
  const stdin = Object.assign(new PassThrough(), { isTTY })
  const stderr = new PassThrough()
  const shown: string[] = []
  stderr.on('data', (chunk: Buffer) => {
    shown.push(chunk.toString())
    if (chunk.toString().endsWith(': ')) setImmediate(() => stdin.write(answers.shift() ?? ''))
  })
  return { stdin, stderr, shown }
}

t.test('a password on the command line is used unchanged', async (t) => {
  t.equal(await readPassword({ password: ' as it is ' }), ' as it is ')
})

for (const [given, read] of [
  ['secret\n', 'secret'],
  ['secret\r\n', 'secret'],
  ['secret', 'secret'],
  [' two lines\nof it\n', ' two lines\nof it']
] as const) {
  t.test(`a password is read from standard input: ${JSON.stringify(given)}`, async (t) => {
    const { stdin, stderr } = terminal([], false)
    stdin.end(given)
    t.equal(await readPassword({ passwordStdin: true }, { stdin, stderr }), read)
  })
}

t.test('at a terminal the password is asked for twice, and not shown', async (t) => {
  const { shown, ...streams } = terminal(['open sesame\r', 'open sesame\r'])
  t.equal(await readPassword({}, streams), 'open sesame')
  t.equal(shown.join(''), 'Password: \nAgain: \n')
})

t.test('two different inputs are refused', async (t) => {
  await t.rejects(readPassword({}, terminal(['open sesame\r', 'open barley\r'])), { message: 'the two passwords differ' })
})

for (const [key, typed] of [['Ctrl-C', '\x03'], ['Ctrl-D', '\x04']] as const) {
  t.test(`${key} cancels the input`, async (t) => {
    await t.rejects(readPassword({}, terminal([typed])), { message: 'interrupted' })
  })
}

t.test('without a terminal and without input the error says what to do', async (t) => {
  await t.rejects(readPassword({}, terminal([], false)), {
    message: 'the password is missing; give --password-stdin or --password <password>'
  })
})

t.test('a password given in two ways is an error', async (t) => {
  await t.rejects(readPassword({ password: 'x', passwordStdin: true }), { message: /choose one$/ })
})

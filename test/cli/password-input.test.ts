import { PassThrough } from 'node:stream'
import t from 'tap'
import { readPassword } from '../../src/cli/password-input.ts'

function terminal (isTTY: boolean) {
  const stdin = Object.assign(new PassThrough(), { isTTY })
  const stderr = new PassThrough()
  let shown = ''
  stderr.on('data', (chunk: Buffer) => { shown += chunk.toString() })
  return { stdin, stderr, shown: () => shown }
}

t.test('of the command line', async (t) => {
  t.equal(await readPassword({ password: ' as it is ' }), ' as it is ')
})

for (const [given, read] of [['secret\n', 'secret'], ['secret\r\n', 'secret'], ['secret', 'secret'], [' two lines\nof it\n', ' two lines\nof it']] as const) {
  t.test(`of standard input: ${JSON.stringify(given)}`, async (t) => {
    const { stdin, stderr } = terminal(false)
    stdin.end(given)
    t.equal(await readPassword({ passwordStdin: true }, { stdin, stderr }), read)
  })
}

t.test('asks twice where somebody can answer, and shows nothing of it', async (t) => {
  const { stdin, stderr, shown } = terminal(true)
  const password = readPassword({}, { stdin, stderr })
  for (const line of ['open sesame\r', 'open sesame\r']) setTimeout(() => stdin.write(line), 20 * (1 + shown().length))
  await new Promise((resolve) => setTimeout(resolve, 50))
  stdin.write('open sesame\r')
  t.equal(await password, 'open sesame')
  t.equal(shown(), 'Password: \nAgain: \n')
})

t.test('nobody to ask is an error that says what to do', async (t) => {
  await t.rejects(readPassword({}, terminal(false)), { message: 'the password is missing; give --password-stdin or --password <password>' })
})

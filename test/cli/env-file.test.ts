import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import t from 'tap'
import { checkWritable, setVariables, writeVariables } from '../../src/cli/env-file.ts'

const CASES: [rule: string, before: string, after: string][] = [
  ['an empty file gets the line', '', 'A_ID=new\n'],
  ['a line is added at the end', 'X=1\n', 'X=1\nA_ID=new\n'],
  ['a last line without an end gets one', 'X=1', 'X=1\nA_ID=new\n'],
  ['Windows line ends stay and are used', '# mine\r\nX=1\r\n', '# mine\r\nX=1\r\nA_ID=new\r\n'],
  ['a line of that name is replaced in its place', 'X=1\nA_ID=old\nY=2\n', 'X=1\nA_ID=new\nY=2\n'],
  ['a Windows line is replaced with its end', 'A_ID=old\r\nY=2\r\n', 'A_ID=new\r\nY=2\r\n'],
  ['an empty value is replaced', 'A_ID=\nY=2', 'A_ID=new\nY=2'],
  ['a comment behind the value stays', 'A_ID=old # from install\n', 'A_ID=new # from install\n'],
  ['export stays', '  export A_ID = "old"\n', '  export A_ID=new\n'],
  ['each of two lines is replaced', 'A_ID=one\nA_ID=two\n', 'A_ID=new\nA_ID=new\n'],
  ['a comment that looks like it is none', '#A_ID=old\n', '#A_ID=old\nA_ID=new\n'],
  ['a longer name is another one', 'A_ID_2=old\nMY_A_ID=1\n', 'A_ID_2=old\nMY_A_ID=1\nA_ID=new\n'],
  ['a line within a quoted value is none', 'X="one\nA_ID=old\n"\n', 'X="one\nA_ID=old\n"\nA_ID=new\n'],
  ['a quoted value of several lines is replaced whole', 'A_ID="one\ntwo"\nY=2\n', 'A_ID=new\nY=2\n'],
  ['the first line is replaced behind a byte order mark', '\uFEFFA_ID=old\nY=2\n', '\uFEFFA_ID=new\nY=2\n'],
  ['an open quote ends with its line', 'X=it\'s\nA_ID=old\n', 'X=it\'s\nA_ID=new\n']
]

for (const [rule, before, after] of CASES) {
  t.test(rule, async (t) => {
    const written = setVariables(before, { A_ID: 'new' })
    t.equal(written, after)
    t.equal(parseEnv(written.replace('\uFEFF', ''))['A_ID'], 'new')
    t.equal(setVariables(written, { A_ID: 'new' }), written, 'again changes nothing')
  })
}

t.test('a new file is readable by its owner only, and no draft is left', async (t) => {
  const directory = t.testdir({})
  await writeVariables(join(directory, '.env'), { A: '1', B: '2' })
  t.equal(readFileSync(join(directory, '.env'), 'utf8'), 'A=1\nB=2\n')
  t.equal(statSync(join(directory, '.env')).mode & 0o777, 0o600)
  t.same(readdirSync(directory), ['.env'])
})

t.test('the other lines keep their bytes', async (t) => {
  const path = join(t.testdir({}), '.env')
  const before = Buffer.from('\uFEFF# Grüße 👋\r\nX=1\r\n')
  writeFileSync(path, before)
  await writeVariables(path, { A: '1' })
  t.same(readFileSync(path), Buffer.concat([before, Buffer.from('A=1\r\n')]))
})

t.test('a file that is not UTF-8 is refused and not changed', async (t) => {
  const directory = t.testdir({})
  const path = join(directory, '.env')
  const before = Buffer.from('X=1\n', 'utf16le')
  writeFileSync(path, before)
  await t.rejects(writeVariables(path, { A: '1' }), { name: 'ConfigError', message: /not UTF-8/ })
  await t.rejects(checkWritable(path), { name: 'ConfigError', message: /not UTF-8/ })
  t.same(readFileSync(path), before)
  t.same(readdirSync(directory), ['.env'])
})

/** Mode before, mode after. */
const MODES: [string, number, number][] = [
  ['everybody could read', 0o644, 0o600],
  ['everybody could write', 0o666, 0o600],
  ['everybody could read, and a group write', 0o664, 0o600],
  ['only its owner could read', 0o600, 0o600],
  ['the operator opened to a group alone', 0o640, 0o640],
  ['nobody could write', 0o400, 0o400]
]

for (const [which, before, after] of MODES) {
  t.test(`a file with secrets is closed to others: one that ${which} gets the mode ${after.toString(8)}`, async (t) => {
    const path = join(t.testdir({ '.env': 'X=1\n' }), '.env')
    chmodSync(path, before)
    await writeVariables(path, { A: '1' })
    t.equal((statSync(path).mode & 0o777).toString(8), after.toString(8))
  })
}

t.test('a symbolic link stays one', async (t) => {
  const directory = t.testdir({ real: 'X=1\n' })
  symlinkSync('real', join(directory, '.env'))
  await writeVariables(join(directory, '.env'), { A: '1' })
  t.ok(lstatSync(join(directory, '.env')).isSymbolicLink())
  t.equal(readFileSync(join(directory, 'real'), 'utf8'), 'X=1\nA=1\n')
})

t.test('a missing folder is an error, and leaves no draft', async (t) => {
  const directory = t.testdir({})
  await t.rejects(writeVariables(join(directory, 'gone', '.env'), { A: '1' }), { message: /gone\/\.env cannot be written \(ENOENT/ })
  await t.rejects(checkWritable(join(directory, 'gone', '.env')), { message: /gone\/\.env cannot be written \(ENOENT/ })
  t.same(readdirSync(directory), [])
})

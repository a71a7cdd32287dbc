import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { importPasswords } from '../../src/cli/passwords.ts'
import { createUser } from '../../src/cli/user.ts'
import { setPassword } from '../../src/cli/user-account.ts'
import { resolveConfig } from '../../src/config/config.ts'
import { checkPasswords } from '../../src/maintenance/doctor/passwords.ts'
import { firstPage, isBreached } from '../../src/passwords/breached-list.ts'
import { readyAttributes } from '../../src/schemas/identifiers.ts'
import { contextFor, run, start } from './helper.ts'

const sha1 = (text: string) => createHash('sha1').update(text).digest('hex').toUpperCase()
const LEAKED = 'hunter2 hunter2'
const GOOD = 'correct horse battery staple'

t.test('import makes the list that BREACHED_PASSWORDS names, and no command sets a password of it', async (t) => {
  const folder = t.testdir({ 'pwned.txt': `${sha1(LEAKED)}:17\r\n${sha1('another one')}:1\r\n` })
  const path = join(folder, 'breached')
  const context = await contextFor(t, { BREACHED_PASSWORDS: path }, folder)
  t.match(await importPasswords(context, join(folder, 'pwned.txt'), {}), {
    json: { path, passwords: 2, bytes: 257 * 4096 },
    lines: [`2 passwords are in ${path} (1.1 MB).`, 'Running servers use it from now on.']
  })
  const message = 'The given password has appeared in a data leak. Please choose a different password'
  await t.rejects(createUser(context, { email: 'ada@example.com', password: LEAKED }), { message })
  await createUser(context, { email: 'ada@example.com', password: GOOD })
  await t.rejects(setPassword(context, 'ada@example.com', { password: 'another one' }), { message })
})

t.test('the place can be given, and standard input read', async (t) => {
  const folder = t.testdir({ 'plain.txt': `${LEAKED}\n` })
  const context = await contextFor(t, {}, folder)
  await t.rejects(importPasswords(context, 'x', {}), { message: /^say where the list is to be kept: set BREACHED_PASSWORDS/ })
  const output = join(folder, 'list')
  const { lines } = await importPasswords(context, join(folder, 'plain.txt'), { plain: true, output })
  t.match(lines[1], `Set BREACHED_PASSWORDS=${output} and restart the server to use it.`)
  t.ok(await isBreached(output, LEAKED))
  await t.rejects(importPasswords(context, join(folder, 'nothing'), { output }), { code: 'ENOENT' })
  mkdirSync(join(folder, 'ranges'))
  await t.rejects(importPasswords(context, join(folder, 'ranges'), { output }), { message: /is a directory; give one file/ })

  const piped = await run(['passwords', 'import', '-', '--output', 'piped', '--json'], { cwd: folder, input: `${sha1('from a pipe')}\n` })
  t.match(piped, { code: 0, stderr: '' })
  t.match(JSON.parse(piped.stdout), { passwords: 1, path: join(folder, 'piped') })
  t.ok(await isBreached(join(folder, 'piped'), 'from a pipe'))
  const wrong = await run(['passwords', 'import', 'plain.txt', '--output', 'piped'], { cwd: folder })
  t.match(wrong, { code: 1, stdout: '', stderr: 'error: Line 1 is not a SHA-1 hash in hexadecimal. For a list of passwords, add --plain\n' })
})

t.test('a killed import leaves the old list whole', async (t) => {
  const folder = t.testdir({ first: sha1(LEAKED) })
  const output = join(folder, 'list')
  await importPasswords(await contextFor(t, {}, folder), join(folder, 'first'), { output })
  const before = readFileSync(output)
  const child = start(['passwords', 'import', '-', '--output', output], { cwd: folder })
  child.stdin!.on('error', () => {})
  child.stdin!.write(`${sha1('x')}\n`.repeat(100_000))
  // The file of keys has been made, and deleted
  while (!child.killed) {
    await new Promise((resolve) => setTimeout(resolve, 300))
    if (child.stdin!.writableLength === 0) child.kill('SIGKILL')
  }
  await once(child, 'exit')
  t.same(readFileSync(output), before)
  t.same(readdirSync(folder).sort(), ['first', 'list'])
})

t.test('a missing or damaged list stops the start, before a database is made', async (t) => {
  const folder = t.testdir({})
  const path = join(folder, 'breached')
  const serve = async () => await run(['serve'], { cwd: folder, env: { BREACHED_PASSWORDS: path, PORT: '0' } })
  t.match(await serve(), { code: 1, stderr: new RegExp(`BREACHED_PASSWORDS cannot be used: ${path} does not exist; make it with`) })
  writeFileSync(path, 'something else')
  t.match(await serve(), { code: 1, stderr: /BREACHED_PASSWORDS cannot be used: .*breached is not a list that `latchkey passwords import` has made/ })
  t.notOk(existsSync(join(folder, '.latchkey')))
})

t.test('doctor tells of the list: how long it is and how old, or what is wrong with it', async (t) => {
  const folder = t.testdir({ plain: LEAKED })
  const breached = join(folder, 'list')
  const checks = async () => await checkPasswords(resolveConfig({ login: { attributes: readyAttributes }, passwords: { breached } }))
  t.match(await checks(), [{ status: 'fail', name: 'breached-passwords', message: /list does not exist/ }])
  await importPasswords(await contextFor(t, {}, folder), join(folder, 'plain'), { plain: true, output: breached })
  t.match(await checks(), [{ status: 'ok', message: /^1 passwords, imported on \d{4}-\d\d-\d\d$/ }])
  const page = firstPage({ count: 5, partPages: 1, importedAt: new Date('2020-01-01') })
  writeFileSync(breached, Buffer.concat([page, readFileSync(breached).subarray(page.length)]))
  t.match(await checks(), [{ status: 'warn', message: /^5 passwords, imported on 2020-01-01: newer leaks/ }])
  t.same(await checkPasswords(resolveConfig({ login: { attributes: readyAttributes } })), [])
})

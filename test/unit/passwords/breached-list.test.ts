import { hash } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { isBreached, readBreachedList } from '../../../src/passwords/breached-list.ts'
import { importBreached } from '../../../src/passwords/import-breached.ts'

const sha1 = (text: string) => hash('sha1', text).toUpperCase()
const PAGE = 4096

async function * chunks (text: string | Buffer, size = 1 << 20): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text)
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}

async function listOf (t: Test, passwords: string[]): Promise<string> {
  const path = join(t.testdir({}), 'breached')
  await importBreached(chunks(passwords.map((password) => `${sha1(password)}:7\r\n`).join('')), path)
  return path
}

t.test('every password of the list is found, and of 20,000 others about 1 in 15,000 or fewer', async (t) => {
  const passwords = Array.from({ length: 50_000 }, (_, index) => `breached ${index}`)
  const path = await listOf(t, passwords)
  const list = await readBreachedList(path)
  t.match(list, { count: 50_000, partPages: 1 })
  t.equal(statSync(path).size, (1 + 256) * PAGE)
  t.equal(readFileSync(path, 'latin1').split('\n')[0], 'latchkey breached passwords 1')
  for (let index = 0; index < 50_000; index += 50) t.ok(await isBreached(path, passwords[index]!) || t.fail(passwords[index]!))
  // Full pages: 1,637 keys each, as in a long list
  const full = join(t.testdir({}), 'full')
  await importBreached(chunks(Array.from({ length: 419_000 }, (_, index) => `${sha1(`full ${index}`)}\n`).join('')), full)
  t.equal((await readBreachedList(full)).partPages, 1)
  let found = 0
  for (let index = 0; index < 20_000; index += 500) {
    const others = Array.from({ length: 500 }, (_, other) => isBreached(full, `other ${index + other}`))
    found += (await Promise.all(others)).filter(Boolean).length
  }
  t.ok(found <= 10, `${found} of 20,000`)
})

t.test('lines in any order and spelling, in chunks that split them', async (t) => {
  const directory = t.testdir({})
  const lines = [`${sha1('one').toLowerCase()}`, `${sha1('two')}:12`, '', `${sha1('three')}:1\r`, sha1('four')]
  for (const size of [1, 7, 41, 64, 4096]) {
    const path = join(directory, `list-${size}`)
    t.match(await importBreached(chunks(`\ufeff${lines.join('\n')}`, size < 7 ? 64 : size), path), { count: 4 })
    for (const password of ['one', 'two', 'three', 'four']) t.ok(await isBreached(path, password), `${size}: ${password}`)
    t.notOk(await isBreached(path, 'five'))
  }
})

t.test('plain passwords are read as people type them; what nobody can set is left out', async (t) => {
  const path = join(t.testdir({}), 'list')
  const text = `open sesame\r\n\nE\u0301tude 1\n  two spaces \n${'x'.repeat(30_000)}\n${'x'.repeat(1001)}\nlast`
  t.match(await importBreached(chunks(text, 100), path, { plain: true }), { count: 4 })
  for (const password of ['open sesame', 'Étude 1', '  two spaces ', 'last']) t.ok(await isBreached(path, password), password)
  t.notOk(await isBreached(path, 'Open sesame'), 'the case counts')
})

t.test('what is no list of hashes is refused with its line, without saying what stands there, and the old list stays', async (t) => {
  const path = await listOf(t, ['secret words'])
  const before = readFileSync(path)
  const table: [string | Buffer, RegExp][] = [
    ['', /^There is nothing in the list$/],
    ['\n\r\n', /^There is nothing/],
    [`${sha1('a')}\nhunter2 hunter2\n`, /^Line 2 is not a SHA-1 hash in hexadecimal\. For a list of passwords, add --plain$/],
    [`${sha1('a').slice(1)}\n`, /^Line 1 is not/],
    [`${sha1('a')}0\n`, /^Line 1 is not/],
    [`${sha1('a')} 5\n`, /^Line 1 is not/],
    ['0'.repeat(20_000), /^Line 1 is not/],
    [`${'A'.repeat(32)}:55\n`, /list of NTLM hashes; take the one of SHA-1/],
    [Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), /compressed file or UTF-16\. Unpack it first/],
    [Buffer.from(`\ufeff${sha1('a')}\n`, 'utf16le'), /compressed file or UTF-16/]
  ]
  for (const [text, message] of table) {
    const error = await importBreached(chunks(text), path).then(() => new Error('nothing'), (error: Error) => error)
    t.match(error.message, message)
    t.notMatch(error.message, 'hunter2')
  }
  t.same(readFileSync(path), before)
  t.same(readdirSync(join(path, '..')), ['breached'], 'nothing is left beside it')
})

t.test('a file that is not a whole list of ours is named with what is wrong', async (t) => {
  const path = await listOf(t, ['secret words'])
  const whole = readFileSync(path)
  const damaged = (change: (bytes: Buffer) => Buffer) => { writeFileSync(path, change(Buffer.from(whole))) }
  const table: [name: string, change: (bytes: Buffer) => Buffer, message: RegExp][] = [
    ['empty', () => Buffer.alloc(0), /is not a list that `latchkey passwords import` has made$/],
    ['the downloaded text', () => Buffer.from(`${sha1('a')}:1\r\n`.repeat(1000)), /is not a list/],
    ['another version', (bytes) => { bytes.write('latchkey breached passwords 2'); return bytes }, /another version of Latchkey \(format 2\); make it again/],
    ['a damaged first page', (bytes) => { bytes[40]! ^= 1; return bytes }, /is damaged; make it again/],
    ['cut off in the first page', (bytes) => bytes.subarray(0, 100), /is damaged/],
    ['cut off', (bytes) => bytes.subarray(0, -1), /is not complete; make it again/],
    ['something at the end', (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]), /is not complete/]
  ]
  for (const [name, change, message] of table) {
    damaged(change)
    await t.rejects(readBreachedList(path), { message }, name)
    await t.rejects(isBreached(path, 'secret words'), { message }, name)
  }
  damaged((bytes) => { bytes.fill(0xff, PAGE); return bytes })
  t.ok(await readBreachedList(path), 'a start reads the first page only')
  await t.rejects(isBreached(path, 'secret words'), { message: /is damaged in page \d+; make it again/ })

  const directory = join(path, '..')
  await t.rejects(readBreachedList(join(directory, 'nothing')), { message: /nothing does not exist; make it with `latchkey passwords import`/ })
  await t.rejects(readBreachedList(directory), { message: /is not a file$/ })
  symlinkSync('loop', join(directory, 'loop'))
  await t.rejects(readBreachedList(join(directory, 'loop')), { message: /cannot be read: ELOOP/ })
  damaged((bytes) => bytes)
  chmodSync(path, 0)
  if (process.getuid?.() !== 0) await t.rejects(readBreachedList(path), { message: /cannot be read: permission denied/ })
})

t.test('an import overwrites nothing but a list, and removes what a killed one has left', async (t) => {
  const path = await listOf(t, ['secret words'])
  const directory = join(path, '..')
  for (const [name, hours] of [['breached.00ff.partial', 2], ['breached.11ff.partial', 0], ['other.22ff.partial', 2]] as const) {
    writeFileSync(join(directory, name), '')
    const then = new Date(Date.now() - hours * 3_600_000)
    utimesSync(join(directory, name), then, then)
  }
  truncateSync(path, 5000)
  await importBreached(chunks(sha1('next')), path)
  t.ok(await isBreached(path, 'next'), 'a damaged list is replaced')
  t.same(readdirSync(directory).sort(), ['breached', 'breached.11ff.partial', 'other.22ff.partial'], 'the other two may be in use')

  const download = join(directory, 'pwnedpasswords.txt')
  writeFileSync(download, `${sha1('a')}:1\r\n`)
  await t.rejects(importBreached(chunks(sha1('b')), download), { message: /holds something else, and would be overwritten/ })
  t.equal(readFileSync(download, 'latin1'), `${sha1('a')}:1\r\n`)
  mkdirSync(join(directory, 'folder'))
  await t.rejects(importBreached(chunks(sha1('b')), join(directory, 'folder')), { message: /is not a file/ })
  await t.rejects(importBreached(chunks(sha1('b')), join(directory, 'missing', 'list')), { code: 'ENOENT' })
})

t.test('the progress is told, and a look-up while the list is replaced finds the old or the new one', async (t) => {
  const path = await listOf(t, ['always', 'old'])
  let running = true
  const looking = (async () => {
    let looked = 0
    for (; running; looked++) t.ok(await isBreached(path, 'always') || t.fail('not found'))
    return looked
  })()
  for (let round = 0; round < 5; round++) await importBreached(chunks(`${sha1('always')}\n${sha1(`new ${round}`)}\n`), path)
  running = false
  t.ok(await looking > 0)
  t.notOk(await isBreached(path, 'old'))
})

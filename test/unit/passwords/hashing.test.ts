import { availableParallelism } from 'node:os'
import argon2 from '@node-rs/argon2'
import t from 'tap'
import { createPasswords, Overloaded } from '../../../src/passwords/hashing.ts'

const CHEAP = { memoryCost: 64, timeCost: 1, maxQueue: 1000 }
const PASSWORD = 'correct horse battery staple'

t.test('a hash is argon2id with the configured cost, and has a random salt', async (t) => {
  const { hash, verify } = await createPasswords(CHEAP)
  const [one, two] = [await hash(PASSWORD), await hash(PASSWORD)]
  t.match(one, /^\$argon2id\$v=19\$m=64,t=1,p=1\$/)
  t.not(one, two)
  t.match(await verify(one, PASSWORD), { matches: true, outdated: false })
  for (const wrong of ['', 'Correct horse battery staple', `${PASSWORD} `, `${PASSWORD}\0`]) {
    t.equal((await verify(one, wrong)).matches, false, JSON.stringify(wrong))
  }
})

t.test('memory and time cost of a hash can be set', async (t) => {
  const { hash } = await createPasswords({ memoryCost: 19_456, timeCost: 2, maxQueue: 1 })
  t.match(await hash(PASSWORD), /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
})

t.test('hashes of other systems verify, and are outdated', async (t) => {
  const { verify } = await createPasswords(CHEAP)
  for (const version of ['$2a$', '$2b$', '$2y$']) {
    const stored = `${version}04$pQRFQkG26Qja72FSU7Ah2O3ajOHoio8MEh2KUiZb62pKyGxaD.tWe`
    t.match(await verify(stored, PASSWORD), { matches: true, outdated: true }, version)
    t.equal((await verify(stored, 'wrong')).matches, false)
  }
  const weak = await argon2.hash(PASSWORD, { algorithm: 2, memoryCost: 32, timeCost: 1, parallelism: 1 })
  t.match(await verify(weak, PASSWORD), { matches: true, outdated: true }, 'less memory')
  const argon2i = await argon2.hash(PASSWORD, { algorithm: 1, memoryCost: 64, timeCost: 1, parallelism: 1 })
  t.match(await verify(argon2i, PASSWORD), { matches: true, outdated: true }, 'argon2i')
  const stronger = await argon2.hash(PASSWORD, { algorithm: 2, memoryCost: 128, timeCost: 2, parallelism: 1 })
  t.match(await verify(stronger, PASSWORD), { matches: true, outdated: false }, 'stronger ones stay')
})

t.test('an unknown user and an unreadable hash match no password', async (t) => {
  const { verify } = await createPasswords(CHEAP)
  t.equal((await verify(null, 'a password that nobody has')).matches, false)
  const unreadable = [
    '', '!', '*', PASSWORD, '$2b$10$short', '$2b$99$' + 'a'.repeat(53), '$argon2id$', '$argon2id$v=19$m=64,t=1,p=1$a$b',
    '$1$salt$hash', 'pbkdf2_sha256$1$a$b'
  ]
  for (const stored of unreadable) t.equal((await verify(stored, PASSWORD)).matches, false, stored)
})

t.test('a password has at most 1000 bytes however its accents are typed, and is measured before normalization', async (t) => {
  const { hash, verify } = await createPasswords(CHEAP)
  const longest = 'é'.repeat(500)
  const stored = await hash(longest)
  t.equal((await verify(stored, longest.normalize('NFD'))).matches, true, 'NFD has 1500 bytes')
  for (const longer of [`${longest}x`, `${longest}${'x'.repeat(60_000)}`]) {
    t.equal((await verify(stored, longer)).matches, false)
    await t.rejects(hash(longer), RangeError)
  }
  const before = process.cpuUsage()
  t.equal((await verify(stored, `a${'\u0301'.repeat(16_000)}${'\u0327'.repeat(16_000)}`)).matches, false)
  t.ok(process.cpuUsage(before).user < 200_000, 'putting 32,000 marks in order takes more than a second')
})

t.test('the queue is bounded, reports its length, and works after it has refused', async (t) => {
  const { hash, waiting } = await createPasswords({ ...CHEAP, maxQueue: 2 })
  const width = availableParallelism()
  const running = Array.from({ length: width + 2 }, () => hash(PASSWORD))
  t.equal(waiting(), 2)
  await t.rejects(hash(PASSWORD), Overloaded)
  await t.rejects(hash(PASSWORD), { message: /try again/, retryAfter: 1 })
  t.equal((await Promise.all(running)).length, width + 2, 'what waits is done')
  t.equal(waiting(), 0)
  t.match(await hash(PASSWORD), /^\$argon2id/, 'and the place is free again')
})

t.test('a queue of length zero refuses only what cannot start at once', async (t) => {
  const { hash } = await createPasswords({ ...CHEAP, maxQueue: 0 })
  const running = Array.from({ length: availableParallelism() }, () => hash(PASSWORD))
  await t.rejects(hash(PASSWORD), Overloaded)
  await Promise.all(running)
  t.match(await hash(PASSWORD), /^\$argon2id/)
})

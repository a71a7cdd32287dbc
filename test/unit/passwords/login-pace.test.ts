import t from 'tap'
import { createLoginPace } from '../../../src/passwords/login-pace.ts'
import { createClock } from '../../../src/runtime/clock.ts'

const OWN = '$argon2id$v=19$m=64,t=1,p=1$*$*'
const BCRYPT = '$2y$10$*'
const WRAPPED = `$2b$10$*${OWN}`

function make (found: string[], costs: Record<string, number> = {}) {
  const measured: string[] = []
  const warnings: string[] = []
  const pace = createLoginPace({
    passwords: {
      scheme: async () => OWN,
      measure: async (scheme) => { measured.push(scheme); return costs[scheme] ?? 1 },
      wrap: async (hash) => hash
    },
    passwordHashes: {
      schemes: async () => found,
      replaceBcrypt: async (scheme) => { found.splice(found.indexOf(scheme), 1, WRAPPED); return 0 }
    },
    clock: createClock(),
    log: { info: () => {}, warn: (_details, message) => { warnings.push(message) } }
  })
  const rest = async (scheme: string, took: number) => {
    const begun = performance.now()
    await pace.rest({ scheme, took })
    return performance.now() - begun
  }
  return { pace, rest, measured, warnings }
}

t.test('with our own hashes only, nothing is measured and no login is delayed', async (t) => {
  const { pace, rest, measured } = make([OWN, 'pbkdf2_sha256$1$*', '!'])
  await rest(OWN, 0)
  t.same(measured, [])
  await pace.stop()
})

t.test('one slower foreign hash sets the time of every login, without the time in the queue', async (t) => {
  const { pace, rest, measured } = make([OWN, WRAPPED], { [WRAPPED]: 80, [OWN]: 10 })
  t.ok(await rest(OWN, 10) >= 80 * 1.25 - 10 - 2)
  t.ok(await rest(WRAPPED, 80) >= 80 * 1.25 - 80 - 2)
  t.ok(measured.includes(OWN) && measured.includes(WRAPPED))
  await pace.stop()
})

t.test('a login with a weaker hash takes as long as one with our own', async (t) => {
  const weak = '$argon2id$v=19$m=8,t=1,p=1$*$*'
  const { pace, rest } = make([OWN, weak], { [OWN]: 60, [weak]: 1 })
  t.ok(await rest(weak, 1) >= 60 * 1.25 - 1 - 2)
  await pace.stop()
})

t.test('an unknown kind of hash is measured before its login is answered, and bcrypt hashes are wrapped', async (t) => {
  const found = [OWN]
  const { pace, rest } = make(found, { [BCRYPT]: 50 })
  await rest(OWN, 0)
  found.push(BCRYPT)
  t.ok(await rest(BCRYPT, 0) >= 50)
  await pace.stop()
  t.same(found, [OWN, WRAPPED])
})

t.test('a login succeeds when the kinds of hashes cannot be read', async (t) => {
  const warnings: string[] = []
  const pace = createLoginPace({
    passwords: { scheme: async () => OWN, measure: async () => 1, wrap: async (hash) => hash },
    passwordHashes: { schemes: async () => { throw new Error('gone') }, replaceBcrypt: async () => 0 },
    clock: createClock(),
    log: { info: () => {}, warn: (_details, message) => { warnings.push(message) } }
  })
  await pace.rest({ scheme: OWN, took: 0 })
  t.match(warnings, [/could not be read/])
  await pace.stop()
})

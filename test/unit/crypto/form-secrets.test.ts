import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createFormSecrets, SAME_FORM } from '../../../src/crypto/form-secrets.ts'

const KEY = randomBytes(32).toString('base64')
const form = randomBytes(32)

t.test('a form has the same secret when it is sent again, and another one an hour later', async (t) => {
  let now = 1_000_000 * SAME_FORM * 1000
  const secrets = createFormSecrets([KEY], 'test', () => now)
  const hex = () => secrets(form, 'ada', 1).map((secret) => secret.toString('hex'))
  const [made, ...before] = hex()
  now += 1000
  t.equal(hex()[0], made)
  now += SAME_FORM * 1000
  t.ok(hex().includes(made!), 'as long as it counts as sent twice')
  now += SAME_FORM * 1000
  t.notOk(hex().some((secret) => secret === made || before.includes(secret)))
})

t.test('another form, user, purpose or key gives another secret; an earlier APP_KEY is tried', async (t) => {
  const secrets = (label: string, keys: string[], ...what: Parameters<ReturnType<typeof createFormSecrets>>) =>
    createFormSecrets(keys, label, () => 0)(...what).map((secret) => secret.toString('hex'))
  const [made] = secrets('test', [KEY], form, 'ada', 1)
  const next = randomBytes(32).toString('base64')
  const others = [
    secrets('test', [KEY], randomBytes(32), 'ada', 1),
    secrets('test', [KEY], form, 'eve', 1),
    secrets('test', [KEY], form, 'ada', null),
    secrets('other', [KEY], form, 'ada', 1),
    secrets('test', [next], form, 'ada', 1)
  ]
  for (const other of others) t.notOk(other.includes(made!))
  t.ok(secrets('test', [next, KEY], form, 'ada', 1).slice(1).includes(made!))
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { packageRoot } from '../../../src/database/package-root.ts'
import { AUDITED } from '../../../src/events/audit-trail.ts'
import { eventNames } from '../../../src/events/events.ts'

const read = (file: string) => readFileSync(join(packageRoot, file), 'utf8')
/** The first table below a heading. */
const section = (file: string, heading: string) => read(file).split(`\n${heading}\n`)[1]!.split(/\n#+ /)[0]!
const named = (text: string) => [...text.matchAll(/`([a-z_]+\.[a-z_]+)`( •)?/g)].map(([, name, dot]) => ({ name: name!, isAudited: dot !== undefined }))

t.test('README.md has every event once, with a dot if it is in the audit log', async (t) => {
  const rows = section('README.md', '### Events').split('\n').filter((line) => line.startsWith('| `'))
  const listed = rows.flatMap((row) => named(row.split(' | ')[0]!))
  t.same(listed.map(({ name }) => name).sort(), [...eventNames].sort())
  const byStatements = ['session.reused', 'session.recovered', 'user.deleted']
  t.same(listed.filter(({ isAudited }) => isAudited).map(({ name }) => name).sort(), [...AUDITED, ...byStatements].sort())
})

t.test('docs/differences-from-passport.md names events that exist, for each event of Laravel and Passport', async (t) => {
  const text = section('docs/differences-from-passport.md', '## Events')
  const rows = text.split('\n').filter((line) => line.startsWith('| `')).map((row) => row.split(' | '))
  for (const [theirs, ours] of rows) {
    for (const { name } of named(ours!)) t.ok(eventNames.includes(name as typeof eventNames[number]), `${theirs}: ${name}`)
  }
  const laravel = ['Attempting', 'Authenticated', 'CurrentDeviceLogout', 'Failed', 'Lockout', 'Login', 'Logout', 'OtherDeviceLogout', 'PasswordReset',
    'PasswordResetLinkSent', 'Registered', 'Validated', 'Verified']
  const passport = ['AccessTokenCreated', 'RefreshTokenCreated', 'AccessTokenRevoked']
  const theirs = rows.map(([first]) => first!).join()
  for (const name of [...laravel, ...passport]) t.match(theirs, `\`${name}\``, name)
})

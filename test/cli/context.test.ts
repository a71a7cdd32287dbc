import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { createContext } from '../../src/cli/context.ts'
import { failureLines } from '../../src/cli/failure.ts'
import { createLog } from '../../src/cli/log.ts'
import { createProgram } from '../../src/cli/program.ts'
import { createUser } from '../../src/cli/user.ts'
import { ConfigError } from '../../src/config/config-error.ts'
import type { Variables } from '../../src/config/environment.ts'
import { packageRoot } from '../../src/database/package-root.ts'
import { commandsOf } from '../support/commands.ts'
import { createDatabase, PASSWORD } from '../support/start-server.ts'
import { contextFor } from './helper.ts'

const TYPEBOX = pathToFileURL(join(packageRoot, 'node_modules/typebox/build/index.mjs')).href
const load = (cwd: string, variables: Variables = {}) => createContext({ cwd, variables, log: createLog(() => {}) })

t.test('latchkey.config.js can have options that variables cannot express, and takes precedence over them', async (t) => {
  const cwd = t.testdir({
    'latchkey.config.js': `import { Type } from '${TYPEBOX}'
      export default { port: 4001, operations: true, login: { attributes: { badge: Type.String({ pattern: '^B[0-9]{4}$' }) } } }`
  })
  const context = await contextFor(t, { PORT: '4000', HOST: '127.0.0.2', DATABASE_URL: await createDatabase(t) }, cwd)
  t.match(context.config, { port: 4001, host: '127.0.0.2' })
  t.match((await createUser(context, { badge: 'B1234', password: PASSWORD })).json, { badge: 'B1234' })
  await t.rejects(createUser(context, { badge: '1234', password: PASSWORD }), { message: /^badge must be/ })
})

t.test('LATCHKEY_CONFIG names another configuration file', async (t) => {
  const cwd = t.testdir({ conf: { 'mine.mjs': 'export default { port: 4002 }' } })
  t.equal((await load(cwd, { LATCHKEY_CONFIG: 'conf/mine.mjs' })).config.port, 4002)
})

const BROKEN: [rule: string, file: string, message: RegExp][] = [
  ['a file that throws', 'throw new Error("no luck")', /^latchkey\.config\.js cannot be loaded: no luck$/],
  ['a file that is not JavaScript', 'export default {', /^latchkey\.config\.js cannot be loaded: /],
  ['a file without a default export', 'export const port = 1', /^latchkey\.config\.js has no options; write `export default/],
  ['an option that there is not', 'export default { prot: 1 }', /^prot is not an option/],
  ['several mistakes', 'export default { port: -1, host: 5 }', /^port .*\nhost /]
]

for (const [rule, file, message] of BROKEN) {
  t.test(`refuses ${rule}`, async (t) => {
    await t.rejects(load(t.testdir({ 'latchkey.config.js': file })), { code: 'LK_CONFIG', message })
  })
}

t.test('refuses a LATCHKEY_CONFIG that does not exist', async (t) => {
  await t.rejects(load(t.testdir({}), { LATCHKEY_CONFIG: 'none.js' }), {
    code: 'LK_CONFIG',
    message: /^LATCHKEY_CONFIG names .*none\.js, which does not exist$/
  })
})

/** Every command with what it needs to reach the database. */
const COMMANDS: Record<string, string[]> = {
  client: ['--redirect-uri', 'https://app.example.com/cb', '--name', 'App'],
  'clients list': [],
  'clients show': ['x'],
  'clients update': ['x', '--name', 'App'],
  'clients rotate-secret': ['x'],
  'clients revoke': ['x'],
  'tokens list': [],
  'tokens revoke': ['--user', 'x'],
  'tokens create': ['--user', 'x', '--name', 'y'],
  audit: [],
  'keys list': [],
  'keys rotate': [],
  'keys revoke': ['x'],
  'keys reseal': [],
  'mail list': [],
  'mail retry': [],
  'user create': ['--email', 'ada@example.com', '--password', PASSWORD],
  'user list': [],
  'user show': ['x'],
  'user set-password': ['x', '--password', PASSWORD],
  'user disable': ['x'],
  'user enable': ['x'],
  'user reset-link': ['x'],
  'user invite': ['--email', 'ada@example.com'],
  'user invitations': [],
  'user delete': ['x'],
  'user factors list': ['x'],
  'user factors reset': ['x'],
  'user identities list': ['x'],
  'user identities remove': ['x', 'google'],
  purge: []
}
const MAKERS = ['serve', 'install', 'migrate']
/** They need none, or say by themselves that there is none. */
const WITHOUT_DATABASE = ['doctor', 'mail test', 'passwords import']

t.test('only serve, install and migrate create a database; other commands say where they looked and what to do', async (t) => {
  const cwd = t.testdir({ empty: {}, file: 'text' })
  const program = (dataDir: string) =>
    createProgram({ context: () => load(cwd, { LATCHKEY_DATA_DIR: join(cwd, dataDir) }), write: () => {} })
  const names = commandsOf(program('none')).map(([name]) => name)
  t.same(names.filter((name) => !MAKERS.includes(name) && !WITHOUT_DATABASE.includes(name)).sort(), Object.keys(COMMANDS).sort(), 'all of them')
  for (const [name, args] of Object.entries(COMMANDS)) {
    await t.rejects(program('none').parseAsync([...name.split(' '), ...args], { from: 'user' }), {
      message: `there is no embedded database in ${join(cwd, 'none')}. Run the command in the directory of the server, or give it the server's settings in LATCHKEY_DATA_DIR, DATABASE_URL or latchkey.config.js: options that an app sets in code are not known here. \`npx latchkey install\` creates a new database`
    }, name)
  }
  await t.rejects(program('empty').parseAsync(['keys'], { from: 'user' }), { message: /^there is no embedded database in .*empty\. / })
  await t.rejects(program('file').parseAsync(['keys'], { from: 'user' }), {
    message: /^the data directory .*file cannot be used: a file is where a directory must be.*LATCHKEY_DATA_DIR/
  })
  t.same(readdirSync(cwd), ['empty', 'file'])
  t.same(readdirSync(join(cwd, 'empty')), [])
})

t.test('a failure is printed as one line, or as one for each mistake in the configuration', async (t) => {
  t.same(failureLines(new Error('first\n  second\n')), ['error: first second'])
  t.same(
    failureLines(new ConfigError([{ name: 'PORT', message: 'is\nwrong' }, { name: 'HOST', message: 'too' }])),
    ['error: PORT is wrong', 'error: HOST too']
  )
  t.same(
    failureLines(
      Object.assign(new Error('\nInvalid `x.y()` invocation in\n/src/x.ts:1\n\n  code\nThe table is gone'), {
        name: 'PrismaClientKnownRequestError'
      })
    ),
    ['error: The table is gone']
  )
  t.same(
    failureLines(new AggregateError([new Error('connect ECONNREFUSED ::1:1'), new Error('other')], '')),
    ['error: connect ECONNREFUSED ::1:1']
  )
  t.same(failureLines(Object.assign(new Error(''), { code: 'ECONNRESET' })), ['error: ECONNRESET'])
  t.same(failureLines('text'), ['error: text'])
})

t.test('a warning is printed as one line, and messages for servers are dropped', async (t) => {
  const lines: string[] = []
  const log = createLog((line) => lines.push(line))
  log.info({}, 'started')
  log.debug({}, 'detail')
  log.warn({ err: new Error('over\nthere') }, 'Something')
  log.error({}, 'Worse')
  t.same(lines, ['warning: Something: over there', 'error: Worse'])
})

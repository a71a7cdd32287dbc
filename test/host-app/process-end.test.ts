import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import Fastify, { type FastifyInstance } from 'fastify'
import pg from 'pg'
import t, { type Test } from 'tap'
import latchkey from '../../plugins/latchkey.ts'
import { packageRoot } from '../../src/database/package-root.ts'
import { folder } from '../cli/server.ts'
import { createDatabase, eventually, FAST } from '../support/start-server.ts'

// The one that a migration waits for
const MIGRATION_LOCK = 72707369
const IMPORTS = `import Fastify from '${import.meta.resolve('fastify')}'\nimport { latchkey } from '${pathToFileURL(join(packageRoot, 'dist/src/index.js')).href}'\n`
/** The app of the README, as it stands there. */
const SAMPLE = [...readFileSync(join(packageRoot, 'README.md'), 'utf8').matchAll(/```ts\n(.*?)```/gs)]
  .map(([, code]) => code!)
  .find((code) => code.includes('app.listen('))!
  .replace(/^import .*$/gm, '').replace(/port: \d+/, 'port: 0').replace('request.auth?', 'request.auth')
const LISTENING = /Server listening at/

// Its first start takes longest
const cwd = folder(t)

/** An app in a process of its own, on one embedded database for all of them. */
function host (t: Test, body: string) {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', IMPORTS + body], {
    cwd, env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'pipe']
  })
  t.teardown(() => child.kill('SIGKILL'))
  const lines: string[] = []
  const output = createInterface({ input: child.stdout }).on('line', (line) => { lines.push(line) })
  createInterface({ input: child.stderr }).on('line', (line) => { lines.push(line) })
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  const said = async (what: RegExp) => {
    while (!lines.some((line) => what.test(line))) {
      await Promise.race([once(output, 'line'), ended.then(() => {
        throw new Error(lines.join('\n'))
      })])
    }
  }
  return { ended, said, lines, kill: (signal: NodeJS.Signals) => child.kill(signal) }
}

const isRunning = () => existsSync(join(cwd, '.latchkey/postgres/postmaster.pid'))

t.test('the first start is not limited by pluginTimeout, and closing the app lets the process end', async (t) => {
  const app = host(t, `const app = Fastify({ pluginTimeout: 1000 })
const listeners = () => process.listenerCount('SIGINT')
const before = listeners()
await app.register(latchkey)
await app.ready()
console.log(listeners() - before)
await app.close()
console.log(listeners() - before)`)
  t.same(await app.ended, { code: 0, signal: null }, 'and the process ends when the app is closed')
  t.same(app.lines, ['1', '0'], 'nothing listens to signals any more')
  t.notOk(isRunning(), 'PostgreSQL, too')
})

t.test('Ctrl-C in the app of the README stops PostgreSQL, and the process ends by the signal', async (t) => {
  const app = host(t, SAMPLE)
  await app.said(LISTENING)
  app.kill('SIGINT')
  // A script runner passes on what the terminal has sent already
  app.kill('SIGINT')
  t.same(await app.ended, { code: null, signal: 'SIGINT' })
  t.notOk(isRunning())
})

t.test('a signal during the start stops PostgreSQL, too', async (t) => {
  const stream =
    "{ write (line) { console.log(line); if (line.includes('started the embedded PostgreSQL')) process.kill(process.pid, 'SIGTERM') } }"
  const app = host(t, SAMPLE.replace('logger: true', `logger: { stream: ${stream} }`))
  t.same(await app.ended, { code: null, signal: 'SIGTERM' })
  t.notOk(isRunning())
  t.notOk(app.lines.some((line) => LISTENING.test(line) || /Error/.test(line)), 'the app hears nothing of it')
})

t.test('a signal while the app looks up a further address to listen on closes it, too', async (t) => {
  const app = host(t, `import dns from 'node:dns'
const { lookup } = dns
dns.lookup = (name, options, done) => {
  if (!options.all) return lookup(name, options, done)
  process.kill(process.pid, 'SIGTERM')
  setTimeout(lookup, 50, name, options, done)
}
${SAMPLE}`)
  t.same(await app.ended, { code: null, signal: 'SIGTERM' }, app.lines.join('\n'))
  t.notOk(isRunning())
})

t.test('a signal closes all apps of a process, and a second signal ends it without waiting', async (t) => {
  const app = host(t, `const open = async (hook) => {
  const app = Fastify({ logger: true })
  app.addHook('onClose', hook)
  await app.register(latchkey)
  await app.listen({ port: 0 })
}
await open(async () => { console.log('first') })
await open(async () => { console.log('second'); setInterval(() => {}, 1000); await new Promise(() => {}) })
console.log('up')`)
  await app.said(/^up$/)
  app.kill('SIGHUP')
  await Promise.all([app.said(/^first$/), app.said(/^second$/)])
  const before = performance.now()
  const again = setInterval(() => app.kill('SIGHUP'), 100)
  t.same(await app.ended, { code: null, signal: 'SIGHUP' })
  clearInterval(again)
  t.ok(performance.now() - before < 4500, 'sooner than without it')
  t.ok(await eventually(() => !isRunning(), 10_000), 'what was left behind is stopped')
})

t.test('with two copies of the package a signal closes both and ends the process', async (t) => {
  const copy = `${pathToFileURL(join(packageRoot, 'dist/src/runtime/process-end.js')).href}?copy`
  const app = host(
    t,
    `const { holdUntilEnd } = await import('${copy}')\nholdUntilEnd({ close: async () => { console.log('copy') } })\n${SAMPLE}`
  )
  await app.said(LISTENING)
  app.kill('SIGTERM')
  const killed = setTimeout(() => app.kill('SIGKILL'), 12_000)
  t.same(await app.ended, { code: null, signal: 'SIGTERM' })
  clearTimeout(killed)
  t.ok(app.lines.includes('copy'))
  t.notOk(isRunning())
})

t.test('a closed app leaves no listener and no memory in the process', async (t) => {
  const app = host(t, `import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
const open = async () => {
  const app = Fastify()
  app.register(latchkey, { prefix: '/auth' })
  await app.ready()
  return app
}
const first = await open()
const listeners = () => ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit'].map((name) => process.listenerCount(name)).join()
const before = listeners()
const openAndClose = async () => {
  const app = await open()
  await app.close()
  return new WeakRef(app)
}
const closed = []
for (let i = 0; i < 4; i++) closed.push(await openAndClose())
setFlagsFromString('--expose-gc')
for (let i = 0; i < 5; i++) {
  await new Promise((resolve) => { setImmediate(resolve) })
  runInNewContext('gc')()
}
console.log('kept', closed.filter((app) => app.deref()).length, listeners() === before)
await first.close()`)
  t.same(await app.ended, { code: 0, signal: null })
  t.match(app.lines.join('\n'), /^kept [01] true$/, 'at most the last one, which a variable may still hold')
})

t.test('a host that listens to a signal itself decides how the process ends', async (t) => {
  const app = host(t, `process.once('SIGTERM', async () => { await app.close(); process.exit(7) })\n${SAMPLE}`)
  await app.said(LISTENING)
  app.kill('SIGTERM')
  t.same(await app.ended, { code: 7, signal: null })
  t.notOk(isRunning())
})

t.test('PostgreSQL stops when the process ends by an error', async (t) => {
  const app = host(t, `${SAMPLE}\nthrow new Error('of the host')`)
  t.same(await app.ended, { code: 1, signal: null })
  t.ok(app.lines.some((line) => line.includes('of the host')))
  t.ok(await eventually(() => !isRunning(), 10_000))
})

/** A database without tables whose migrations wait until they are let. */
async function slowDatabase (t: Test) {
  const databaseUrl = await createDatabase(t, { empty: true })
  const client = new pg.Client(databaseUrl)
  await client.connect()
  t.teardown(() => client.end())
  await client.query(`SELECT pg_advisory_lock(${MIGRATION_LOCK})`)
  const others = async (rest: string) =>
    (await client.query(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND ${rest}`))
      .rowCount!
  return {
    options: { ...FAST, databaseUrl },
    waiting: () => eventually(async () => await others("wait_event = 'advisory'") > 0, 10_000),
    release: () => client.query(`SELECT pg_advisory_unlock(${MIGRATION_LOCK})`),
    gone: () => eventually(async () => await others('true') === 0, 10_000)
  }
}

function loud (pluginTimeout: number): { app: FastifyInstance, logs: string[] } {
  const logs: string[] = []
  return { app: Fastify({ pluginTimeout, logger: { level: 'warn', stream: { write: (line: string) => { logs.push(line) } } } }), logs }
}

t.test("when the host's plugin times out while Latchkey starts, a warning names pluginTimeout, and closing the app closes the database", async (t) => {
  const database = await slowDatabase(t)
  const { app, logs } = loud(200)
  await t.rejects(async () => {
    await app.register(async (scope) => {
      await scope.register(latchkey, database.options)
    })
  }, { code: 'AVV_ERR_PLUGIN_EXEC_TIMEOUT' })
  t.match(logs.join(''), /still opening its database[^]*pluginTimeout/)
  t.ok(await database.waiting())
  const closed = app.close()
  await database.release()
  await closed
  t.ok(await database.gone(), 'no connection is left')
})

t.test('the database is closed when another plugin fails, or when the app is closed before it is ready', async (t) => {
  for (const fail of [true, false]) {
    const database = await slowDatabase(t)
    const { app } = loud(10_000)
    app.register(latchkey, database.options)
    if (fail) app.register(async () => { throw new Error('of the host') })
    const over = fail ? t.rejects(async () => { await app.ready() }, { message: 'of the host' }) : app.close()
    t.ok(await database.waiting())
    await database.release()
    await over
    await app.close()
    t.ok(await database.gone())
  }
})

t.test('an invalid option fails before the database is opened', async (t) => {
  const database = await slowDatabase(t)
  const { app } = loud(10_000)
  t.teardown(() => app.close())
  await t.rejects(async () => { await app.register(latchkey, { ...database.options, accessTokenTtl: -1 }) }, { message: /accessTokenTtl/ })
  t.ok(await database.gone())
})

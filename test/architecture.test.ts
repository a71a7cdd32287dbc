import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import t from 'tap'
import { packageRoot } from '../src/database/package-root.ts'

const IMPORT = /(?:^|\n)\s*(?:import|export)\s[^'"]*?from '([^']+)'|import\('([^']+)'\)|(?:^|\n)import '([^']+)'/g

type Import = { file: string, target: string }

const files = ['src', 'plugins', 'routes'].flatMap(sources)
const imports: Import[] = files.flatMap((file) => [...readFileSync(join(packageRoot, file), 'utf8').matchAll(IMPORT)].map((match) => {
  const specifier = match[1] ?? match[2] ?? match[3]!
  const target = specifier.startsWith('.') ? relative(packageRoot, resolve(packageRoot, dirname(file), specifier)) : specifier
  return { file, target }
}))

function sources (directory: string): string[] {
  return readdirSync(join(packageRoot, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name)).map((name) => join(directory, name))
}

/** Entry points, which may import anything. */
const DOORS = /^src\/(index|testing)\.ts$|^src\/(server|cli|testing)\//

/** Who may not import what. */
const RULES: { rule: string, from: RegExp, to: RegExp }[] = [
  {
    rule: 'SQL is only in *.store.ts and src/database', from: /^(?!src\/database\/|src\/compose\/|plugins\/services\.ts|.*\.store\.ts$)/,
    to: /^(prisma\/generated\/|@prisma\/|pg$)/
  },
  { rule: 'a store does not import Fastify', from: /\.store\.ts$/, to: /^(@?fastify|plugins\/|routes\/)/ },
  { rule: 'nouns do not import stores', from: /^src\/(?!compose\/|.*\.store\.ts$)/, to: /\.store\.ts$/ },
  {
    rule: 'the protocol imports neither Fastify nor the database', from: /^src\/(oauth|oidc)\/(?!.*\.store\.ts$)/,
    to: /^(@?fastify|plugins\/|routes\/|src\/database\/)/
  },
  { rule: 'plugins and routes never import a store', from: /^(plugins|routes)\//, to: /\.store\.ts$/ },
  { rule: 'src imports no plugins and no routes', from: /^src\//, to: /^(plugins|routes)\// },
  { rule: 'only entry points and plugins import src/compose', from: /^(src\/(?!compose\/)|routes\/)/, to: /^src\/compose\// },
  { rule: 'pages do not repeat rules: they have texts for their results', from: /^(plugins|routes)\/pages\//, to: /^src\/(names|passwords)\// },
  { rule: 'plugins import no routes', from: /^plugins\//, to: /^routes\// },
  {
    rule: 'schemas import TypeBox, and the limits and formats of nouns',
    from: /^src\/schemas\//, to: /^(?!typebox|src\/schemas\/|src\/(account|clients|names|passwords|personal-tokens|users)\/(?!.*\.store\.ts$))/
  },
  { rule: 'runtime imports no noun', from: /^src\/runtime\//, to: /^src\/(?!runtime\/|database\/package-root)/ }
]

t.test('arrows point inwards', async (t) => {
  t.ok(imports.length > 200, 'the imports were read')
  for (const { rule, from, to } of RULES) {
    const broken = imports.filter(({ file, target }) => !DOORS.test(file) && from.test(file) && to.test(target))
    t.same(broken.map(({ file, target }) => `${file} → ${target}`), [], rule)
  }
})

t.test('the environment is read in one place', async (t) => {
  const reading = /process\.env|\{[^}]*\benv\b[^}]*\} (?:from|=) '?(?:node:)?process\b/
  const readers = files.filter((file) => reading.test(readFileSync(join(packageRoot, file), 'utf8')))
  t.same(readers.filter((file) => !/^src\/(config\/environment\.ts|cli\/|server\/|database\/)/.test(file)), [])
})

/** Who reads the clocks of Node itself, and why. Everything else has the clock of its app, which a test can move. */
const OWN_TIME = [
  // The clock itself
  'src/runtime/clock.ts',
  // Wait for a process: the embedded database, the end of this one, a purge of another
  /^src\/database\/embedded\//, 'src/runtime/process-end.ts', 'src/server/stop.ts', 'src/cli/purge.ts',
  // Measure how long something took
  'src/maintenance/purge.ts', 'src/passwords/hashing.ts', /^src\/maintenance\/doctor\//,
  // Reads a duration before now, for one command
  'src/cli/command.ts',
  // Sets its timers by it
  'src/outbox/sender.ts',
  // Compares with the time of files
  'src/passwords/import-breached.ts',
  // Its library subtracts the same time
  'src/throttle/throttle.store.ts'
]

t.test('time is read from the clock of the app', async (t) => {
  const readers = files.filter((file) =>
    /\bDate\.now\b|\bperformance\.now\b|\bhrtime\b|new Date\(\)/.test(readFileSync(join(packageRoot, file), 'utf8')))
  t.same(readers.filter((file) => !OWN_TIME.some((own) => typeof own === 'string' ? own === file : own.test(file))), [])
  t.same(OWN_TIME.filter((own) => !readers.some((file) => typeof own === 'string' ? own === file : own.test(file))), [], 'each still reads it')
  const makers = files.filter((file) => /= createClock\(|createClock\(\)/.test(readFileSync(join(packageRoot, file), 'utf8')))
  t.same(makers.sort(), ['plugins/guard/remote.ts', 'plugins/proxy/remote.ts', 'src/compose/core.ts', 'src/compose/revocation.ts'], 'once for each app')
})

t.test('RFC 6819 section 5.1.4.1.3: secrets are compared in constant time only', async (t) => {
  const sources = files.map((file) => ({ file, text: readFileSync(join(packageRoot, file), 'utf8') }))
  const early =
    /\w+[\w()., ]*\.equals\(|Buffer\.compare\(|[!=]== ?hash(?:Secret)?\(|\b(?:secret|signature|mac|digest)(?:Hash)? [!=]== (?!undefined|null|'')/gi
  const found = sources.flatMap(({ file, text }) => [...text.matchAll(early)].map(([words]) => `${file}: ${words.trim()}`))
  // Neither is a secret: the checksum of a token, and the id of a key
  t.same(found, ['src/personal-tokens/form.ts: return checksum(bytes.subarray(0, SECRET)).equals(',
    'src/sessions/refresh-token.ts: id.equals('])
  for (const file of ['src/crypto/secrets.ts', 'src/sessions/refresh-token.ts', 'src/oauth/authorize/reauthentication.ts',
    'src/throttle/known-devices.ts']) {
    t.match(sources.find((source) => source.file === file)?.text, 'timingSafeEqual(', file)
  }
})

t.test('access tokens are verified in one place, with keys of one loader', async (t) => {
  const using = (pattern: RegExp) => files.filter((file) => pattern.test(readFileSync(join(packageRoot, file), 'utf8')))
  t.same(using(/from '(fast-jwt|@fastify\/jwt)'/), ['src/keys/access-token-verifier.ts'])
  t.same(using(/= createAccessTokenKeys\(/).sort(), ['src/keys/key-ring.ts', 'src/remote/keys.ts'])
})

/** What a row keeps of a user whose name and password stand in a table of a host. */
const SHADOW = new Set(['id', 'token_epoch', 'disabled_at', 'created_at', 'updated_at', 'second_factor'])
/** The compare-and-set of a login in flight, in the statement that creates its session. */
const STAMPED = ['src/sessions/auth-sessions.store.ts', 'src/sessions/browser-sessions.store.ts', 'src/sessions/sessions.store.ts']

t.test('SQL outside src/users reads of a user what has no name, login attribute or password in it', async (t) => {
  const stores = files.filter((file) => file.endsWith('.store.ts') && !file.startsWith('src/users/'))
    .map((file) => ({ file, text: readFileSync(join(packageRoot, file), 'utf8') }))
  const readers = stores.filter(({ text }) => /\$\{users\}/.test(text))
  t.ok(readers.length > 5, 'the statements were found')
  const columns = readers.flatMap(({ file, text }) => [...text.matchAll(/\bu\.([a-z_]+)/g)].map(([, column]) => ({ file, column: column! })))
  t.same(columns.filter(({ file, column }) => !SHADOW.has(column) && !(column === 'password_stamp' && STAMPED.includes(file))), [])
  const bare = readers.flatMap(({ file, text }) => [...text.matchAll(/(?<!SELECT )FROM \$\{users\} (?![uo]\b)|JOIN \$\{users\} (?!u\b)/g)].map(() => file))
  t.same(bare, [], 'by an alias, so that each column says whose it is')
  const own = /\b(password_hash|password_stamp|made_by_form|claims_changed_at)\b|\$\{identifiers\}|tables\.identifiers/
  // The doctor looks whether the index on it stands
  t.same(stores.filter(({ text }) => own.test(text)).map(({ file }) => file).sort(),
    [...STAMPED, 'src/maintenance/doctor/inspection.store.ts'].sort())
})

t.test('sessions are ended in one place, which tells of it', async (t) => {
  const enders = files.filter((file) =>
    /'session\.ended'|\.(revokeReused|revokeBySecret)\(|(?<!account\.)\b(sessions|browserSessions|access|apps)\.(revoke|end)\(/.test(
      readFileSync(join(packageRoot, file), 'utf8')
    )
  )
  const shows = (file: string) => file === 'src/account/history.ts' || file.startsWith('src/views/texts/')
  t.same(enders.filter((file) => !shows(file)).sort(), ['src/events/audit-trail.ts', 'src/events/events.ts', 'src/sessions/end.ts'])
})

t.test('a bad body is answered in one place, and what is wrong with a field is a code', async (t) => {
  const filesWith = (words: RegExp) => files.filter((file) => words.test(readFileSync(join(packageRoot, file), 'utf8'))).sort()
  t.same(filesWith(/\bLK_VALIDATION\b/), ['plugins/http/unprocessable.ts', 'src/http/http-error.ts'])
  // A schema and the protocol speak for themselves
  t.same(filesWith(/code: 'invalid'/), ['plugins/http/errors.ts', 'plugins/proxy/errors.ts', 'src/personal-tokens/own-tokens.ts',
    'src/users/profile-fields.ts'])
})

t.test('whether a page of ours sent a request is decided in one place', async (t) => {
  const readers = files.filter((file) => readFileSync(join(packageRoot, file), 'utf8').includes("'sec-fetch-site'"))
  // The other makes requests for tests
  t.same(readers.sort(), ['plugins/http/same-origin.ts', 'src/testing.ts'])
})

t.test('a request of another site is refused, and the current password checked, in one place', async (t) => {
  const filesWith = (words: RegExp) => files.filter((file) => words.test(readFileSync(join(packageRoot, file), 'utf8')))
  t.same(filesWith(/'LK_FOREIGN_ORIGIN'/).sort(), ['plugins/http/errors.ts', 'plugins/http/same-origin.ts'])
  t.same(filesWith(/\.currentPassword\(/), ['src/users/current-password.ts'])
})

t.test('a limit of a form is that of its rule, by name', async (t) => {
  // A schema may be the only place that needs a limit
  const others = files.filter((file) => !/^src\/(schemas|config)\//.test(file))
  const bare = others.flatMap((file) => [...readFileSync(join(packageRoot, file), 'utf8').matchAll(/\bmax[lL]ength(?:: |=['"{])\d+/g)].map(String))
  t.same(bare, [])
})

t.test('the public names', async (t) => {
  const door = await import('../src/index.ts')
  t.same(Object.keys(door).sort(), ['ConfigError', 'DatabaseUnavailable', 'EmailSchema', 'HttpError', 'OAuthError', 'Overloaded',
    'PhoneSchema', 'TooManyAttempts', 'Type', 'UsernameSchema', 'authGuard', 'authOf', 'clientProxy', 'latchkey', 'oauth'])
})

t.test('only plugins, routes and latchkey/testing reach what a host does not see', async (t) => {
  const readers = files.filter((file) => /\binternals\(/.test(readFileSync(join(packageRoot, file), 'utf8')))
  t.ok(readers.length > 10)
  t.same(readers.filter((file) => !/^(plugins|routes)\/|^src\/testing/.test(file)), [])
})

t.test('files stay small enough to read', async (t) => {
  const long = files.map((file) => ({ file, text: readFileSync(join(packageRoot, file), 'utf8').trimEnd() }))
    .filter(({ text }) => !text.startsWith('// Made from'))
    .map(({ file, text }) => ({ file, lines: text.split('\n').length })).filter(({ lines }) => lines > 250)
  t.same(long, [])
})

t.test('our scopes have no hooks that decide about a request: a host that wraps hooks would lose them', async (t) => {
  const deciding = /\.addHook\('(?:preParsing|preValidation|preHandler|preSerialization|onSend)'/
  const found = files.filter((file) => deciding.test(readFileSync(join(packageRoot, file), 'utf8')))
  // Swagger UI runs in an app of its own
  t.same(found, ['plugins/operations/docs.ts'])
})

t.test('files that documents name exist', async (t) => {
  const documents = [...readdirSync(packageRoot), ...readdirSync(join(packageRoot, 'docs')).map((name) => join('docs', name))]
    .filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md')
  t.ok(documents.length > 10)
  // In docs/database.md, prisma/ is the folder of a host; docs/differences-from-passport.md leaves out test/
  function exists (document: string, path: string): boolean {
    if (path.startsWith('prisma/') && document === join('docs', 'database.md')) return true
    const places = document === join('docs', 'differences-from-passport.md') ? [path, join('test', path)] : [path]
    if (!path.includes('*')) return places.some((place) => existsSync(join(packageRoot, place)))
    const pattern = new RegExp(`^${basename(path).replaceAll('.', '\\.').replaceAll('*', '.*')}$`)
    const folders = places.map((place) => join(packageRoot, dirname(place))).filter((folder) => existsSync(folder))
    return folders.some((folder) => readdirSync(folder).some((name) => pattern.test(name)))
  }
  const named = /(?<![\w./-])(?:src|plugins|routes|test|prisma|scripts|bench|chaos|examples)\/[\w./*-]*[\w*]/g
  const missing = documents.flatMap((document) =>
    [...readFileSync(join(packageRoot, document), 'utf8').matchAll(named)]
      .map(([path]) => path).filter((path) => !exists(document, path)).map((path) => `${document}: ${path}`))
  t.same(missing, [])
})
